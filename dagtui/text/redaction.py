"""Replace secret byte strings in a stream of bytes by `***`.

Every byte of an occurrence of a form is redacted, overlapping ones included. A run of redacted bytes becomes one mark,
so that it reveals neither length nor number. Nothing is imported here: the log process uses this module and must start
in a few milliseconds.

Forms that share a piece, as those of one secret do, are only searched for in data that contains it (`grouped`). A
form with a byte that the data lacks is not searched for either: a search for a single byte is ten times as fast, and
the capitals and signs of most forms are rare. The others are searched for with `bytes.find`, which skips most bytes.
Many long forms that share nothing, as those of a secret of many lines, are searched for by samples: a few bytes at
regular distances are looked up among those that the forms contain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Sought = tuple[bytes, bytes, bytes]
    """A form, its end that may repeat, its alphabet."""

MARK = b"***"
"""What is written for a run of redacted bytes."""
_SAMPLE = 8
"""Bytes that are looked up at once."""
_LONG = 32
"""Bytes of a form that may be searched for by samples."""
_MANY = 24
"""The number of long forms from which samples are faster."""
_STRIDE = _LONG - _SAMPLE + 1
"""Bytes from one sample of the data to the next, such that every occurrence of a long form contains a whole sample."""
_SHORT = 2048
"""Bytes of data up to which searching for every form at once is cheaper than finding out which may be there."""
_LOOKS = 32
"""Places at which a form may begin again, before it is searched from end to end."""
_ACCIDENT = 3
"""Bytes at an end that look like the beginning of a form and may well be something else."""


class Redaction:
    """Forms to redact. It has no other state."""

    __slots__ = ("_all", "_beginnings", "_forms", "_found", "_sampled", "_samples")

    def __init__(self, forms: Iterable[bytes]) -> None:
        """Take the forms, none of them empty."""
        self._forms = sorted(set(forms))
        groups = grouped(self._forms)
        long = [form for form, members in groups.items() if len(form) >= _LONG and len(members) == 1]
        sampled = frozenset(long if len(long) >= _MANY else ())
        alphabets = _alphabets(self._forms)
        self._found: list[tuple[bytes, list[bytes], list[Sought]]] = []
        """Groups of forms: a piece that all contain, or the only form, then their minimal alphabets, then the forms."""
        for key, members in groups.items():
            if len(members) > 1 or key not in sampled:
                sought = [(form, form[-_period(form) :], alphabets[form]) for form in members]
                self._found.append((key, _least({each[2] for each in sought}), sought))
        self._sampled = _least({alphabets[form] for form in sampled})
        self._samples: dict[bytes, list[tuple[bytes, int]]] = {}
        for form in sampled:
            for offset in range(_STRIDE):
                self._samples.setdefault(form[offset : offset + _SAMPLE], []).append((form, offset))
        self._all = b"\0".join(self._forms)
        self._beginnings = frozenset(form[:size] for form in self._forms for size in range(1, min(_SAMPLE, len(form))))

    def mask(self, data: bytes) -> bytes:
        """Return all of the data, redacted."""
        spans = self.spans(data)
        if not spans:
            return data
        parts: list[bytes] = []
        at = 0
        for start, end in spans:
            parts += [data[at:start], MARK]
            at = end
        return b"".join([*parts, data[at:]])

    def spans(self, data: bytes) -> Sequence[tuple[int, int]]:
        """Return the runs to redact, in order. No two of them touch. Takes linear time."""
        found: list[tuple[int, int]] = []
        long = len(data) > _SHORT
        has: dict[int, bool] = {}
        for key, least, group in self._found:
            if (long and _lacks_each(data, least, has)) or key not in data:
                continue
            for form, step, alphabet in group:
                if long and form != key and _lacks_any(data, alphabet, has):
                    continue
                at = data.find(form)
                while at >= 0:
                    end = at + len(form)
                    # Skip occurrences that overlap this one regularly: finding each would scan the same bytes again.
                    while data.startswith(step, end):
                        end += len(step)
                    found.append((at, end))
                    at = data.find(form, end - len(form) + len(step))
        samples = self._samples
        if samples and not (long and _lacks_each(data, self._sampled, has)):
            for at in range(0, len(data) - _SAMPLE + 1, _STRIDE):
                sample = data[at : at + _SAMPLE]
                if sample in samples:
                    found += [
                        (at - offset, at - offset + len(form))
                        for form, offset in samples[sample]
                        if offset <= at and data.startswith(form, at - offset)
                    ]
        return _joined(found) if len(found) > 1 else found

    def undecided(self, data: bytes) -> int:
        """Return where the longest end starts that more data may complete to a form, or the size if there is none."""
        size = found = len(data)
        if size >= _SAMPLE and data[-_SAMPLE:] in self._all:
            for form in self._forms:
                at = data.find(form[:_SAMPLE], max(0, size - len(form) + 1))
                while 0 <= at < found:
                    if form.startswith(data[at:]):
                        found = at
                        break
                    at = data.find(form[:_SAMPLE], at + 1)
            if found < size:
                return found
        for short in range(min(_SAMPLE - 1, size), 0, -1):
            if data[size - short :] in self._beginnings:
                return size - short
        return size


class RedactedStream:
    """A redacted stream of data in chunks of any size. The output equals that of redacting the whole at once.

    Only an end that is the beginning of a form is held back, at most one byte less than the longest form has.
    """

    __slots__ = ("_marked", "_out", "_redaction", "_tail")

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._tail = b""
        self._out = 0  # bytes of the tail that were returned already, redacted or as they are
        self._marked = False  # whether the last output was a mark

    def feed(self, data: bytes | memoryview) -> bytes:
        """Take in data and return what can be released now."""
        buffer = self._tail + data
        return self._let_out(buffer, self._redaction.undecided(buffer))

    def pause(self) -> bytes:
        """Return what to release after a pause in the input, because a prompt may end like the beginning of a secret.

        An end of three bytes or fewer is released. If it was a secret after all, only the rest is redacted. A longer
        end is not a coincidence and is held until more data comes in.
        """
        if len(self._tail) > _ACCIDENT:
            return b""
        rest = self._tail[self._out :]
        if rest:
            self._out, self._marked = len(self._tail), False
        return rest

    def end(self) -> bytes:
        """Return the rest at the end of the data. The beginning of a form is redacted, unless it is a coincidence."""
        if len(self._tail) <= _ACCIDENT:
            return self._let_out(self._tail, len(self._tail))
        return b"" if self._marked else MARK

    def _let_out(self, buffer: bytes, hold: int) -> bytes:
        """Return what is released of the buffer, without what may belong to a form that begins at `hold` or later."""
        parts: list[bytes] = []
        at, marked = self._out, self._marked
        for start, end in self._redaction.spans(buffer):
            if start > hold:
                break
            if end <= at:
                continue
            if start > at:
                parts.append(buffer[at:start])
            if start > at or not marked:
                parts.append(MARK)
            at, marked = end, True
        if at < hold:
            parts.append(buffer[at:hold])
            at, marked = hold, False
        self._tail, self._out, self._marked = buffer[hold:], at - hold, marked
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _alphabets(forms: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the bytes that occur in each form, those of most forms first, so that one lookup serves many."""
    counts: dict[int, int] = {}
    for form in forms:
        for byte in set(form):
            counts[byte] = counts.get(byte, 0) + 1
    order = sorted(counts, key=lambda byte: (-counts[byte], byte))
    return {form: bytes(byte for byte in order if byte in form) for form in forms}


