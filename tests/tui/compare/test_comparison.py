"""Two attempts compared: which ones, the first difference first, what else differs, and the way to the log."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support.program import call, write
from support.waiting import until
from tui.app.runs import opened, screen_text

from dagtui.engine.messages import Command, CommandKind
from dagtui.graph.loading import load
from dagtui.runs import attempt_comparison
from dagtui.runs.attempt_comparison import attempt_pairs, compare_attempts, read_log
from dagtui.runs.beginning import start_run
from dagtui.runs.following import FollowedRun
from dagtui.store.directory import runs
from dagtui.tui.compare.page import AttemptsPage
from dagtui.tui.terminal.watching import WatchApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagtui.graph.model import Graph, NodeIndex

pytestmark = pytest.mark.anyio

TEXT = r"""
[params]
size = "s"
[env]
TOKEN = "hidden-{{ params.size }}"
[tasks.make]
retries = 1
run = '''
i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo "step $i at $(date +%H:%M:%S) of pid $$"; done
printf 'attempt %s\033[31m red\033[0m \033]0;title\007\n' "$DAGTUI_ATTEMPT"
test -e ok'''
[tasks.only]
run = "echo once"
"""


@pytest.fixture(scope="module")
def run_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    path = write(folder, TEXT)
    (folder / "ok").touch()
    call("run", "graph.toml", cwd=folder)
    (folder / "ok").unlink()
    call("run", "graph.toml", "--fresh", "-p", "size=l", cwd=folder)
    return path


@pytest.fixture
def run(run_path: Path) -> Iterator[FollowedRun]:
    run = FollowedRun.open(runs(run_path)[-1], run_path)
    yield run
    run.close()


def node_of(graph: Graph, name: str) -> NodeIndex:
    node = graph.find(name)
    assert node is not None
    return node


def test_the_last_two_attempts_then_the_last_success(run: FollowedRun):
    node = node_of(run.graph, "make")
    pairs = list(attempt_pairs(run, node))
    assert [[(one.run, one.attempt) for one in pair] for pair in pairs] == [[(2, 1), (2, 2)], [(1, 1), (2, 2)]]
    near, far = (compare_attempts(run, node, pair) for pair in pairs)
    assert near.logs == [(range(40, 41), range(40, 41))]
    assert list(near.others) == []
    assert far.logs == near.logs
    told = {one.what: (one.left, one.right) for one in far.others}
    assert told["outcome"] == ("done: succeeded", "failed: exit 1")
    assert told["parameter size"] == ("s", "l")
    assert "hidden" not in str(told)


async def test_an_attempt_of_a_node_marked_as_done_is_no_success(tmp_path: Path):
    path = write(tmp_path, '[tasks.a]\nrun = "test -e ok"\n')
    (tmp_path / "ok").touch()
    for is_marked in (False, True):
        session = start_run(load(path))
        await session.drive_until_settled()
        if is_marked:
            session.give(Command(CommandKind.MARK_DONE, (0,)))
            await session.drive_until_settled()
        await session.close()
        (tmp_path / "ok").unlink(missing_ok=True)
    call("run", "graph.toml", cwd=tmp_path)
    with closing(FollowedRun.open(runs(path)[-1], path)) as run:
        ((older, newer),) = attempt_pairs(run, 0)
    assert (older.run, newer.run) == (1, 3)


def test_a_large_log_is_read_at_both_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempt_comparison, "MOST_BYTES", 1000)
    path = tmp_path / "log"
    content = b"".join(b"line %d\n" % number for number in range(10_000))
    path.write_bytes(content)
    text = read_log(path)
    assert (text.lines[0], text.lines[-1]) == ("line 0", "line 9999")
    assert len(text.lines) < 300
    assert text.left_out > 80_000
    for line, offset in zip(text.lines, text.offsets, strict=True):
        assert content[offset:].startswith(line.encode() + b"\n")
    monkeypatch.setattr(attempt_comparison, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(attempt_comparison, "MOST_LINES", 5)
    few = read_log(path)
    assert [*few.lines] == [f"line {number}" for number in (*range(5), *range(9995, 10_000))]
    assert few.left_out == content.index(b"line 9995") - content.index(b"line 5")


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (40, 12)])
async def test_the_page_begins_with_the_difference_and_leads_to_the_log(run: FollowedRun, size: tuple[int, int]):
    app = WatchApp(run)
    async with opened(app, size) as pilot:
        app.main.jump(node_of(run.graph, "make"))
        await pilot.press("D")
        page = app.screen
        assert isinstance(page, AttemptsPage)
        await until(lambda: page.shown is not None and "attempt 1 red" in screen_text(app))
        assert "\x1b" not in screen_text(app)
        await pilot.press("D")
        await until(lambda: page.compared is not None and page.compared.left.run == 1)
        await pilot.press("g")
        await until(lambda: "parameter    size  s → l" in screen_text(app))
        await pilot.press("n", "enter")
        await until(lambda: app.screen is app.main)
        log = app.main.side.log_pane
        await until(lambda: log.view.cursor.line == 40)


async def test_a_single_attempt_has_nothing_to_compare_with(run: FollowedRun):
    app = WatchApp(run)
    async with opened(app) as pilot:
        app.main.jump(node_of(run.graph, "only"))
        await pilot.press("D")
        await until(lambda: "earlier run" in screen_text(app) or "alike" in screen_text(app))
        await pilot.press("escape")
        assert app.screen is app.main
