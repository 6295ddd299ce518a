"""Masking: streams against a naive count of covered bytes, and the forms in which programs print a secret."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dagtui.text import label, redaction
from dagtui.text.redaction import MARK, RedactedStream, Redaction, grouped
from dagtui.text.secrets import LEAST, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# Few letters, so that forms overlap, repeat and begin in each other; no letter of the mark.
LETTERS = b"ab\n"
FORM = st.binary(min_size=4, max_size=12).map(lambda data: bytes(LETTERS[byte % 3] for byte in data))
LONG = st.tuples(st.binary(min_size=32, max_size=70), st.sampled_from([LETTERS, b"ab", b"b\n"])).map(
    lambda both: bytes(both[1][byte % len(both[1])] for byte in both[0])
)
NUMBERED = [b"a%030db" % number for number in range(30)]
FORMS = st.lists(FORM, min_size=1, max_size=6)
MANY_FORMS = st.tuples(st.lists(LONG, min_size=24, max_size=30, unique=True), FORMS).map(lambda both: both[0] + both[1])


@pytest.fixture(autouse=True, scope="module", params=[0, redaction._SHORT])
def short(request: pytest.FixtureRequest) -> Iterator[None]:
    """Data of any length in both ways: forms that can't be there left out first, or not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_SHORT", request.param)
        yield


def naive(forms: Iterable[bytes], data: bytes, *, cut: bool = False) -> bytes:
    """The same by looking at every place for every form; `cut`: more was to come."""
    covered = bytearray(len(data))
    for form in forms:
        for start in range(len(data)):
            if data.startswith(form, start):
                covered[start : start + len(form)] = b"\1" * len(form)
    ends = (size for form in forms for size in range(4, len(form)) if data.endswith(form[:size]))
    unfinished = max(ends, default=0) if cut else 0
    covered[len(data) - unfinished :] = b"\1" * unfinished
    out = bytearray()
    for position, byte in enumerate(data):
        if not covered[position]:
            out.append(byte)
        elif not position or not covered[position - 1]:
            out += MARK
    return bytes(out)


@st.composite
def printed(draw: st.DrawFn, forms: list[bytes]) -> list[bytes]:
    """Chunks of an output in which forms, their beginnings and other bytes follow each other."""
    piece = st.one_of(
        st.sampled_from(forms),
        st.tuples(st.sampled_from(forms), st.integers(1, 70)).map(lambda cut: cut[0][: cut[1]]),
        st.tuples(st.sampled_from(forms), st.integers(1, 70)).map(lambda cut: cut[0][-cut[1] :]),
        st.binary(max_size=6).map(lambda data: bytes(LETTERS[byte % 3] for byte in data)),
        st.binary(max_size=6).map(lambda data: data.replace(b"*", b"")),
    )
    data = b"".join(draw(st.lists(piece, max_size=12)))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=10)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@st.composite
def outputs(draw: st.DrawFn, forms: st.SearchStrategy[list[bytes]]) -> tuple[list[bytes], list[bytes]]:
    chosen = draw(forms)
    return chosen, draw(printed(chosen))


@given(st.one_of(outputs(FORMS), outputs(MANY_FORMS)))
@example(([b"abab", b"babaab"], [b"aba", b"ba", b"ab"]))
@example(([b"aaaa"], [b"aaa", b"aaa", b"aaaaa", b"b"]))
@example(([b"abba", b"abbab\nab"], [b"abb", b"ab\n"]))
@example(([b"aabaa"], [b"aabaaabaa"]))
@example((NUMBERED, [NUMBERED[7] + b"\n"]))
def test_a_stream_in_any_chunks_is_redacted_as_the_whole_and_as_by_counting(output: tuple[list[bytes], list[bytes]]):
    forms, chunks = output
    redaction, whole = Redaction(forms), b"".join(chunks)
    stream = RedactedStream(redaction)
    redacted = b"".join([stream.feed(memoryview(chunk)) for chunk in chunks])
    assert redacted + stream.end() == naive(forms, whole, cut=True)
    assert redaction.mask(whole) == naive(forms, whole)


PIECE = st.sampled_from(
    [b"alpha5", b"beta55", b"%2F", b"%252f", b"&amp;", b"&#x27;", b"\\u00e9", b"\\\\x", b"%", b"&", b"\\", b"-"]
)
ALIKE = st.lists(st.lists(PIECE, min_size=2, max_size=5).map(b"".join).filter(lambda form: len(form) > 5), min_size=1)


@given(outputs(ALIKE))
def test_forms_that_share_pieces_are_redacted_as_by_counting(output: tuple[list[bytes], list[bytes]]):
    forms, chunks = output
    assert Redaction(forms).mask(b"".join(chunks)) == naive(forms, b"".join(chunks))


