"""Damaged journals: read up to the last whole line before the damage, the rest set aside, or clearly refused."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.golden_journals import NAMES, golden
from support.journals import read_journal, read_through
from support.long_forms import mostly_long

from dagtui.store import journal as journal_module
from dagtui.store import journal_scan as skim_module
from dagtui.store.errors import StoreError
from dagtui.store.journal import JournalFollower, JournalWriter, set_aside
from dagtui.store.journal_scan import scan_journal

if TYPE_CHECKING:
    from collections.abc import Callable


def check(damaged: bytes, original: bytes, *, follow: bool = True) -> int:
    """What holds for any damage; returns how many lines of the original were recovered."""
    whole = original.splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal.jsonl")
        path.write_bytes(damaged)
        try:
            reading = read_journal(path)
        except StoreError:
            with pytest.raises(StoreError, match="can't read the journal"):
                scan_journal(path)
            return 0
        # Nothing is made up, nothing is out of its place, and nothing before the damage is lost.
        count = len(reading.records)
        assert damaged.startswith(b"".join(whole[:count]))
        assert reading.size == len(b"".join(whole[:count]))
        assert [record["seq"] for record in reading.records] == list(range(1, count + 1))
        assert damaged.startswith(b"".join(whole[: count + 1])) is (count == len(whole))
        assert (reading.problem is None) == (reading.size == len(damaged) > 0)
        found = scan_journal(path)
        assert (found.lines, found.problem is None) == (count, reading.problem is None)
        if follow:
            check_follower(path, reading.records)
        check_recovery(path, damaged, reading.size)
        return count


def check_follower(path: Path, records: list[dict[str, object]]) -> None:
    follower = JournalFollower(path)
    seen: list[dict[str, object]] = []
    for _ in range(20):
        new = follower.poll()
        seen = [] if new is None else seen + new
        if follower.problem is not None:
            break
    assert seen == records
    follower.close()


def check_recovery(path: Path, damaged: bytes, size: int) -> None:
    if size == 0:
        with pytest.raises(StoreError):
            JournalWriter.reopen(read_through(path))
        if damaged:
            with pytest.raises(StoreError, match="no line of it is intact"):
                set_aside(read_through(path))
            assert path.read_bytes() == damaged
        return
    reader = read_through(path)
    aside = set_aside(reader)
    assert (aside is None) == (size == len(damaged))
    if aside is not None:
        assert aside.read_bytes() == damaged[size:]
    assert path.read_bytes() == damaged[:size]
    writer = JournalWriter.reopen(reader)
    writer.write([(1.0, '"event":"note","text":"goes on"')])
    writer.close()
    assert read_journal(path).problem is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", mostly_long([1, 4], [4]))
def test_the_end_cut_at_every_byte(name: str, step: int):
    content = golden(name)
    tail = len(content.splitlines(keepends=True)[-1])
    for length in (*range(len(content) - tail, len(content), step), len(content) - 1, len(content)):
        assert check(content[:length], content) == content[:length].count(b"\n")


def flip(content: bytes, pick: random.Random) -> bytes:
    position = pick.randrange(len(content))
    return content[:position] + bytes([content[position] ^ (1 << pick.randrange(8))]) + content[position + 1 :]


def zeros(content: bytes, pick: random.Random) -> bytes:
    """As after a loss of power: the file has its new length, but not the blocks."""
    start = pick.randrange(len(content))
    length = pick.choice([1, 64, 512, 4096, len(content)])
    return content[:start] + bytes(len(content[start : start + length])) + content[start + length :]


def zeros_at_the_end(content: bytes, pick: random.Random) -> bytes:
    return content + bytes(pick.randrange(1, 5000))


def line_again(content: bytes, pick: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    number = pick.randrange(len(lines))
    return b"".join([*lines[: number + 1], *lines[number:]])


def line_missing(content: bytes, pick: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[pick.randrange(len(lines))]
    return b"".join(lines)


def lines_swapped(content: bytes, pick: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    number = pick.randrange(len(lines) - 1)
    lines[number : number + 2] = lines[number + 1], lines[number]
    return b"".join(lines)


def garbage(content: bytes, pick: random.Random) -> bytes:
    position = pick.randrange(len(content) + 1)
    return content[:position] + pick.randbytes(pick.randrange(1, 300)) + content[position:]


def cut_out(content: bytes, pick: random.Random) -> bytes:
    start = pick.randrange(len(content))
    return content[:start] + content[start + pick.randrange(1, 500) :]


def newline_lost(content: bytes, pick: random.Random) -> bytes:
    places = [position for position, byte in enumerate(content) if byte == 10]
    position = pick.choice(places)
    return content[:position] + content[position + 1 :]


def two_writers(content: bytes, pick: random.Random) -> bytes:
    """Another journal's lines between this one's, in pieces."""
    other = golden(pick.choice(NAMES))
    position, piece = pick.randrange(len(content)), pick.randrange(1, 400)
    start = pick.randrange(len(other))
    return content[:position] + other[start : start + piece] + content[position:]


def windows_lines(content: bytes, _pick: random.Random) -> bytes:
    return content.replace(b"\n", b"\r\n")


def byte_order_mark(content: bytes, _pick: random.Random) -> bytes:
    return b"\xef\xbb\xbf" + content


def giant_line(content: bytes, pick: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    lines.insert(pick.randrange(len(lines) + 1), b"x" * 300_000 + b"\n")
    return b"".join(lines)


def nothing_left(_content: bytes, _pick: random.Random) -> bytes:
    return b""


DAMAGES = [
    flip, zeros, zeros_at_the_end, line_again, line_missing, lines_swapped, garbage, cut_out, newline_lost, two_writers,
    windows_lines, byte_order_mark, giant_line, nothing_left,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_anywhere(damage: Callable[[bytes, random.Random], bytes], monkeypatch: pytest.MonkeyPatch):
    for module in (journal_module, skim_module):
        monkeypatch.setattr(module, "LONGEST_LINE", 100_000)
    pick = random.Random(damage.__name__)
    for _ in range(25):
        content = golden(pick.choice(NAMES))
        damaged = damage(content, pick)
        if damaged != content:
            check(damaged, content, follow=damage is not giant_line)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.sampled_from(NAMES), st.lists(st.sampled_from(DAMAGES), min_size=2, max_size=4), st.integers(0, 2**32))
def test_several_damages_at_once(name: str, damages: list[Callable[[bytes, random.Random], bytes]], seed: int):
    pick = random.Random(seed)
    content = golden(name)
    damaged = content
    for damage in damages:
        if damaged.count(b"\n") > 2:
            damaged = damage(damaged, pick)
    check(damaged, content, follow=False)


@pytest.mark.torture
@settings(derandomize=False, deadline=None, max_examples=20_000)
@given(st.sampled_from(NAMES), st.lists(st.sampled_from(DAMAGES), min_size=1, max_size=5), st.integers(0, 2**32))
def test_damages_without_end(name: str, damages: list[Callable[[bytes, random.Random], bytes]], seed: int):
    test_several_damages_at_once.hypothesis.inner_test(name, damages, seed)  # type: ignore[attr-defined]


def test_a_file_of_absurd_size_is_refused_in_little_memory(tmp_path: Path):
    import tracemalloc

    path = tmp_path / "journal.jsonl"
    path.write_bytes(golden("demo"))
    with path.open("r+b") as file:
        file.truncate(200 << 30)  # a hole of 200 GB
    tracemalloc.start()
    try:
        reading = read_journal(path)
        found = scan_journal(path)
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()
    assert reading.size == len(golden("demo"))
    assert reading.problem is not None
    assert found.lines == len(reading.records)
    assert len(reading.torn) <= 1_048_576
    follower = JournalFollower(path)
    assert follower.poll() == reading.records
    assert follower.poll() == []
    assert follower.problem is not None
    follower.close()


def test_a_deeply_nested_line_is_damage(tmp_path: Path):
    import zlib

    path = tmp_path / "journal.jsonl"
    head = b'{"seq":2,"time":1.0,"event":' + b"[" * 100_000
    first = golden("demo").splitlines(keepends=True)[0]
    path.write_bytes(first + b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)))
    assert len(read_journal(path).records) == 1
    assert scan_journal(path).lines == 1
