"""Values that must not be shown: the forms in which programs print them, and texts with those forms redacted."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dagtui.text.notations import notations
from dagtui.text.redaction import RedactedStream, Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST = 6
"""Characters of a value that can be redacted: what is shorter is part of many words that are no secret."""
MOST = 1 << 17
"""Characters of a value; Linux gives no longer variables to a program."""
_LEAST_LINE = 8
"""Characters of a line of a longer value that is redacted by itself."""
_CUT = "…"
_COLUMNS = (76, 64)  # columns at which base64(1) and openssl(1) break lines


class Secrets:
    """Masks some values in texts, in every form that is known of them; empty, it leaves all as it is.

    Known are the values as they are, their longer lines, base64 (also within something longer), and how URLs, JSON,
    HTML, XML, Python and shells write them, also one within another. What a program has encoded in another way
    (hexadecimal, compressed) is not.
    """

    __slots__ = ("_least", "_redaction", "forms")

    def __init__(self, values: Iterable[str] = ()) -> None:
        """The values, of `LEAST` characters or more once white space around them is taken away."""
        self.forms: tuple[bytes, ...] = tuple(sorted({form for value in values for form in forms(value)}))
        """Every byte string to mask."""
        self._redaction = Redaction(self.forms)
        self._least = min(map(len, self.forms), default=1 << 62)  # bytes

    def __bool__(self) -> bool:
        return bool(self.forms)

    def __repr__(self) -> str:
        return "<Secrets>"

    def mask(self, text: str) -> str:
        """A text with every form in it redacted; of one that was cut ("…" at its end), also a form that is cut."""
        if text.endswith(_CUT):
            stream = RedactedStream(self._redaction)
            redacted = stream.feed(text.removesuffix(_CUT).encode("utf-8", "surrogatepass")) + stream.end()
            return redacted.decode("utf-8", "surrogatepass") + _CUT
        if 4 * len(text) < self._least:
            return text
        return self._redaction.mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def forms(value: str) -> set[bytes]:
    """The byte strings that give a value away."""
    found: set[bytes] = set()
    for text in _pieces(value.strip()):
        found.update(form.encode("utf-8", "surrogatepass") for form in notations(text, _bytes(text)))
        for data in {_bytes(text), text.encode("utf-8", "surrogatepass")}:
            found.add(data)
            found.update(_encoded(data))
    found.update(_encoded_lines(_bytes(value.strip())))
    return found


def _pieces(value: str) -> Iterator[str]:
    r"""The value, its longer lines, and the same of one whose line breaks are written as `\\n`."""
    yield value
    unfolded = value.replace("\\n", "\n")
    if unfolded != value:
        yield unfolded.strip()
    for line in unfolded.splitlines():
        if len(line.strip()) >= _LEAST_LINE:
            yield line.strip()


def _encoded(data: bytes) -> Iterator[bytes]:
    """The part of base64 that only depends on the data, whatever stands before and after it."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).rstrip(b"=")
        core = whole[(0, 2, 3)[before] : len(whole) - bool((before + len(data)) % 3)]
        yield from {core, core.replace(b"+", b"-").replace(b"/", b"_")}


def _encoded_lines(data: bytes) -> Iterator[bytes]:
    """The lines of base64 as programs break it when they encode nothing but the data, and perhaps a line break."""
    whole = base64.b64encode(data).rstrip(b"=")
    whole = whole[: len(whole) - bool(len(data) % 3)]
    for columns in _COLUMNS:
        for start in range(0, len(whole), columns):
            line = whole[start : start + columns]
            if _LEAST_LINE <= len(line) < len(whole):
                yield line


def _bytes(text: str) -> bytes:
    """A text from the environment as the bytes that it stands for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