@given(ALIKE)
def test_every_form_is_in_one_group_and_holds_its_key(forms: list[bytes]):
    groups = grouped(set(forms))
    assert sorted(form for members in groups.values() for form in members) == sorted(set(forms))
    assert all(key in form for key, members in groups.items() for form in members)


@given(outputs(FORMS))
def test_less_than_the_longest_form_is_held_back(output: tuple[list[bytes], list[bytes]]):
    forms, chunks = output
    stream, so_far = RedactedStream(Redaction(forms)), b""
    for chunk in chunks:
        stream.feed(chunk)
        so_far += chunk
        assert len(stream._tail) < max(map(len, forms))
        assert so_far.endswith(stream._tail)


@given(st.one_of(outputs(FORMS), outputs(MANY_FORMS)), st.data())
def test_pauses_never_let_a_secret_out(output: tuple[list[bytes], list[bytes]], data: st.DataObject):
    forms, chunks = output
    stream = RedactedStream(Redaction(forms))
    redacted, paused = b"", 0
    for chunk in chunks:
        redacted += stream.feed(chunk)
        if data.draw(st.booleans()):
            shown = stream.pause()
            assert len(shown) <= 3
            paused += len(shown)
            redacted += shown
    redacted += stream.end()
    assert not any(form in redacted for form in forms)
    whole = naive(forms, b"".join(chunks), cut=True)
    assert len(redacted) - len(whole) <= paused + len(MARK) * (paused > 0) * len(chunks)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_what_holds_no_secret_comes_out_unchanged_and_at_once(data: bytes, cut: int):
    assume(b"zecret" not in data)
    stream = RedactedStream(Redaction([b"zecret-value"]))
    out = stream.feed(data[:cut])
    assert len(out) >= len(data[:cut]) - len(b"zecret-value")
    assert out + stream.feed(data[cut:]) + stream.end() == data


def test_a_prompt_is_shown_and_a_longer_beginning_is_not():
    stream = RedactedStream(Redaction([b"sekret-token"]))
    assert stream.feed(b"Pass as") == b"Pass a"
    assert stream.pause() == b"s"
    assert stream.feed(b"ekret-") == b""
    assert stream.pause() == b""
    assert stream.feed(b"token!") == b"***!"
    assert stream.feed(b" sekr") == b" "
    assert stream.pause() == b""
    assert stream.feed(b"et no") == b"sekret no"
    assert stream.feed(b" sek") + stream.end() == b" sek"


def test_a_secret_that_is_cut_at_the_end_is_redacted():
    stream = RedactedStream(Redaction([b"sekret-token"]))
    assert stream.feed(b" sekret-toke") + stream.end() == b" ***"
    stream = RedactedStream(Redaction([b"sekret-token", b"sekret-token and a longer one"]))
    assert stream.feed(b" sekret-token and") + stream.end() == b" ***"


SECRET = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]) | st.sampled_from("+/=&?%'\"\\<>$~ "),
    min_size=LEAST,
    max_size=90,
).filter(lambda text: len(text.strip()) >= LEAST and text == text.strip() and "***" not in text)

WRITTEN: list[Callable[[str], str]] = [
    str,
    json.dumps,
    lambda text: json.dumps(text, ensure_ascii=False),
    lambda text: json.dumps({"a": [text]}).replace("/", "\\/"),
    lambda text: json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
    repr,
    quote,
    quote_plus,
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="!'()*"),
    shlex.quote,
    lambda text: "'" + text.replace("'", "'\\''") + "'",
    lambda text: label(text, 10_000),
]


