"""The screen of another process's run shows it, offers no command, and answers that it only watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.adopted_run import adopted_run
from tui.app.runs import opened, screen_text, until

from dagtui.engine.event_records import fields
from dagtui.engine.events import CommandEvent, NodeEvent, RunEvent
from dagtui.engine.messages import CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.graph.loading import load
from dagtui.host.attachment import ExitReason
from dagtui.runs.following import FollowedRun
from dagtui.store.directory import RunDirectory
from dagtui.store.journal import JournalWriter
from dagtui.tui.actions.action import Group
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.terminal.watching import WatchApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.anyio

TEXT = 'version = 1\n[tasks.a]\nrun = "true"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n'
READ_ONLY = "read-only: this screen only watches the run"
ON_RUN = {
    "run.reload": "reload",
    "run.retry_failed": "retry all failed",
    "run.pause": "pause",
    "run.fewer_jobs": "jobs",
    "run.more_jobs": "jobs",
}
"""How a command on the whole run is called."""


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[FollowedRun]:
    path = tmp_path / "graph.toml"
    path.write_text(TEXT)
    graph = load(path, {})
    directory = RunDirectory.create(path, TEXT)
    events = [RunEvent(0.0, "started", jobs=3), NodeEvent(0.1, 0, 1, NodeStatus.RUNNING)]
    JournalWriter(directory.journal_path).write([(1e9, fields(event, graph)) for event in events])
    run = FollowedRun.open(RunDirectory.open(directory.path), path)
    yield run
    run.close()
    directory.close()


@pytest.mark.parametrize("id_", [action.id for action in ACTIONS if action.group in {Group.NODE, Group.RUN}])
async def test_each_command_is_refused_in_the_words_of_a_refusal(followed: FollowedRun, id_: str) -> None:
    app = WatchApp(followed)
    async with opened(app) as pilot:
        await pilot.press(Keymap(ACTIONS).keys(id_)[0])
        said = app.main.top_bar.said
    if id_ == "node.shell":
        assert said == f"{READ_ONLY}, and does not know its environment"
    else:
        assert said == f"{ON_RUN.get(id_, 'a')}: {READ_ONLY}"


async def test_a_paused_run_is_not_resumed(followed: FollowedRun) -> None:
    followed.state.apply(CommandEvent(0.2, 1, CommandKind.PAUSE))
    app = WatchApp(followed)
    async with opened(app) as pilot:
        await pilot.press("p")
        assert app.main.top_bar.said == f"resume: {READ_ONLY}"


async def test_every_key_has_an_answer(followed: FollowedRun) -> None:
    driven, app = DagtuiApp(adopted_run(followed.graph, [], 1.0)), WatchApp(followed)
    assert set(app.actions()) == set(driven.actions()) == {key.id for key in ACTIONS}


async def test_no_command_is_offered(followed: FollowedRun) -> None:
    driven = DagtuiApp(adopted_run(followed.graph, [NodeEvent(0.1, 0, 1, NodeStatus.RUNNING)], 1.0))
    app = WatchApp(followed)
    for shown, is_offered in ((driven, True), (app, False)):
        async with opened(shown):
            if shown is app:
                assert READ_ONLY in screen_text(app)
            shown.main.top_bar.dismiss()
            await until(lambda: "? help" in screen_text(shown))  # noqa: B023 - waited for within the loop
            offered = screen_text(shown).splitlines()[-1]
            assert ("x cancel" in offered, "p pause" in offered) == (is_offered, is_offered)


@pytest.mark.parametrize("key", ["q", "d"])
async def test_it_is_left_without_a_question(followed: FollowedRun, key: str) -> None:
    app = WatchApp(followed)
    async with opened(app) as pilot:
        await pilot.press(key)
    assert app.return_value is ExitReason.LEFT_SETTLED
