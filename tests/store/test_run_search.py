from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.process_listing import alive
from support.waiting import wait_for

from dagtui.store import run_search
from dagtui.store.byte_search import occurs, occurs_folded
from dagtui.store.forked_search import UnreadableLogError, search_logs
from dagtui.store.regular_queries import compiled, is_quick, matching_text, needed, regular
from dagtui.store.run_search import matching_lines
from dagtui.text.lines import plain_line, printed

if TYPE_CHECKING:
    from pathlib import Path

PATTERNS = [
    *(
        "error",
        "Error",
        "e.r",
        "^a",
        "b$",
        "a|b",
        "(a|b)c",
        "x+y",
        "ab?c",
        "a{2}",
        r"\d+",
        "[ab]c",
        "ä",
        r"a\.b",
        "a b",
    ),
    *("a*", "^$", r"\bab\b", "(?:ab)+", r"[^a]b", r"[@-_]b", "[0-a]b", r"\x41b", "[ab-]c", "c??b", r"\[31m"),
    *(r"b\Z", r"\Ab", r"b(?!\s)", r"b(?=\s)", r"(?<=\s)b", "a[^b]*+$", "(?>a[^b]*)$"),
]
PIECES = [
    "a",
    "b",
    "c",
    "ab",
    "aab",
    "error",
    "ERROR",
    "x",
    "y",
    " ",
    ".",
    "1",
    "ä",
    "\x1b[31m",
    "\x1b[0m",
    "\r",
    "\x08",
]


def shown(line: bytes) -> list[str]:
    return [plain_line(line), *printed(line).split("\n")]


@given(
    pattern=st.sampled_from(PATTERNS),
    lines=st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=8),
    block=st.integers(1, 40),
    ends=st.booleans(),
)
def test_what_is_found_is_what_each_line_shows(
    pattern: str, lines: list[str], block: int, ends: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.log"
    content = "\n".join(lines) + "\n" * ends
    path.write_bytes(content.encode())
    flags = re.IGNORECASE if pattern == pattern.lower() else 0
    expected = [
        number
        for number, line in enumerate(content.encode().removesuffix(b"\n").split(b"\n"), 1)
        if content and any(re.search(pattern, text, flags) for text in shown(line))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_search, "_BLOCK", block)
        found = [line.number for line in matching_lines(path, regular(pattern))]
    assert found == expected


@given(st.text("abkB 1\0", max_size=3).map(str.encode), st.text("abkABK 1\0é", max_size=12).map(str.encode))
def test_a_word_occurs_where_python_finds_it(word: bytes, data: bytes) -> None:
    assert occurs(word, data) == (word in data)
    assert occurs_folded(word.lower(), data) == (word.lower() in data.lower())


@given(pattern=st.sampled_from(PATTERNS), text=st.lists(st.sampled_from(PIECES[:13]), max_size=8).map("".join))
def test_what_is_needed_is_in_everything_that_matches(pattern: str, text: str) -> None:
    words = needed(pattern)
    if words and re.search(pattern, text):
        assert any(word in text for word in words)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"FATAL \w+: not", ("FATAL ",)),
        ("error|exception", ("error", "exception")),
        ("ab?cd*ef+", ("ef",)),
        ("a|", ()),
        ("(a)b", ()),
        (r"\.log$", ("log",)),
        ("ä", ()),
    ],
)
def test_texts_that_are_needed_are_found(pattern: str, words: tuple[str, ...]) -> None:
    assert needed(pattern) == words


@pytest.mark.parametrize("pattern", ["step .+", r"error|warn(ing)?", r"^FATAL \w+: not$", "[*+]a{2}", r"a\*b*"])
def test_an_expression_with_one_repeat_is_quick(pattern: str) -> None:
    assert is_quick(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a?){30}b", "a.*b.*c", r"(.*)\1b", "[^b]*c", r"\s*x", "(?P<a>.*)(?P=a)b", r"[\s\S]*x", "(?s).*x"],
)
def test_an_expression_that_may_hold_a_screen_up_is_not_quick(pattern: str) -> None:
    assert not is_quick(pattern)