# One notation within another, and the libraries' different minds about what is to be escaped.
ESCAPED: dict[str, Callable[[str], str]] = {
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "HTML as Go writes it": lambda text: html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "HTML as JavaScript libraries write it": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "HTML with slashes": lambda text: html.escape(text).replace("/", "&#x2F;"),
    "HTML in ASCII": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "XML": escape,
    "XML with &apos;": lambda text: escape(text, {"'": "&apos;", '"': "&quot;"}),
    "an XML attribute": quoteattr,
    "an XML element": lambda text: ET.tostring(_element(text)).decode(),
    "an XML element's attribute": lambda text: ET.tostring(_element("", text)).decode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})),
    "JSON in JSON, not in ASCII": lambda text: json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False),
    "JSON in JSON, in ASCII at last": lambda text: json.dumps(json.dumps(text, ensure_ascii=False)),
    "JSON of .NET": lambda text: re.sub(
        r"[^ -~]|[<>&'+`]", _dotnet, json.dumps(text, ensure_ascii=False).replace('\\"', "\\u0022")
    ),
    "JSON of Go in JSON": lambda text: json.dumps(_go([text])),
    "JSON of Go in JSON of Go": lambda text: _go(_go([text])),
    "JSON in JSON of Go": lambda text: _go(json.dumps(text)),
    "JSON of Go in Python": lambda text: repr(_go(text)),
    "JSON of Go in an address": lambda text: quote(_go(text)),
    "JSON of Go in an HTML attribute": lambda text: html.escape(_go(text)),
    "JSON of .NET in JSON": lambda text: json.dumps(ESCAPED["JSON of .NET"](text)),
    "JSON three deep": lambda text: json.dumps(json.dumps(json.dumps({"a": text}))),
    "JSON three deep, in ASCII at last": lambda text: json.dumps(
        json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False)
    ),
    "HTML in JSON": lambda text: json.dumps(html.escape(text)),
    "HTML in JSON, not in ASCII": lambda text: json.dumps(html.escape(text), ensure_ascii=False),
    "HTML in ASCII in JSON": lambda text: json.dumps(ESCAPED["HTML in ASCII"](text)),
    "HTML in JSON of Go": lambda text: _go(html.escape(text)),
    "HTML of Go in JSON of Go": lambda text: _go(ESCAPED["HTML as Go writes it"](text)),
    "XML in JSON of Go": lambda text: _go(escape(text)),
    "HTML in an address": lambda text: quote(html.escape(text)),
    "HTML in a form": lambda text: quote_plus(ESCAPED["HTML as JavaScript libraries write it"](text)),
    "JSON in Python": lambda text: repr(json.dumps([text])),
    "JSON in an HTML attribute": lambda text: html.escape(json.dumps(text)),
    "JSON in an address": lambda text: quote(json.dumps(text)),
    "a shell's word in JSON": lambda text: json.dumps(shlex.quote(text)),
    "a shell's word in JSON, not in ASCII": lambda text: json.dumps(shlex.quote(text), ensure_ascii=False),
    "JSON in a shell's word": lambda text: shlex.quote(json.dumps({"a": text})),
    "JSON in a shell's word, as Bash traces it": lambda text: "'" + json.dumps([text]).replace("'", "'\\''") + "'",
    "Python, in ASCII": ascii,
    "Python's bytes": lambda text: repr(text.encode()),
    "Python's bytes within quotes": lambda text: repr(b"'\"" + text.encode()),
    "Python beside other quotes": lambda text: repr("'\"" + text),
    "Python in Python": lambda text: repr(repr(text)),
    "Python in JSON": lambda text: json.dumps(repr(text)),
    "an address in an address": lambda text: quote(quote(text, safe=""), safe=""),
    "an address in an address, slashes kept": lambda text: quote(quote(text)),
    "an address in a form": lambda text: quote_plus(quote_plus(text)),
    "an address of JavaScript, twice": lambda text: quote(quote(text, safe="!'()*"), safe="!'()*"),
}
BESIDE = re.compile(
    r"(?:[\s'\"\\\[\]{}:,ab]|&amp;|&quot;|&#34;|&#39;|&#x27;|&apos;|%22|%27|%5B|%7B|u0022|</?a?( b=)?|[/>])*"
)
"""What writers put beside a text."""


def _element(text: str, attribute: str | None = None) -> ET.Element:
    element = ET.Element("a", {} if attribute is None else {"b": attribute})
    element.text = text
    return element


def _go(value: object) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _dotnet(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2))


NASTY = (
    'it\'s "é" <a&b>/+=`x\\y z%',
    "postgres://user:p@ss/w+rd&x@db.example.com/x",
    "-----BEGIN-----\nabc+/=\n-----END-----",
)


@pytest.mark.parametrize("name", ESCAPED)
def test_a_secret_in_other_notations_is_redacted(name: str):
    for secret in NASTY:
        check_it_is_redacted(secret, ESCAPED[name](secret))


@given(SECRET, st.sampled_from(sorted(ESCAPED)))
def test_any_secret_in_other_notations_is_redacted(secret: str, name: str):
    check_it_is_redacted(secret, ESCAPED[name](secret))


def check_it_is_redacted(secret: str, written: str) -> None:
    text = f"xyz; {written} xyz;"
    redacted = secrets_of(secret).mask(text)
    left, mark, right = redacted.partition("***")
    assert mark, redacted
    assert BESIDE.fullmatch(left.removeprefix("xyz;")), redacted
    assert BESIDE.fullmatch(right.removesuffix("xyz;")), redacted
    assert redacted_bytes([secret], text.encode()) == redacted.encode()


