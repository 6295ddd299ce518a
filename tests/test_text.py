"""The sanitiser: whatever comes in, nothing that acts on a terminal, hides or reorders comes out."""

from __future__ import annotations

import re
import unicodedata

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dagtui import text as t
from dagtui.text import lines, styles
from dagtui.text.amounts import time_of_day, time_taken
from dagtui.text.look import IN_ASCII, IN_UNICODE, Look

PICTURED_FORMATS = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")

ESCAPES = st.sampled_from(
    [
        "\x1b[31m",
        "\x1b[0m",
        "\x1b[38;5;200m",
        "\x1b[48;2;1;2;3m",
        "\x1b[8m",
        "\x1b[2J",
        "\x1b[2K",
        "\x1b[1G",
        "\x1b[7C",
        "\x1b[2D",
        "\x1b[@",
        "\x1b[P",
        "\x1b[3;3H",
        "\x1b7",
        "\x1b8",
        "\x1b]52;c;cm0=\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bP",
        "\x1b]",
        "\x1b[",
        "\x1b",
        "\x9b31m",
        "\u202e",
        "\u200d",
        "\U000e0041",
        "\ufe0f",
        "\udcff",
        "\r",
        "\b",
        "\t",
        "\n",
        "\x00",
        "[/foo]",
        "日本",
        "e\u0301",
    ]
)
HOSTILE = st.lists(ESCAPES | st.text(max_size=8), max_size=40).map("".join)
HOSTILE_BYTES = HOSTILE.map(lambda s: s.encode("utf-8", "surrogatepass")) | st.binary(max_size=300)


def offenders(text: str, allowed: str = "") -> list[str]:
    """Characters that must not come out, found from Unicode's own categories and not from the code's list."""
    return [
        character
        for character in text
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and character not in PICTURED_FORMATS
        and character not in allowed
    ]


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("train[seed=1]", "train[seed=1]"),
        ("a\x1b]52;c;x\x07b", "a^[]52;c;x^Gb"),
        ("a\nb\tc", "a^Jb^Ic"),
        ("\x7f\x9b", "^?\\x9b"),
        ("exe\u202etxt", "exe\\u202etxt"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("warn ⚠\ufe0f", "warn ⚠"),
        ("日本 é \u00a0", "日本 é \u00a0"),
        (12, "12"),
    ],
)
def test_label_shows_control_characters(given_text: object, shown: str):
    assert t.label(given_text) == shown


def test_no_character_of_a_forbidden_category_comes_out():
    for start in range(0, 0x110000, 0x1000):
        every = "".join(map(chr, range(start, start + 0x1000)))
        assert offenders(t.label(every, 100_000)) == []
        assert offenders(t.block(every, 100_000), allowed="\n") == []
        assert offenders(lines.styled(every).text) == []


def test_label_caps_with_an_ellipsis():
    assert t.label("x" * 200) == "x" * 200
    assert t.label("x" * 201) == "x" * 199 + "…"
    assert t.label("\x01" * 150) == "^A" * 99 + "^…"
    assert t.label("abc", cap=1) == "…"


@given(HOSTILE, st.integers(1, 60))
def test_label_is_safe_bounded_and_idempotent(hostile: str, cap: int):
    shown = t.label(hostile, cap)
    assert offenders(shown) == []
    assert len(shown) <= cap
    assert t.label(shown, cap) == shown


@given(HOSTILE, st.integers(1, 60))
def test_block_is_safe_bounded_and_idempotent(hostile: str, cap: int):
    shown = t.block(hostile, cap)
    assert offenders(shown, allowed="\n") == []
    assert len(shown) <= cap
    assert t.block(shown, cap) == shown


def test_block_keeps_newlines_and_expands_tabs():
    assert t.block("a\r\n\tb\rc\x1b[1m") == "a\n        b^Mc^[[1m"


