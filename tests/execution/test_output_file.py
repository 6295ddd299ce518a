"""The file that `$DAGTUI_OUTPUT` names: what is read of any content, and how attempts hand it on."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.executor_harness import served

from dagtui.engine.messages import Ended, EndKind, Remark
from dagtui.execution.local.command import OUTPUT, Program
from dagtui.execution.local.output_content import LARGEST
from dagtui.execution.local.output_file import parse_output, read_output, remove_values
from dagtui.execution.local.submitted import SubmittedAttempt, SubmittedAttempts
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20)
PIECES = st.sampled_from(
    [b"a=1\n", b"a<<E\n", b"E\n", b"\r\n", b"\n", b"\0", b"\xff", b"b=", b"<<", b"=", b"x\r", b"\xef\xbb\xbf"]
)


def said(content: bytes) -> str:
    return parse_output(content).remark


READ: list[tuple[bytes, dict[str, str]]] = [
    (b"", {}),
    (b"\n\n", {}),
    (b"a=1", {"a": "1"}),
    (b"a=1\nb=2\n", {"a": "1", "b": "2"}),
    (b"a=\n", {"a": ""}),
    (b"a= x \n", {"a": " x "}),
    (b"a=b=c<<d\n", {"a": "b=c<<d"}),
    (b"a=1\na=2\n", {"a": "2"}),
    (b"a<<E\n1\n2\nE\nb=3\n", {"a": "1\n2", "b": "3"}),
    (b"a<<E\nE\n", {"a": ""}),
    (b"a<<E\n\nE", {"a": ""}),
    (b"a<<E\na=1\nE \nE\n", {"a": "a=1\nE "}),
    (b"a<<two words\nx\ntwo words\n", {"a": "x"}),
    (b"a=1\r\nb<<E\r\nx\r\ny\r\nE\r\n", {"a": "1", "b": "x\ny"}),
    (b"a=x\ry\n", {"a": "x\ry"}),
    (b"\xef\xbb\xbfa=\xc3\xa9\n", {"a": "é"}),
    (b"a=\x1b[31m\tred\n", {"a": "\x1b[31m\tred"}),
    (b"val.loss=0.1\nf1-macro=2\n_x=3\n", {"val.loss": "0.1", "f1-macro": "2", "_x": "3"}),
]


def test_values_are_read():
    assert [(content, parse_output(content)) for content, _ in READ] == [
        (content, (found, "")) for content, found in READ
    ]


LEFT_OUT: list[tuple[bytes, dict[str, str], str]] = [
    (b"a\n", {}, 'line 1 is not KEY=VALUE: "a"'),
    (b"x=1\na = 2\n", {"x": "1"}, 'line 2 is not KEY=VALUE: "a = 2"'),
    (b"1a=2\n", {}, 'line 1 is not KEY=VALUE: "1a=2"'),
    (b"=2\n", {}, 'line 1 is not KEY=VALUE: "=2"'),
    (b"a<<\nx=1\n", {"x": "1"}, 'line 1 is not KEY=VALUE: "a<<"'),
    (b"x=1\na<<E\nb=1\n", {"x": "1"}, 'line 2 begins a block, but no line "E" ends it'),
    (b"a=1\nb=\0\nc=3\n", {"a": "1", "c": "3"}, 'the value of "b" in line 2 contains the character NUL'),
    (b"a=1\na=\xff\n", {"a": "1"}, 'the value of "a" in line 2 is not valid UTF-8'),
    (b"\x1b[2J\n", {}, "line 1 is not KEY=VALUE"),
    (b"k" * 201 + b"=1\n", {}, "line 1 is not KEY=VALUE"),
]


def test_what_can_not_be_read_is_left_out_and_said():
    for content, values, remark in LEFT_OUT:
        found = parse_output(content)
        assert found.values == values
        assert remark in found.remark
        assert found.remark.startswith("$DAGTUI_OUTPUT: ")
        assert found.remark.isprintable()


def test_so_many_names_that_a_run_would_stand_still_give_nothing():
    names = [b"k%d=\n" % number for number in range(10_001)]
    assert len(parse_output(b"".join(names[1:])).values) == 10_000
    assert parse_output(b"".join(names)) == (
        {},
        "no value is taken from $DAGTUI_OUTPUT: it has 10,001 names, and at most 10,000 are taken",
    )


def test_of_many_problems_the_first_are_said():
    assert said(b"bad\n" * 1003).endswith("; and 1,000 more problems")
    assert len(said(b"x" * LARGEST)) < 500


@given(st.dictionaries(KEYS, TEXTS, max_size=8), st.booleans())
def test_what_is_written_is_read(values: dict[str, str], blocks: bool):
    lines = [
        f"{key}<<=end=\n{text}\n=end=\n" if blocks or "\n" in text else f"{key}={text}\n"
        for key, text in values.items()
    ]
    found = parse_output("".join(lines).encode())
    assert found == (values, "")


@given(st.one_of(st.binary(), st.lists(PIECES, max_size=30).map(b"".join)))
@example(b"a<<E")
@example(b"a<<E\r\nE\r")
def test_any_bytes_give_values_that_can_be_handed_on(content: bytes):
    found = parse_output(content)
    for key, text in found.values.items():
        assert key.isascii()
        assert "\0" not in text
        assert json.loads(json.dumps(text)) == text
        text.encode()
    assert label(found.remark, 1000) == found.remark


HOSTILE = [
    b"".join(b"k%d=%d\n" % (n, n) for n in range(70_000)),
    b"k<<E\n" * (LARGEST // 5),
    b"".join(b"k%d<<E%d\n" % (n, n) for n in range(60_000)),
    b"k<<E\n" + b"x\n" * (LARGEST // 2 - 4),
    b"\n" * LARGEST,
    b"=" * LARGEST,
    b"<" * LARGEST,
    b"a" * LARGEST,
    b"a=" + b"\r" * (LARGEST - 2),
    b"a=" + b"\x1b" * (LARGEST - 2),
    bytes(LARGEST),
]


def test_hostile_files_take_no_longer_than_a_few_passes_over_them():
    for content in HOSTILE:
        assert len(content) <= LARGEST
        begin = time.process_time()
        found = parse_output(content)
        assert time.process_time() - begin < 5, "this takes a fraction of a second, and minutes if it is quadratic"
        assert len(found.remark) < 500


def test_a_file_that_is_too_large_or_no_file_gives_nothing(tmp_path: Path):
    large, link, fifo = tmp_path / "large", tmp_path / "link", tmp_path / "fifo"
    large.write_bytes(b"a=1\n" + b"x" * LARGEST)
    (tmp_path / "good").write_bytes(b"a=1\n")
    link.symlink_to(tmp_path / "good")
    os.mkfifo(fifo)
    assert read_output(str(tmp_path / "missing")) == ({}, "")
    assert read_output(str(large)) == ({}, "no value is taken from $DAGTUI_OUTPUT: it has more than 1,048,576 bytes")
    for path in (link, fifo, tmp_path):
        found = read_output(str(path))
        assert found.values == {}
        assert found.remark.startswith("no value is taken from $DAGTUI_OUTPUT: ")
    exact = tmp_path / "exact"
    exact.write_bytes(b"a=" + b"x" * (LARGEST - 2))
    assert len(read_output(str(exact)).values["a"]) == LARGEST - 2


@pytest.mark.anyio
async def test_a_success_hands_its_values_on(tmp_path: Path):
    command = 'echo a=1 >> "$DAGTUI_OUTPUT"; (echo b=2 >> "$DAGTUI_OUTPUT") & wait; echo bad >> "$DAGTUI_OUTPUT"'
    async with served(tmp_path, command, "true") as harness:
        harness.start_all()
        assert (await harness.ended(0)).outputs == {"a": "1", "b": "2"}
        assert (await harness.ended(1)).outputs == {}
        remarks = [result.text for result in harness.of(0) if isinstance(result, Remark)]
        assert remarks == ['$DAGTUI_OUTPUT: line 3 is not KEY=VALUE: "bad"']


LEAVER = """
(trap 'echo late=1 >> "$DAGTUI_OUTPUT"; exit' TERM; touch up; while :; do sleep 0.01; done) &
while [ ! -e up ]; do sleep 0.01; done
"""


@pytest.mark.anyio
async def test_what_a_process_left_behind_wrote_counts(tmp_path: Path):
    async with served(tmp_path, LEAVER) as harness:
        harness.start(0)
        end = await harness.ended()
        assert (end.left > 0, end.outputs) == (True, {"late": "1"})


FAILS_ONCE = """
if [ $DAGTUI_ATTEMPT = 1 ]; then echo a=1 > "$DAGTUI_OUTPUT"; exit 1; fi
echo b=$DAGTUI_ATTEMPT >> "$DAGTUI_OUTPUT"
"""


@pytest.mark.anyio
async def test_a_failure_hands_nothing_on_and_a_later_attempt_only_its_own(tmp_path: Path):
    async with served(tmp_path, FAILS_ONCE) as harness:
        harness.start(0)
        assert (await harness.ended()).outputs == {}
        (tmp_path / "0-2.env").write_text("left=behind\n")
        harness.start(0, attempt=2)
        assert (await harness.ended(attempt=2)).outputs == {"b": "2"}


def submitted(path: Path) -> tuple[SubmittedAttempts, list[tuple[Ended, str]]]:
    """Return two attempts that have begun and write values to a file, and the reads that were asked for."""
    path.write_text("a=1\n")
    reads: list[tuple[Ended, str]] = []
    attempts = SubmittedAttempts(lambda _end: None, lambda end, read: reads.append((end, read)))
    for node in (0, 1):
        env = {OUTPUT: str(path) if not node else str(path.with_name("missing"))}
        attempts.add(node, 1, SubmittedAttempt((), node, Program("", ()), env))
        attempts.handlers["begun"](node, 1)
    attempts.happened.clear()
    return attempts, reads


def test_an_end_counts_as_reported_once_its_values_are_read(tmp_path: Path):
    attempts, reads = submitted(tmp_path / "values")
    attempts.handlers["exited"](0, 1, 0, 1.0, 0, False)
    attempts.handlers["exited"](1, 1, 0, 1.0, 0, False)
    assert [result.node for result in attempts.happened] == [1]
    assert attempts.delivered == 0, "the supervisor must keep an end that may not be on record"
    ((end, path),) = reads
    attempts.take_output(end, read_output(path))
    assert attempts.delivered == 2
    last = attempts.happened[-1]
    assert isinstance(last, Ended)
    assert (last.node, last.outputs) == (0, {"a": "1"})
    assert not attempts


def test_an_end_whose_values_are_being_read_is_delivered_once_although_the_supervisor_dies(tmp_path: Path):
    attempts, reads = submitted(tmp_path / "values")
    attempts.handlers["exited"](0, 1, 0, 1.0, 0, False)
    attempts.close()
    ends = [result for result in attempts.happened if isinstance(result, Ended)]
    assert [(end.node, end.kind, dict(end.outputs)) for end in ends] == [
        (0, EndKind.EXIT, {"a": "1"}),
        (1, EndKind.LOST, {}),
    ]
    ((end, path),) = reads
    attempts.happened.clear()
    attempts.take_output(end, read_output(path))
    assert not attempts.happened


@pytest.mark.anyio
async def test_values_are_read_although_no_thread_can_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", refuse, raising=False)
    async with served(tmp_path, 'echo a=1 > "$DAGTUI_OUTPUT"') as harness:
        harness.start(0)
        assert (await harness.ended()).outputs == {"a": "1"}


def test_a_device_in_place_of_the_values_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    removed: list[str] = []
    monkeypatch.setattr(os, "unlink", removed.append)  # else a wrong answer would cost this machine its device
    values = tmp_path / "values"
    values.touch()
    for path in (os.devnull, os.fspath(tmp_path / "none"), os.fspath(values)):
        remove_values(path)
    assert removed == [os.fspath(values)]
