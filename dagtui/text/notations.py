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
_BASIC = {**_AND, ">": "&gt;"}
_DOUBLE = {**_BASIC, '"': "&quot;"}
_NUMBERS = {**_BASIC, '"': "&#34;", "'": "&#39;"}
_MARKUP: tuple[dict[str, str], ...] = (
    _AND,
    _BASIC,
    {**_AND, '"': "&quot;"},
    _DOUBLE,
    {**_DOUBLE, "'": "&#39;"},
    {**_DOUBLE, "'": "&#x27;"},
    {**_DOUBLE, "'": "&apos;"},
    {**_DOUBLE, "'": "&#x27;", "/": "&#x2F;"},
    {**_DOUBLE, "'": "&#x27;", "`": "&#x60;", "=": "&#x3D;"},
    {**_DOUBLE, "'": "&#39;", "`": "&#x60;", "=": "&#x3D;", "/": "&#x2F;"},
    {**_DOUBLE, "'": "&#x27;", "+": "&#x2B;"},
    {**_DOUBLE, "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"},
    {**_DOUBLE, "\n": "&#xA;", "\r": "&#xD;", "\t": "&#x9;"},
    _NUMBERS,
    {**_NUMBERS, "+": "&#43;"},
)
"""The ways in which libraries escape characters in HTML and XML."""
_COMMON = (_BASIC, _DOUBLE, *({**_DOUBLE, "'": quote} for quote in ("&#39;", "&#x27;")), _NUMBERS)
"""Those that are common within other notations."""
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
    plain = _plain_json(text)
    for form in {*plain, *map(_go_json, plain), repr(text)[1:-1], ascii(text)[1:-1]} - {text}:
        found.update(_plain_json(form), _python(form), _markup(form), _url(_bytes(form)))
    found.update(*map(_around, {*plain, *_common_markup(text)} - {text}))
    found.update(*map(_plain_json, map(_dotnet_json, plain)), *map(_plain_json, _shell(text)), *map(_shell, plain))
    found.update(*(_plain_json(form) for once in plain for form in _plain_json(once) if form != once))
    return found.union(*map(_url_again, _url(data)))


def _around(form: str) -> set[str]:
    """Return how logs and requests hold a document: as a text in JSON, of Go too, or in an address."""
    texts = _plain_json(form)
    return {*texts, *map(_go_json, texts), *_url(_bytes(form))}


def _plain_json(text: str) -> set[str]:
    plain = {json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return plain | {form.replace("/", "\\/") for form in plain}


def _json(text: str) -> set[str]:
    found = _plain_json(text)
    for plain in list(found):
        found |= {_go_json(plain), _strict_json(plain)}
    return found | {_in_capitals(form) for form in found}


def _go_json(plain: str) -> str:
    return plain.translate(_SCRIPT)


def _dotnet_json(plain: str) -> str:
    return _in_capitals(_strict_json(plain))


def _strict_json(plain: str) -> str:
    return plain.replace('\\"', "\\u0022").translate(_STRICT)


def _in_capitals(form: str) -> str:
    return _UNICODE.sub(lambda match: "\\u" + match[0][2:].upper(), form)


def _python(text: str, data: bytes | None = None) -> set[str]:
    """Return `repr`, `ascii`, and those of the bytes. Text nearby decides which quotes are escaped."""
    parts = text.split("'")
    writings = [[repr(part)[1:-1] for part in parts], [ascii(part)[1:-1] for part in parts]]
    if data is not None:
        writings.append([repr(part)[2:-1] for part in data.split(b"'")])
    return {quote.join(written) for written in writings for quote in ("'", "\\'")}


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


def _common_markup(text: str) -> set[str]:
    found = {text.translate({ord(sign): entity for sign, entity in table.items()}) for table in _COMMON}
    return found if text.isascii() else found | {_in_ascii(form, "&#{:d};".format) for form in found}


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