@given(HOSTILE_BYTES)
@example(b"\x1b]" * 50)
@example(b"\x1bP" + b"a" * 100)
def test_lines_are_safe_and_their_spans_lie_in_order(raw: bytes):
    text, spans = lines.styled(raw)
    assert offenders(text) == []
    assert len(text) <= 8 * lines.LINE_LIMIT + 40
    ends = [0]
    for span in spans:
        assert ends[-1] <= span.start < span.end <= len(text)
        assert span.style != styles.PLAIN
        ends.append(span.end)
    assert lines.plain_line(raw) == text
    assert lines.plain_line(text) == text


@given(HOSTILE)
def test_lines_may_be_given_as_text(hostile: str):
    assert offenders(lines.styled(hostile).text) == []


@given(HOSTILE_BYTES)
def test_for_terminal_lets_only_colours_pass(raw: bytes):
    written = lines.for_terminal(raw)
    rest, colours = re.subn(r"\x1b\[[0-9;]+m", "", written)
    assert offenders(rest) == []
    assert rest == lines.plain_line(raw)
    if colours:
        assert written.rfind("\x1b[0m") == written.rfind("\x1b[")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\n", "plain"),
        (b"crlf\r\n", "crlf"),
        (b"10 %\r50 %\r100 %\r\n", "100 %"),
        (b"\r\r", ""),
        (b"\x1b[2K\x1b[1Ga\x1b[2K\x1b[1Gb", "b"),
        (b"done\x1b[2K", ""),
        (b"Starting database ............\r[ OK ]\n", "[ OK ]ng database ............"),
        (b"100 items left\r 99 items left\r  5\n", "  5 items left"),
        (b"1000 B/s\r5 B/s\x1b[K", "5 B/s"),
        (b"a\x1b[5Cb", "a     b"),
        (b"a\x1b[10Gb\x1b[3Dc", "a      c b"),
        (b"abcdef\x1b[3D\x1b[K", "abc"),
        (b"abcdef\x1b[4D\x1b[1P", "abdef"),
        (b"abcdef\x1b[4D\x1b[2@xy", "abxycdef"),
        (b"abcdef\x1b[4D\x1b[2X", "ab  ef"),
        (b"abc\x1b[1K", "   "),
        (b"abc\x1b[2Jd", "abcd"),
        (b"abc\x1b[2D\x1b[J", "a"),
        (b"ab\x1b7cd\x1b8x", "abxd"),
        (b"ab\x1b[scd\x1b[ux", "abxd"),
        (b"a\x1b[3;7Hb\x1b[Hc", "a b c"),
        (b"a\x1b[99999999999999999999Cb", "ab"),
        (b"\ttab\rx", "x       tab"),
        (b"\x1b[31mred\r\x1b[32mg", "ged"),
        ("日本\rx".encode(), "x 本"),
        ("日本\r \x1b[1Cx".encode(), "  x "),
        ("ab\r\u0301x".encode(), "xb"),
        ("e\rab\b\u0301".encode(), "a\u0301b"),
        (b"|\b/\b-\b", "-"),
        (b"ab\b \b", "a "),
        (b"ab\b \bc", "ac"),
        (b"\b\bx", "x"),
        ("日\bx".encode(), " x"),
        (b"a\tb\tc", "a       b       c"),
        ("日\tb".encode(), "日      b"),
        (b"\x1b[31m\ta", "        a"),
        (b"\x1b]0;title\x07x\x1bP1$r\x1b\\y\x1b(Bz\x1b=", "xyz"),
        (b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"x\x1b]52;c;no end", "x^[]52;c;no end"),
        (b"x\x1b[12", "x^[[12"),
        (b"x\x1b", "x^["),
        (b"\x9b31m\xff", "\ufffd31m\ufffd"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        ("a\u200db\u202ec".encode(), "ab\\u202ec"),
        (b"a\nb", "a^Jb"),
        (b"\x00\x07", "^@^G"),
    ],
)
def test_line_is_shown_as_a_terminal_would_leave_it(raw: bytes, shown: str):
    assert lines.plain_line(raw) == shown


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("31", styles.Style(foreground="red")),
        ("91;104", styles.Style(foreground="bright_red", background="bright_blue")),
        ("1;2;3;4;7;9", styles.Style(bold=True, dim=True, italic=True, underline=True, reverse=True, strike=True)),
        ("1;22", styles.PLAIN),
        ("31;1;", styles.PLAIN),
        ("31;39;41;49", styles.PLAIN),
        ("38;5;200", styles.Style(foreground=200)),
        ("38;5;200;1", styles.Style(foreground=200, bold=True)),
        ("48;2;1;2;3;3", styles.Style(background=(1, 2, 3), italic=True)),
        ("38:2::1:2:3", styles.Style(foreground=(1, 2, 3))),
        ("38:2:1:2:3", styles.Style(foreground=(1, 2, 3))),
        ("38:5:7;1", styles.Style(foreground=7, bold=True)),
        ("4:3", styles.Style(underline=True)),
        ("4;4:0", styles.PLAIN),
        ("38;5;256", styles.PLAIN),
        ("38;2;1;2", styles.PLAIN),
        ("38;2;256;0;0", styles.PLAIN),
        ("38;2;0;0;256", styles.PLAIN),
        ("38:2::0:256:0", styles.PLAIN),
        ("38;9;1", styles.Style(bold=True)),
        ("38", styles.PLAIN),
        ("5;6;8;10;99999", styles.PLAIN),
    ],
)
def test_colours(parameters: str, style: styles.Style):
    text, spans = lines.styled(f"\x1b[{parameters}mx")
    assert text == "x"
    assert spans == (() if style == styles.PLAIN else (lines.StyledSpan(0, 1, style),))


