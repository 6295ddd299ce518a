"""JSON in one line of ASCII, for messages and files.

`json` loads the regular expressions, which takes a third of the time that a start may take. So its two functions in C
are used without it, where this Python has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    def encode(value: object) -> str:
        """Return a value as JSON."""

    def decode(text: str) -> object:
        """Return the value of a text. Raises ValueError."""


def _from_c() -> tuple[Callable[[object], str], Callable[[str], object]]:
    """Return the functions that encode and decode. Raises ImportError, AttributeError and TypeError."""
    import _json

    class DecoderOptions:
        """What the decoder asks for."""

        strict = True
        object_hook = object_pairs_hook = None
        parse_float, parse_int, parse_constant = float, int, float
        memo: dict[str, str] = {}  # noqa: RUF012 - read by C

    scan = _json.make_scanner(DecoderOptions())  # type: ignore[arg-type]  # it looks at the attributes only
    chunks = _json.make_encoder(None, str, _json.encode_basestring_ascii, None, ":", ",", False, False, True)

    def decode_all(text: str) -> object:
        text = text.strip()
        try:
            value, end = scan(text, 0)
        except (StopIteration, ValueError, SystemError):  # the last one if `json` is not loaded
            end = -1
        return value if end == len(text) else _explain(text)

    def encode_all(value: object) -> str:
        return "".join(chunks(value, 0))

    if decode_all(encode_all({"a": [1, None, "\u00e4"]})) != {"a": [1, None, "\u00e4"]}:
        raise TypeError
    return encode_all, decode_all


def _explain(text: str) -> object:
    """Raise ValueError, which says what is wrong with a text."""
    import json

    found: object = json.loads(text)
    return found


def _from_library() -> tuple[Callable[[object], str], Callable[[str], object]]:
    import json

    return json.JSONEncoder(separators=(",", ":")).encode, json.loads


if not TYPE_CHECKING:
    try:
        encode, decode = _from_c()
    except (ImportError, AttributeError, TypeError):
        encode, decode = _from_library()


def encoded(value: object) -> bytes:
    """Return a value as one line, without a line break at its end."""
    return encode(value).encode("ascii")


def decoded(text: bytes) -> object:
    """Return the value that a text stands for. Raises ValueError."""
    return decode(text.decode("utf-8", "surrogatepass"))
