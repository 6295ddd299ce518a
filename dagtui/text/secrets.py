"""Secret values: the forms in which programs print them, and texts with those forms redacted."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dagtui.text.notations import notations
from dagtui.text.redaction import RedactedStream, Redaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST = 6
"""Characters of the shortest value that can be redacted. Shorter values are part of many words that are not secret."""
MOST = 1 << 17
"""Characters of the longest value. Linux does not pass longer variables to a program."""
_LEAST_LINE = 8
"""Characters of a line of a longer value that is redacted by itself."""
_CUT = "…"
_COLUMNS = (76, 64)  # columns at which base64(1) and openssl(1) break lines


class Secrets:
    """Redacts values in texts, in every form that is known of them. Without values it leaves texts unchanged.

    The known forms are the values as they are, their longer lines, base64 (also within something longer), and how URLs,
    JSON, HTML, XML, Python and shells write them, also one within another. Other encodings (hexadecimal, compressed)
    are not known.
    """

    __slots__ = ("_least", "_redaction", "forms")

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Take values of at least `LEAST` characters without surrounding white space."""
        self.forms: tuple[bytes, ...] = tuple(sorted({form for value in values for form in forms(value)}))
        """Every byte string to redact."""
        self._redaction = Redaction(self.forms)
        self._least = min(map(len, self.forms), default=1 << 62)  # bytes

    def __bool__(self) -> bool:
        return bool(self.forms)

    def __repr__(self) -> str:
        return "<Secrets>"

    def mask(self, text: str) -> str:
        """Redact every form in a text. If the text was cut ("…" at its end), redact a form that was cut as well."""
        if text.endswith(_CUT):
            stream = RedactedStream(self._redaction)
            redacted = stream.feed(text[: -len(_CUT)].encode("utf-8", "surrogatepass")) + stream.end()
            return redacted.decode("utf-8", "surrogatepass") + _CUT
        if 4 * len(text) < self._least:
            return text
        return self._redaction.mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def forms(value: str) -> set[bytes]:
    """Return the byte strings that reveal a value."""
    found: set[bytes] = set()
    for text in _pieces(value.strip()):
        found.update(form.encode("utf-8", "surrogatepass") for form in notations(text, _bytes(text)))
        for data in {_bytes(text), text.encode("utf-8", "surrogatepass")}:
            found.add(data)
            found.update(_encoded(data))
    found.update(_encoded_lines(_bytes(value.strip())))
    return found


def _pieces(value: str) -> Iterator[str]:
    r"""Yield the value, its longer lines, and the same for a value whose line breaks are written as `\\n`."""
    yield value
    unfolded = value.replace("\\n", "\n")
    if unfolded != value:
        yield unfolded.strip()
    for line in unfolded.splitlines():
        if len(line.strip()) >= _LEAST_LINE:
            yield line.strip()


def _encoded(data: bytes) -> Iterator[bytes]:
    """Yield the part of base64 that only depends on the data, regardless of what precedes and follows it."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + data).rstrip(b"=")
        core = whole[(0, 2, 3)[before] : len(whole) - bool((before + len(data)) % 3)]
        yield from {core, core.replace(b"+", b"-").replace(b"/", b"_")}


def _encoded_lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines of base64 as programs break it when they encode just the data and perhaps a line break."""
    whole = base64.b64encode(data).rstrip(b"=")
    whole = whole[: len(whole) - bool(len(data) % 3)]
    for columns in _COLUMNS:
        for start in range(0, len(whole), columns):
            line = whole[start : start + columns]
            if _LEAST_LINE <= len(line) < len(whole):
                yield line


def _bytes(text: str) -> bytes:
    """Return the bytes that a text from the environment stands for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