@given(
    st.builds(
        styles.Style,
        st.none() | st.sampled_from(["red", "bright_white"]) | st.integers(0, 255) | st.just((1, 20, 255)),
        st.none() | st.sampled_from(["black", "bright_cyan"]) | st.integers(0, 255) | st.just((0, 0, 0)),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    )
)
def test_a_style_written_for_a_terminal_reads_back_as_itself(style: styles.Style):
    spans = lines.styled(f"{style.sgr}x").spans
    assert (spans[0].style if spans else styles.PLAIN) == style


def test_what_overwrites_has_its_own_colour():
    red, green = styles.Style(foreground="red"), styles.Style(foreground="green")
    assert lines.styled("\x1b[31mred\r\x1b[32mg") == (
        "ged",
        (lines.StyledSpan(0, 1, green), lines.StyledSpan(1, 3, red)),
    )


CURSOR = st.lists(
    st.sampled_from(["\r", "\b", "\t", "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[1;7m", "\x1b7", "\x1b8"])
    | st.builds("\x1b[{}{}".format, st.sampled_from(["", 1, 2, 5, 9]), st.sampled_from("CDGX@P"))
    | st.text("abcxyz ", max_size=9),
    max_size=20,
).map("".join)


@given(CURSOR)
@example("ab\x1b[9G\x1b[P\x1b[1Kx\x1b[5D\x1b[@y")
def test_a_line_is_what_a_terminal_shows_of_it(line: str):
    screen = pyte.Screen(400, 1)
    pyte.Stream(screen).feed(line)
    assert lines.plain_line(line).rstrip() == screen.display[0].rstrip()


@pytest.mark.parametrize("bar", [b"\r%4d of 9999", "\r%4d of 9999"])
def test_of_a_long_bar_its_end_tells_what_is_left(bar: bytes | str):
    states = [bar % number for number in range(9_000)]
    assert lines.plain_line(bar[:0].join(states)) == "8999 of 9999"
    assert lines.plain_line(b"x" * 5_000 + b"\rok") == "ok" + "x" * 4_998


def test_all_that_was_printed_is_there():
    assert lines.printed(b"Starting ...\r[ OK ]\x1b[31m red\x1b[2K") == "Starting ...\n[ OK ] red"


def test_a_line_may_begin_in_a_colour_and_in_the_middle():
    red = styles.Style(foreground="red")
    assert lines.styled(b"a\x1b[0mb", style=red) == ("ab", (lines.StyledSpan(0, 1, red),))
    assert lines.styled(b"a", 5, 12_000).text == "[12,000+ chars]… a …[+5 chars]"