def redacted_bytes(values: Sequence[str], data: bytes) -> bytes:
    """Bytes as the log process masks them."""
    return redaction_of(*values).mask(data)


@lru_cache(maxsize=8)
def secrets_of(*values: str) -> Secrets:
    """To find all forms of a secret takes longer than to find it."""
    return Secrets(values)


@lru_cache(maxsize=8)
def redaction_of(*values: str) -> Redaction:
    return Redaction(secrets_of(*values).forms)


@given(SECRET, st.sampled_from(WRITTEN), st.text("xyz,;", max_size=5))
def test_every_way_of_writing_a_secret_is_redacted(secret: str, write: Callable[[str], str], around: str):
    text = f"{around} {write(secret)} {around}"
    redacted = secrets_of(secret).mask(text)
    left, mark, right = redacted.partition("***")
    assert mark
    assert not right.strip("'\"]} ").strip(around), redacted
    assert left.strip("'\"[{a: ") in {around, around.strip()}, redacted
    assert redacted_bytes([secret], text.encode()) == redacted.encode()


@given(SECRET)
def test_addresses_in_small_hexadecimal_digits_are_redacted(secret: str):
    address = "".join(part.lower() if part.startswith("%") else part for part in _escapes(quote(secret, safe="")))
    assert Secrets([secret]).mask(f"?key={address}&x") == "?key=***&x"


def _escapes(address: str) -> list[str]:
    parts, position = [], 0
    while position < len(address):
        size = 3 if address[position] == "%" else 1
        parts.append(address[position : position + size])
        position += size
    return parts


@given(SECRET, st.binary(max_size=7), st.binary(max_size=7), st.booleans())
def test_base64_of_something_around_a_secret_is_redacted(secret: str, before: bytes, after: bytes, safe: bool):
    encode = base64.urlsafe_b64encode if safe else base64.b64encode
    plain = encode(before + secret.encode() + after)
    redacted = redacted_bytes([secret], b"x " + plain + b" y")
    left, _, right = redacted[2:-2].partition(MARK)
    assert MARK in redacted
    # What is left are the characters around it, each of which has a bit that is not the secret's.
    assert len(left) <= 4 * len(before) / 3 + 2
    assert len(right) <= 4 * len(after) / 3 + 4


@pytest.mark.parametrize("columns", [64, 76])
def test_base64_that_is_broken_into_lines_is_redacted(columns: int):
    secret = "".join(f"{number:x}-" for number in range(300, 400))
    text = base64.b64encode(secret.encode()).decode()
    lines = [text[start : start + columns] for start in range(0, len(text), columns)]
    redacted = Secrets([secret]).mask("\n".join(lines)).split("\n")
    assert redacted[:-1] == ["***"] * (len(lines) - 1)


KEY = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nq1w2\ne3r4t5y6u7i8\n-----END KEY-----\n"


@pytest.mark.parametrize("value", [KEY, KEY.replace("\n", "\\n"), KEY.replace("\n", "\r\n")])
def test_of_a_value_of_many_lines_each_longer_one_is_redacted(value: str):
    secrets = Secrets([value])
    assert secrets.mask(f"<{value.strip()}>") == "<***>"
    assert secrets.mask("> MIIEpAIBAAKCAQEA\n> e3r4t5y6u7i8") == "> ***\n> ***"
    assert secrets.mask("q1w2") == "q1w2"
    assert "MIIEp" not in secrets.mask(KEY)
    assert redacted_bytes([value], base64.b64encode(b"  e3r4t5y6u7i8")).startswith(b"ICB***")


def test_a_text_that_was_cut_does_not_end_with_half_a_secret():
    secrets = Secrets(["hunter2-hunter3"])
    assert secrets.mask("it was hunter2-hu…") == "it was ***…"
    assert secrets.mask("it was hu…") == "it was hu…"
    assert secrets.mask("it was hunter2-hu") == "it was hunter2-hu"
    assert secrets.mask("it was hunter2-hunter3…") == "it was ***…"


def test_bytes_that_are_no_text_are_redacted():
    secret = b"caf\xe9-\xff\xfe-token".decode("utf-8", "surrogateescape")
    secrets = Secrets([secret])
    assert redacted_bytes([secret], b"x caf\xe9-\xff\xfe-token y") == b"x *** y"
    assert secrets.mask(f"x {secret} y \ud800") == "x *** y \ud800"


def test_without_secrets_nothing_changes_and_nothing_tells_them():
    assert not Secrets()
    assert Secrets().mask("hunter2…") == "hunter2…"
    assert redacted_bytes([], b"hunter2") == b"hunter2"
    assert "hunter" not in repr(Secrets(["hunter2-hunter3"]))
