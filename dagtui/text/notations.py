"""How programs write a text in other notations: JSON, Python, HTML, XML, URLs, shells, and one within another.

Only forms that differ from the text are worth searching for, so most texts have very few forms: letters, digits, `-`,
`_` and `.` are the same in all notations.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from dagtui.text.labels import label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEEP = 8192
"""Characters of a text that is also searched for in nested notations. A longer text is found by its lines."""
_SAME = re.compile(r"[A-Za-z0-9_.-]*")
_HEX = re.compile(r"%[0-9A-F]{2}")
_UNICODE = re.compile(r"\\u[0-9a-f]{4}")
_SCRIPT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}
"""What Go, and other writers of JSON in web pages, escape in addition."""
_STRICT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&'+`"}
"""What .NET escapes in addition."""
_AND = {"&": "&amp;", "<": "&lt;"}
_BASIC = _AND | {">": "&gt;"}
_DOUBLE = _BASIC | {'"': "&quot;"}
_MARKUP: tuple[dict[str, str], ...] = (
    _AND,
    _BASIC,
    _AND | {'"': "&quot;"},
    _DOUBLE,
    _DOUBLE | {"'": "&#39;"},
    _DOUBLE | {"'": "&#x27;"},
    _DOUBLE | {"'": "&apos;"},
    _DOUBLE | {"'": "&#x27;", "/": "&#x2F;"},
    _DOUBLE | {"'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"},
    _DOUBLE | {"'": "&#39;", "`": "&#x60;", "=": "&#x3D;", "/": "&#x2F;"},
    _DOUBLE | {"'": "&#x27;", "+": "&#x2B;"},
    _DOUBLE | {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"},
    _DOUBLE | {"\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"},
    _BASIC | {'"': "&#34;", "'": "&#39;"},
    _BASIC | {'"': "&#34;", "'": "&#39;", "+": "&#43;"},
)
"""The ways in which libraries escape characters in HTML and XML."""
_MARKED = frozenset(sign for table in _MARKUP for sign in table)


def notations(text: str, data: bytes) -> set[str]:
    """Return all forms in which other notations write a text, whose bytes are given."""
    if _SAME.fullmatch(text):
        return {text}
    markup = _markup(text)
    found = {label(text, 12 * len(text)), *_shell(text), *_json(text), *_python(text, data), *_url(data), *markup}
    if len(text) > _DEEP:
        return found
    found.update(form.replace("&", "&amp;") for form in markup)
    inner = {*_plain_json(text), repr(text)[1:-1], ascii(text)[1:-1]} - {text}
    for form in inner:
        found.update(_plain_json(form), _python(form), _markup(form), _url(_bytes(form)))
    return found.union(*map(_url_again, _url(data)))


def _plain_json(text: str) -> set[str]:
    plain = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return plain | {form.replace("/", "\\/") for form in plain}


def _json(text: str) -> set[str]:
    found = _plain_json(text)
    for plain in list(found):
        found |= {plain.translate(_SCRIPT), plain.replace('\\"', "\\u0022").translate(_STRICT)}
    return found | {_UNICODE.sub(lambda match: "\\u" + match[0][2:].upper(), form) for form in found}


def _python(text: str, data: bytes | None = None) -> set[str]:
    """Return `repr`, `ascii`, and those of the bytes. Text nearby decides which quotes are escaped."""
    found = {repr(text)[1:-1], ascii(text)[1:-1]}
    if data is not None:
        found.add(repr(data)[2:-1])
    if "'" not in text:
        return found
    bare = {form.replace("\\'", "'") for form in found}
    return bare | {form.replace("'", "\\'") for form in bare}


def _url(data: bytes) -> set[str]:
    found = {quote(data, safe=""), quote(data), quote(data, safe="!'()*"), quote_plus(data)}
    return found | {_HEX.sub(lambda match: match[0].lower(), form) for form in found}


def _url_again(address: str) -> set[str]:
    """Return an address within an address, also in lower-case digits if the inner one has them."""
    found = {quote(address, safe=""), quote(address), quote(address, safe="!'()*")}
    return found if found == {address} else found | {_HEX.sub(lambda match: match[0].lower(), form) for form in found}


def _shell(text: str) -> Iterator[str]:
    if "'" in text:
        yield from (shlex.quote(text)[1:-1], text.replace("'", "'\\''"))


def _markup(text: str) -> set[str]:
    signs = _MARKED.intersection(text)
    tables = {tuple((sign, table[sign]) for sign in signs if sign in table) for table in _MARKUP}
    found = {text.translate({ord(sign): written for sign, written in table}) for table in tables}
    if not text.isascii():
        for numbers in ("&#{:d};", "&#x{:x};", "&#x{:X};"):
            found |= {_in_ascii(form, numbers.format) for form in found if not form.isascii()}
    return found


def _in_ascii(text: str, reference: Callable[[int], str]) -> str:
    return "".join(sign if sign.isascii() else reference(ord(sign)) for sign in text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