def test_equal_runs_are_one_span_and_the_style_starts_anew():
    assert lines.styled("\x1b[1ma\x1b[1mb\x1b[0mc").spans == (lines.StyledSpan(0, 2, styles.Style(bold=True)),)
    assert lines.styled("d").spans == ()
    assert lines.for_terminal("\x1b[31ma\x1b[0mb\x1b[4mc") == "\x1b[31ma\x1b[0mb\x1b[4mc\x1b[0m"


def test_long_lines_are_cut_and_say_so():
    line = lines.styled(b"a" * (lines.LINE_LIMIT + 5))
    assert line.text == "a" * lines.LINE_LIMIT + " …[+5 chars]"
    assert line.spans == (lines.StyledSpan(lines.LINE_LIMIT, len(line.text), styles.DIM),)
    assert lines.plain_line(b"ab", more=1234567) == "ab …[+1,234,567 chars]"
    assert lines.plain_line(b"\x1b[1mb", more=3) == "b …[+3 chars]"


@pytest.mark.parametrize(
    "unit",
    [b"\x1b", b"\x1b]", b"\x1b[", b"\x1bP\x9d", b"\x1b[1m", b"\x1b[38;", b"\t", b"\xc2\x9b", b"a\b", b"\x1b(", b"\xff"],
)
def test_hostile_lines_are_bounded(unit: bytes):
    text = lines.plain_line(unit * (lines.LINE_LIMIT * 4 // len(unit)))
    assert offenders(text) == []
    assert len(text) <= 8 * lines.LINE_LIMIT + 40


@pytest.mark.parametrize("wall", [float("inf"), float("-inf"), float("nan"), 1e300, 1e18])
def test_time_of_day_beyond_all_calendars_is_dashes(wall: float):
    assert time_of_day(wall) == "--:--:--"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 s"),
        (0.3, "0.3 s"),
        (0.4, "0.4 s"),
        (9.99, "9.9 s"),
        (12.9, "12 s"),
        (59.99, "59 s"),
        (60, "1 m 00 s"),
        (185, "3 m 05 s"),
        (3599.9, "59 m 59 s"),
        (7800, "2 h 10 m"),
        (86399, "23 h 59 m"),
        (4 * 86400 + 3 * 3600 + 1, "4 d 3 h"),
        (-5, "0.0 s"),
        (float("nan"), "?"),
        (float("inf"), "?"),
    ],
)
def test_duration(seconds: float, shown: str):
    assert t.duration(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "< 0.1 s"), (0.099, "< 0.1 s"), (0.1, "0.1 s"), (60, "1 m 00 s")])
def test_what_is_too_short_to_be_told_is_not_told_as_no_time(seconds: float, shown: str):
    assert time_taken(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1599, "1.5 kB"),
        (12_000_000, "12 MB"),
        (9_999_999_999, "9.9 GB"),
        (10**19, "10000 PB"),
    ],
)
def test_size(amount: int, shown: str):
    assert t.size(amount) == shown


def test_counts():
    assert t.count(2000) == "2,000"
    assert t.plural(1, "node") == "1 node"
    assert t.plural(2000, "node") == "2,000 nodes"
    assert t.plural(0, "retry", "retries") == "0 retries"


def test_cell_width():
    assert t.cell_width("abc") == 3
    assert t.cell_width("日本") == 4
    assert t.cell_width("e\u0301") == 1
    assert t.cell_width("한") == t.cell_width("\u1112\u1161\u11ab") == 2
    assert t.cell_width("▶🚀") == 3


@given(HOSTILE.map(t.label), st.integers(-1, 30), st.sampled_from([IN_UNICODE, IN_ASCII]))
def test_fit_fits(text: str, width: int, look: Look):
    fitted = t.fit(text, width, look)
    assert t.cell_width(fitted) <= max(width, 0)
    if t.cell_width(text) <= width:
        assert fitted == text
    elif width > 0:
        assert fitted[-1] == look.glyphs.cut
        assert text.startswith(fitted[:-1])
        # Nothing more would have fitted.
        assert t.cell_width(text[: len(fitted)]) > width - 1