def _least(alphabets: Iterable[bytes]) -> list[bytes]:
    """Return the alphabets that contain no other one. Data that lacks a byte of each of them lacks a byte of all."""
    least: list[bytes] = []
    for alphabet in sorted(alphabets, key=lambda alphabet: (len(alphabet), alphabet)):
        if not any(all(byte in alphabet for byte in other) for other in least):
            least.append(alphabet)
    return least


def _lacks_any(data: bytes, alphabet: bytes, has: dict[int, bool]) -> bool:
    """Return whether the data lacks any byte of an alphabet. `has` caches which bytes it has."""
    for byte in alphabet:
        if byte not in has:
            has[byte] = byte in data
        if not has[byte]:
            return True
    return False


def _lacks_each(data: bytes, alphabets: Sequence[bytes], has: dict[int, bool]) -> bool:
    """Return whether the data lacks a byte of each alphabet. `has` caches which bytes it has."""
    for alphabet in alphabets:
        for byte in alphabet:
            if byte not in has:
                has[byte] = byte in data
            if not has[byte]:
                break
        else:
            return False
    return True


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge sorted spans that overlap or touch."""
    spans.sort()
    joined: list[tuple[int, int]] = []
    first, last = spans[0]
    for start, end in spans:
        if start > last:
            joined.append((first, last))
            first, last = start, end
        elif end > last:
            last = end
    joined.append((first, last))
    return joined


def _period(form: bytes) -> int:
    """Return the smallest shift in bytes by which a form agrees with itself where both overlap.

    Knuth, Morris, Pratt, Fast Pattern Matching in Strings (1977). Most forms do not agree with themselves anywhere,
    which a few comparisons show.
    """
    at = 0
    for _ in range(_LOOKS):
        at = form.find(form[:1], at + 1)
        if at < 0:
            return len(form)
        if form.startswith(form[at:]):
            return at
    borders = [0] * len(form)
    length = 0
    for position in range(1, len(form)):
        while length and form[position] != form[length]:
            length = borders[length - 1]
        if form[position] == form[length]:
            length += 1
        borders[position] = length
    return len(form) - length


_LOOKED_AT = 256
"""Bytes of a form that are searched for pieces."""
_LEAST, _GOOD = 3, 5
"""Bytes of a piece that is worth searching for, and of a word that is rare enough."""
_PERCENT, _AND, _BACKSLASH = b"%&\\"
_REFERENCE = 8  # bytes of the longest `&quot;` and the like
_WORDS = bytes(byte if bytes((byte,)).isalnum() else 32 for byte in range(256))


def grouped(forms: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    """Return the forms by a piece that each contains. A form that shares no piece is its own key, alone.

    Most forms of a secret that others escape contain the same word or the same escape: one search rules them all out.
    """
    holders: dict[bytes, list[bytes]] = {}
    alone: dict[bytes, None] = {}
    for form in forms:
        alone[form] = None
        for piece in _pieces(form[:_LOOKED_AT]):
            holders.setdefault(piece, []).append(form)
    groups: dict[bytes, list[bytes]] = {}
    shared = [piece for piece, found in holders.items() if len(found) > 1]
    shared.sort(key=lambda piece: (len(piece) >= _GOOD and piece.isalnum(), len(holders[piece]), len(piece), piece))
    for piece in reversed(shared):
        members = [form for form in holders[piece] if form in alone]
        if len(members) > 1:
            groups[piece] = members
            for form in members:
                del alone[form]
    for form in alone:
        groups[form] = [form]
    return groups


def _pieces(form: bytes) -> set[bytes]:
    """Return the words and escapes of a form, except for the shortest."""
    if not any(sign in form for sign in b"%&\\"):
        return {word for word in form.translate(_WORDS).split() if len(word) >= _LEAST}
    found: set[bytes] = set()
    at, size = 0, len(form)
    while at < size:
        end = _end_of_piece(form, at)
        if len(form[at:end]) >= _LEAST:
            found.add(form[at:end])
        at = end
    return found


def _end_of_piece(form: bytes, at: int) -> int:
    """Return where the word, escape or character at a position ends."""
    first = form[at]
    end = at + 1
    if first == _PERCENT:
        while form.startswith(b"25", end):
            end += 2
        return end + 2
    if first == _AND:
        closed = form.find(b";", at, at + _REFERENCE)
        return closed + 1 if closed > 0 else end
    if first == _BACKSLASH:
        while form.startswith(b"\\", end):
            end += 1
        return end + {b"u": 5, b"x": 3}.get(form[end : end + 1], 1)
    while end < len(form) and form[at:end].isalnum() and form[end : end + 1].isalnum():
        end += 1
    return end
