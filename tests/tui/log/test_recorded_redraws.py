"""Programs that redraw lines, byte for byte as they were recorded: the log against a terminal, while it grows."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pyte
import pytest
from support.long_forms import mostly_long

from dagtui.report.shown_lines import FinalLines
from dagtui.store.log_queries import query
from dagtui.store.logs import LogReader
from dagtui.text.amounts import CellWidth
from dagtui.text.lines import plain_line
from dagtui.tui.lines.rows import row
from dagtui.tui.log.document import LogDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = Path(__file__).with_name("recorded")
NAMES = sorted(path.name for path in RECORDED.iterdir() if not path.suffix)
STEPS = 40


def cuts(data: bytes) -> list[int]:
    """Return ends of pieces, some of them inside of a control sequence or a character."""
    pick = random.Random(len(data))
    escapes = [at + 1 for at in range(len(data)) if data[at] == 0x1B]
    inside = pick.sample(escapes, min(len(escapes), STEPS))
    anywhere = pick.sample(range(1, len(data)), min(len(data) - 1, STEPS))
    return sorted({*inside, *anywhere, len(data)})


def growing(data: bytes, path: Path) -> Iterator[tuple[int, LogReader, LogDocument]]:
    """Yield how much was printed, and the log as the pane has it then."""
    document = LogDocument()
    document.log = log = LogReader(path)
    start = 0
    for end in cuts(data):
        with path.open("ab") as file:
            file.write(data[start:end])
        start = end
        change = log.refresh()
        if change.redrawn is not None:
            document.forget_from(change.redrawn)
        yield end, log, document
    log.close()


def without_blank_end(lines: list[str]) -> list[str]:
    return "\n".join(line.rstrip() for line in lines).rstrip("\n").split("\n")


class Terminal:
    """A terminal that is told what was printed, piece by piece."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(200, 60)
        self._stream = pyte.ByteStream(self._screen)

    def lines_after(self, data: bytes) -> list[str]:
        self._stream.feed(data)
        return without_blank_end(self._screen.display)


def on_a_terminal(data: bytes) -> list[str]:
    return Terminal().lines_after(data)


@pytest.mark.parametrize("name", mostly_long(NAMES, NAMES[::2]))
def test_the_pane_shows_at_each_moment_what_a_terminal_shows(name: str, tmp_path: Path):
    data = RECORDED.joinpath(name).read_bytes()
    terminal, start = Terminal(), 0
    for end, _, document in growing(data, tmp_path / "log"):
        shown = [document.line(number).text for number in range(document.line_count)]
        assert without_blank_end(shown) == terminal.lines_after(data[start:end]), data[max(0, end - 100) : end]
        start = end


@pytest.mark.parametrize("name", NAMES)
def test_logs_prints_the_last_state_once(name: str):
    data = RECORDED.joinpath(name).read_bytes()
    final = FinalLines(colours=False)
    lines = [line for at in range(0, len(data), 100) for line in final.feed(data[at : at + 100])]
    lines += final.rest()
    assert without_blank_end(lines) == on_a_terminal(data)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docker-pull", "Waiting"),
        ("docker-build", "fetch 3"),
        ("podman-pull", "Copying blob c3"),
        ("rich-progress", "verify"),
        ("tqdm-positions", "bar 2:   0%"),
        ("npm-install", "⠙"),
    ],
)
def test_find_sees_states_that_were_drawn_over(name: str, text: str, tmp_path: Path):
    data = RECORDED.joinpath(name).read_bytes()
    path = tmp_path / "log"
    path.write_bytes(data)
    log = LogReader(path)
    log.refresh()
    assert text not in "\n".join(on_a_terminal(data))
    assert log.find_next(query(text), 0, 1_000_000).line is not None
    log.close()


def test_the_last_lines_are_not_the_blank_ones_that_a_removed_block_leaves(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(RECORDED.joinpath("rich-live").read_bytes())
    log = LogReader(path)
    log.refresh()
    assert [plain_line(*line) for line in log.tail(1)] == ["end"]
    document = LogDocument()
    document.log = log
    assert document.line_count == log.line_count > log.shown_count, "a program that runs may draw there again"
    document.set_ending([row("exit 3")], CellWidth(80))
    assert document.line(document.line_count - 1).text == "end"
    log.close()


def test_a_spinner_that_was_erased_is_not_a_line_of_a_log_that_has_ended(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(RECORDED.joinpath("npm-install").read_bytes())
    log = LogReader(path)
    log.refresh()
    assert log.line_count - log.shown_count == 1
    with path.open("ab") as file:
        file.write(b"more")
    log.refresh()
    assert log.line_count == log.shown_count
    log.close()
