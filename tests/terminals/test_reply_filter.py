"""The filter of a terminal's replies on its own: cut anywhere, unfinished, hostile."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.terminal_replies import REPLIES
from textual import events

from dagtui.tui.terminal.background import BackgroundTold
from dagtui.tui.terminal.keyboard import Keyboard
from dagtui.tui.terminal.replies import _PATIENCE as PATIENCE
from dagtui.tui.terminal.replies import Kind, ReplyFilter, Token

STRINGS = [f"\x1b{begin}X q retry A\x1b\\" for begin in "X^"]
"""Strings without any meaning (SOS and PM), which no terminal answers."""
C1 = {f"\x1b{chr(code - 0x40)}": chr(code) for code in range(0x80, 0xA0)}
KEYS = ["\x1b[A", "\x1b[1;5C", "\x1bOP", "\x1b[106u", "\x1b[<0;5;3M", "\x1b[200~text\x1b[201~", "\x1bx", "j"]


def tokens(*chunks: str) -> list[Token]:
    reply_filter = ReplyFilter()
    return [token for chunk in chunks for token in list(reply_filter.feed(chunk))]


def messages(*chunks: bytes) -> list[object]:
    keyboard = Keyboard()
    fed = [message for chunk in chunks for message in list(keyboard.feed(chunk))]
    return fed + list(keyboard.expire())


@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
def test_a_reply_cut_anywhere_gives_no_key(reply: str):
    for cut in range(len(reply) + 1):
        found = messages(b"a" + reply[:cut].encode(), reply[cut:].encode() + b"b")
        assert [message.key for message in found if isinstance(message, events.Key)] == ["a", "b"], cut


@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
def test_a_reply_of_which_only_the_beginning_comes_gives_no_key_but_what_it_may_have_been(reply: str):
    for cut in range(3, len(reply)):
        assert [message for message in messages(reply[:cut].encode()) if isinstance(message, events.Key)] == [], cut


@pytest.mark.parametrize(
    ("reply", "light"),
    [
        ("\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\", False),
        ("\x1b]11;rgb:fbfb/fbfb/fafa\x07", True),
        ("\x9d11;rgb:ff/ff/ff\x9c", True),
        ("\x1b]11;rgba:ffff/ffff/ffff/8000\x07", True),
        ("\x1b]11;rgb:0/f/0\x07", True),
        ("\x1b]11;rgb:0000/0000/ffff\x07", False),
    ],
    ids=ascii,
)
def test_the_answer_for_the_background_cut_anywhere_is_one(reply: str, light: bool):
    for cut in range(len(reply) + 1):
        found = messages(b"a" + reply[:cut].encode(), reply[cut:].encode() + b"b")
        assert [message.light for message in found if isinstance(message, BackgroundTold)] == [light], cut
        assert [message.key for message in found if isinstance(message, events.Key)] == ["a", "b"], cut


@pytest.mark.parametrize(
    "reply",
    ["\x1b]11;?\x07", "\x1b]11;rgb:12/34\x07", "\x1b]11;rgb:fffff/0/0\x07", "\x1b]10;rgb:ffff/ffff/ffff\x07",
     "\x1b]11;rgb:ffff/ffff/ffff\x18", "\x1b]11;rgb:" + "f" * 200 + "/0/0\x07", "\x1b]11;red\x07", "\x1b]11;rgb://\x07"],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_answer_for_the_background_says_nothing(reply: str):
    found = [message for cut in range(len(reply)) for message in messages(reply[:cut].encode(), reply[cut:].encode())]
    assert not any(isinstance(message, BackgroundTold) for message in found)


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_a_key_cut_anywhere_is_the_same_key(key: str):
    whole = "".join(token.text for token in tokens(key))
    for cut in range(1, len(key)):
        assert "".join(token.text for token in tokens(key[:cut], key[cut:])) == whole


@settings(deadline=None)
@given(st.lists(st.sampled_from([*REPLIES, *KEYS, "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x07"])), st.data())
def test_cutting_never_changes_what_was_done(parts: list[str], data: st.DataObject):
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in itertools.pairwise([0, *cuts, len(text)])]

    def done(found: list[Token]) -> list[tuple[Kind, str]]:
        kinds = itertools.groupby(found, lambda token: token.kind)
        return [
            (kind, "".join(token.text for token in group)) if kind is Kind.PLAIN else (kind, str([*group]))
            for kind, group in kinds
        ]

    assert done(tokens(*pieces)) == done(tokens(text))


@settings(deadline=None)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(["\x1b[", "\x1b]", "\x1b[200~", "\x1b[<", ";9999999999u"]).map(str.encode)
    )
)
def test_nothing_that_comes_raises(chunks: list[bytes]):
    messages(*chunks)


@settings(deadline=None)
@given(st.from_regex(r"\A\x1b\[[0-9:;]*[u~A-Z]\Z"))
def test_no_sequence_of_numbers_raises(sequence: str):
    messages(sequence.encode())


def test_what_is_unfinished_is_waited_for_only_so_long():
    reply_filter = ReplyFilter()
    assert reply_filter.patience is None
    for unfinished, done in {
        "\x1b": [Token(Kind.ESCAPE)],
        "\x1b[?62": [],
        "\x1b]11;rgb": [],
        "\x1b]11;rgb\x1b": [],
        "\x1b[200~text": [Token(Kind.PASTE, "text")],
    }.items():
        assert list(reply_filter.feed(unfinished)) == []
        assert reply_filter.patience is not None
        assert list(reply_filter.expire()) == done
        # The rest of a sequence of which a key was made is still waited for, which nobody notices.
        assert list(reply_filter.expire()) == []
        assert reply_filter.patience is None


@pytest.mark.parametrize("second", "[]PX^_O")
def test_escape_and_what_begins_a_sequence_are_two_keys_when_none_follows(second: str):
    reply_filter = ReplyFilter()
    assert list(reply_filter.feed(f"\x1b{second}")) == []
    assert list(reply_filter.expire()) == [Token(Kind.ESCAPE)]
    assert reply_filter.patience == PATIENCE
    assert list(reply_filter.expire()) == [Token(Kind.PLAIN, second)]
    assert list(reply_filter.expire()) == []
    assert reply_filter.patience is None


HARMLESS = {"escape", "left_square_bracket", "right_square_bracket", "semicolon", *"0123456789", "P", "O", "underscore"}
"""Keys that a reply in pieces may become: they go back, choose a tab or an attempt, show a line, or do nothing."""


def keys_with_pauses(text: str, pauses: set[int]) -> list[str]:
    """The keys of a text of which every piece comes after the one before was given up."""
    keyboard = Keyboard()
    found: list[object] = []
    ends = sorted({*pauses, len(text)})
    for start, end in itertools.pairwise([0, *ends]):
        found += keyboard.feed(text[start:end].encode())
        if end < len(text) and keyboard.replies.patience is not None and keyboard.replies.patience < 0.5:
            found += keyboard.expire()
    return [message.key for message in found if isinstance(message, events.Key)]


def is_harmless(key: str) -> bool:
    return key in HARMLESS


@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
def test_a_reply_with_one_long_pause_anywhere_gives_no_key_that_does_something(reply: str):
    for cut in range(1, len(reply)):
        keys = keys_with_pauses(f"{reply}j", {cut})
        assert keys[-1] == "j", cut
        assert all(map(is_harmless, keys[:-1])), (cut, keys)
        assert cut < 3 or len(keys) == 1, (cut, keys)


@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
def test_a_reply_of_single_bytes_with_long_pauses_gives_no_key_that_does_something(reply: str):
    keys = keys_with_pauses(f"{reply}j", set(range(len(reply) + 1)))
    assert keys[-1] == "j"
    assert all(map(is_harmless, keys[:-1])), keys


@pytest.mark.torture
@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
def test_a_reply_with_any_two_long_pauses_gives_no_key_that_does_something(reply: str):
    for pauses in itertools.combinations(range(1, len(reply)), 2):
        keys = keys_with_pauses(f"{reply}j", set(pauses))
        assert keys[-1] == "j", pauses
        assert all(map(is_harmless, keys[:-1])), (pauses, keys)


def test_an_escape_waits_longer_while_an_answer_is_on_its_way():
    keyboard = Keyboard()
    keyboard.replies.awaiting = True
    list(keyboard.feed(b"\x1b"))
    assert keyboard.replies.patience > 0.5
    list(keyboard.feed(b"[?2026;2$y\x1b"))
    assert not keyboard.replies.awaiting
    assert keyboard.replies.patience < 0.5


@pytest.mark.parametrize(
    ("pieces", "keys"),
    [
        (["\x1b", "[", "x"], ["escape", "left_square_bracket", "x"]),
        (["\x1b", "]", "r"], ["escape", "right_square_bracket", "r"]),
        (["\x1b", "[", "2", "j"], ["escape", "left_square_bracket", "2"]),  # the price: one key too few
        (["\x1b", "[", "2", "\x1b", "x"], ["escape", "left_square_bracket", "2", "escape", "x"]),
        (["\x1b", "P", "x"], ["escape", "P", "x"]),
        (["\x1b", "O", "B"], ["escape", "O", "down"]),
        (["\x1b", "j"], ["escape", "j"]),
        (["\x1b", "\x1b[A"], ["escape", "up"]),
        (["\x1b]11;rgb:ff", "\x03", "j"], ["j"]),  # a control key ends what only looked like a string
        (["\x1b]11;rgb:ff", "\x1b", "x"], ["escape", "x"]),
    ],
)
def test_what_a_person_types_after_escape_is_still_theirs(pieces: list[str], keys: list[str]):
    keyboard = Keyboard()
    found: list[object] = []
    for piece in pieces:
        found += keyboard.feed(piece.encode())
        if keyboard.replies.patience is not None and keyboard.replies.patience < 0.5:
            found += keyboard.expire()
    assert [message.key for message in found if isinstance(message, events.Key)] == keys


def test_escape_twice_and_escape_before_an_arrow_keep_both():
    assert tokens("\x1b\x1b[A") == [Token(Kind.ESCAPE), Token(Kind.PLAIN, "\x1b[A")]
    assert tokens("\x1b\x1bx") == [Token(Kind.ESCAPE), Token(Kind.ESCAPE), Token(Kind.PLAIN, "x")]


TYPED = [chr(code) for code in range(0x7F) if chr(code) not in "[]PX^_O\\\x08"] + ["é", "日"]
"""What is typed behind Esc, but for what begins a sequence."""


@pytest.mark.parametrize("character", TYPED, ids=ascii)
def test_escape_and_a_key_at_once_are_both_of_them(character: str):
    for typed in (f"\x1b{character}j", f"ab\x1b{character}j"):
        for cut in range(len(typed) + 1):
            found = tokens(typed[:cut], typed[cut:])
            assert "".join("^" if token.kind is Kind.ESCAPE else token.text for token in found) == typed.replace(
                "\x1b", "^"
            )


@pytest.mark.parametrize("typed", ["Pj", "]j", "Oé", "_j", "X\r", "Xj\r", "^\t"])
def test_escape_and_what_begins_a_string_are_keys_when_no_string_follows(typed: str):
    assert tokens(f"\x1b{typed}") == [Token(Kind.ESCAPE), Token(Kind.PLAIN, typed)]


def test_a_word_is_still_deleted_by_alt_and_backspace():
    assert [message.key for message in messages(b"\x1b\x7f")] == ["alt+backspace"]


def test_a_sequence_too_long_to_be_one_gives_no_keys():
    assert tokens("\x1b[1", *["1" * 1000] * 5, "A", "j") == [Token(Kind.PLAIN, "j")]


def test_memory_stays_bounded():
    reply_filter = ReplyFilter()
    for start in ["\x1b[", "\x1b]11;", "\x1b[200~"]:
        assert list(reply_filter.feed(start)) == []
        for _ in range(300):
            assert list(reply_filter.feed("1" * 10_000)) == []
            assert len(reply_filter._held) < 1000
        pasted = [token for token in reply_filter.expire() if token.kind is Kind.PASTE]
        assert all(len(token.text) <= 1 << 20 for token in pasted)


def test_numbers_that_are_no_characters_are_dropped():
    assert tokens("\x1b[1114112u\x1b[106;5;99999999u") == []


@pytest.mark.parametrize(
    "typed",
    ["\u202e", "\u200b", "\U000e0041", "\x85", "\x1b[8238u", "\x1b[97;;8238u", "\x1b[200~\u202e\u2066\ufeff\x1b[201~"],
)
def test_what_hides_or_reorders_is_neither_typed_nor_pasted(typed: str):
    found = messages(f"a{typed}b".encode())
    said = [(message.character or "") if isinstance(message, events.Key) else message.text for message in found]
    assert "".join(said).strip("a") == "b"


def eight_bits(reply: str) -> str:
    """The same with codes of C1 in place of what begins with an escape."""
    return re.sub(r"\x1b[@-_]", lambda found: C1[found[0]], reply)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("reply", [*REPLIES, *STRINGS], ids=ascii)
def test_a_reply_in_eight_bits_cut_anywhere_gives_no_key(reply: str, encoding: str):
    data = eight_bits(reply).encode(encoding)
    assert b"\x1b" not in data
    for cut in range(len(data) + 1):
        found = messages(b"a" + data[:cut], data[cut:] + b"b")
        assert [message.key for message in found if isinstance(message, events.Key)] == ["a", "b"], cut


@pytest.mark.parametrize("reply", REPLIES, ids=ascii)
def test_a_reply_in_eight_bits_with_a_long_pause_gives_no_key_that_does_something(reply: str):
    reply = eight_bits(reply)
    for cut in range(1, len(reply)):
        keys = keys_with_pauses(f"{reply}j", {cut})
        assert keys[-1] == "j", cut
        assert all(map(is_harmless, keys[:-1])), (cut, keys)


@pytest.mark.parametrize("string", STRINGS, ids=ascii)
def test_strings_of_no_meaning_in_pieces_give_no_key(string: str):
    for first, second in itertools.combinations(range(len(string) + 1), 2):
        pieces = [string[:first], string[first:second], string[second:]]
        found = messages(*[piece.encode() for piece in pieces], b"j")
        assert [message.key for message in found if isinstance(message, events.Key)] == ["j"], pieces


@pytest.mark.parametrize("string", STRINGS, ids=ascii)
def test_a_string_of_no_meaning_after_a_late_escape_gives_no_key_but_that(string: str):
    assert keys_with_pauses(f"{string}j", {1}) == ["escape", "j"]


def test_keys_in_eight_bits_are_keys():
    found = messages(b"\x9bA\xc2\x9b1;5C\x8fP\x9b106uj")
    assert [message.key for message in found] == ["up", "ctrl+right", "f1", "j", "j"]


def test_a_paste_ends_as_it_began():
    assert [
        (token.kind, token.text) for token in tokens("\x1b[200~X\x9b201~q\x1b[201~\x9b200~q\x1b[201~r\x9b201~")
    ] == [
        (Kind.PASTE, "X201~q"),
        (Kind.PASTE, "q[201~r"),
    ]