def test_numbers_hold_beyond_a_block_and_a_very_long_line(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    lines = ["x" * 3_000_000 + "needle", *("y" * 100 for _ in range(30_000)), "needle"]
    path.write_text("\n".join(lines) + "\n")
    found = list(matching_lines(path, regular("needle")))
    assert [line.number for line in found] == [1, 30_002]
    assert found[1].line == b"needle"


def test_the_text_that_matches_is_what_was_overwritten_if_only_that_does() -> None:
    line = b"\x1b[31mload  5 %\x1b[0m\rload 10 %\rdone\x1b[K"
    assert matching_text(compiled("don"), line) == ("done", (0, 3))
    assert matching_text(compiled("ad 1"), line) == ("load 10 %", (2, 6))
    assert matching_text(compiled("nowhere"), line) == ("done", (0, 0))


@pytest.mark.parametrize("word", ["a", "ä", "a\rb"])
@pytest.mark.parametrize(("pattern", "numbers"), [("", [1, 2, 3]), ("^$", [2]), ("x*$", [1, 2, 3])])
def test_empty_lines_are_lines_and_the_end_is_none(word: str, pattern: str, numbers: list[int], tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(f"{word}\n\n{word}\n")
    assert [line.number for line in matching_lines(path, regular(pattern))] == numbers


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        (r"b\Z", [3]),
        (r"\Afoo", [2]),
        (r"foo(?!\s)", [1]),
        (r"foo(?=\s)", [2]),
        (r"(?<=\n)foo", []),
        ("x[^y]*+$", [1]),
        ("(?!\n)$", [1, 2, 3, 4]),
    ],
)
def test_neighbours_of_a_line_are_nothing_to_an_expression(pattern: str, numbers: list[int], tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("x foo\nfoo bar\nab\n\n")
    assert [line.number for line in matching_lines(path, regular(pattern))] == numbers


def test_a_log_that_is_not_there_has_no_line(tmp_path: Path) -> None:
    assert list(matching_lines(tmp_path / "none.log", regular("a"))) == []


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_find_all_lines_in_the_order_of_the_logs(processes: int, tmp_path: Path):
    for log in range(100):
        (tmp_path / str(log)).write_text("nothing\n" * log + f"Found {log}\n" * (5000 if log == 41 else log % 3))
    found = list(search_logs(100, lambda log: tmp_path / str(log), regular("found"), processes))
    lines = [(one.log, line) for one in found for line in one.lines]
    assert [log for log, _ in lines] == [log for log in range(100) for _ in range(5000 if log == 41 else log % 3)]
    assert [line[:2] for log, line in lines if log == 50] == [(51, b"Found 50"), (52, b"Found 50")]


def test_a_log_that_cannot_be_read_is_named_by_the_process_that_searches(tmp_path: Path):
    (tmp_path / "60").mkdir()
    with pytest.raises(UnreadableLogError) as raised:
        list(search_logs(100, lambda log: tmp_path / str(log), regular("found"), 2))
    assert raised.value.log == 60


def test_processes_end_with_a_search_that_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    forked, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(fork()) or forked[-1])  # type: ignore[func-returns-value]
    for log in range(100):
        (tmp_path / str(log)).write_text("found and found again\n" * 2000)
    search = search_logs(100, lambda log: tmp_path / str(log), regular("found"), 2)
    next(search)
    search.close()  # type: ignore[attr-defined]
    assert len(forked) == 2
    for process in forked:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)


@pytest.mark.parametrize("pattern", ["a{99999999999999999999}", "(" * 3000 + ")" * 3000, "(", "(?L)a"])
def test_every_wrong_expression_is_refused_in_the_same_way(pattern: str):
    with pytest.raises(re.error):
        compiled(pattern)
    with pytest.raises(re.error):
        regular(pattern)


def test_an_expression_is_compiled_without_a_warning():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regular("[[a]b")
    assert not caught


@pytest.mark.parametrize("pattern", [r"\u00e9t", "(?u)ét", "(?u)(é)t", r"\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_codes_and_flags_that_only_texts_have_are_searched_for(pattern: str, tmp_path: Path):
    path = tmp_path / "a.log"
    path.write_text("nothing\nété\n")
    assert [line.number for line in matching_lines(path, regular(pattern))] == [2]


def test_processes_end_with_one_that_was_killed_though_they_find_nothing(tmp_path: Path, token: str):
    for log in range(32):
        with (tmp_path / str(log)).open("wb") as file:
            file.truncate(1 << 40)
    search = (
        "from pathlib import Path; from dagtui.store.forked_search import search_logs; "
        "from dagtui.store.regular_queries import regular; "
        f"next(search_logs(32, lambda log: Path({str(tmp_path)!r}) / str(log), regular('found'), 2))"
    )
    with subprocess.Popen([sys.executable, "-c", search, token]) as process:
        wait_for(lambda: len(alive(token)) == 3)
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not alive(token))
