"""What the screen offers is not refused, and what works is offered: in every state of the golden journals."""

from __future__ import annotations

import random
from contextlib import closing
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from support.adopted_run import NOWHERE, adopted_run
from support.golden_journals import GOLDEN, NAMES, decoded, golden
from support.long_forms import mostly_long
from support.waiting import until
from tui.app.runs import opened, run_under_way, shown_keys
from tui.played_run import PlayedRun

from dagtui.engine.event_records import parse
from dagtui.engine.messages import HOLDS, Command, CommandKind
from dagtui.engine.rules.refusals import refused_targets
from dagtui.engine.status import NodeStatus
from dagtui.graph.loading import load
from dagtui.graph.model import Graph
from dagtui.runs.following import FollowedRun
from dagtui.store.directory import RunDirectory
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.action import Group
from dagtui.tui.actions.availability import Situation
from dagtui.tui.actions.hints import completion_notice, node_hints
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagtui.runs.live import LiveRun
    from dagtui.runs.view import RunView

ON_NODES = {
    "node.retry": CommandKind.RETRY,
    "node.rerun": CommandKind.RERUN,
    "node.cancel": CommandKind.CANCEL,
    "node.cancel_subtree": CommandKind.CANCEL_SUBTREE,
    "node.skip": CommandKind.SKIP,
    "node.mark_done": CommandKind.MARK_DONE,
}
KEYMAP = Keymap(ACTIONS)
SELECTIONS = 4
"""Random selections for each state."""


def states(name: str) -> Iterator[LiveRun]:
    """The run after each of its events."""
    graph = load(GOLDEN / f"{name}.toml")
    events = [event for record in decoded(golden(name)) if (event := parse(record, graph)) is not None]
    for number in range(1, len(events) + 1):
        yield adopted_run(graph, events[:number], events[number - 1].at, NOWHERE)


def places(session: RunView) -> Iterator[tuple[Situation, tuple[int, ...]]]:
    """What the cursor can be on, and the nodes that a command then acts on: rows of each view, and selections."""
    navigator = Navigator(session.state)
    for view in View:
        navigator.show(view)
        for change in (navigator.unfold_all, navigator.fold_all):
            change()
            for row in range(len(navigator.outline)):
                navigator.to_row(row)
                yield situation(session, navigator), navigator.targets
    pick = random.Random(session.state.command_number)
    for _ in range(SELECTIONS):
        navigator.selected = set(pick.sample(range(len(session.graph)), pick.randint(1, min(4, len(session.graph)))))
        yield Situation.on_many(session.state, navigator.samples), navigator.targets


def situation(session: RunView, navigator: Navigator) -> Situation:
    node = navigator.node
    return Situation.on_many(session.state, navigator.samples) if node is None else Situation.on(node)


def works(session: LiveRun, kind: CommandKind, targets: tuple[int, ...]) -> bool:
    """Whether a command would do something: tried on those that accept it, and taken back."""
    refused = dict(refused_targets(session.run.traversal, Command(kind, targets)))
    willing = tuple(node for node in targets if node not in refused)
    return bool(willing) and session.preview(Command(kind, willing)).nothing is None


def works_for_run(session: LiveRun) -> dict[str, bool]:
    """The same for commands without targets."""
    state = session.state
    commands = {
        "run.retry_failed": Command(CommandKind.RETRY_FAILED),
        "run.fewer_jobs": Command(CommandKind.SET_JOBS, jobs=state.jobs - 1),
        "run.more_jobs": Command(CommandKind.SET_JOBS, jobs=state.jobs + 1),
        "run.pause": Command(CommandKind.RESUME if state.paused else CommandKind.PAUSE),
    }
    found = {id_: session.preview(command).nothing is None for id_, command in commands.items()}
    if session.settled and not state.paused:
        found["run.pause"] = False  # nothing is left to start
    return found


@pytest.mark.parametrize("name", mostly_long(NAMES, ["demo", *NAMES[::2]]))
def test_what_is_offered_works_and_what_works_is_offered(name: str):
    for session in states(name):
        tried: dict[tuple[CommandKind, tuple[int, ...]], bool] = {}
        # Rows of several views act on the same nodes: of these one is enough.
        different = {(here.node, tuple(targets)): here for here, targets in places(session)}
        for (_, targets), here in different.items():
            for_run = works_for_run(session) if here.node == 0 else {}
            missing = KEYMAP.unavailable(session, here)
            for id_, kind in ON_NODES.items():
                if (kind, targets) not in tried:
                    tried[kind, targets] = works(session, kind, targets)
                for_run[id_] = tried[kind, targets]
            if "node.hold" not in for_run:
                for_run["node.hold"] = any(works(session, kind, targets) for kind in HOLDS)
            offered = {id_: id_ not in missing for id_ in for_run}
            assert offered == for_run, [session.graph.labels[node] for node in targets]


@pytest.mark.parametrize("name", NAMES)
def test_folding_is_offered_where_it_changes_the_rows(name: str):
    *_, last = states(name)
    navigator = Navigator(last.state)
    for view in View:
        navigator.show(view)
        for row in range(len(navigator.outline)):
            navigator.to_row(row)
            before = list(navigator.outline.rows)
            offered = navigator.is_foldable
            navigator.toggle()
            assert (list(navigator.outline.rows) != before) is offered
            if offered:
                navigator.toggle()


LOG_KEYS = {"log.follow", "log.first_error", "log.previous_attempt", "log.next_attempt", "log.pager", "find.next"}


@pytest.mark.anyio
async def test_the_log_offers_what_it_can_do(tmp_path: Path):
    play = PlayedRun(Graph.from_edges(["a", "b"], [("a", "b")]), tmp_path)
    play.run("a")
    play.prints("a", b"first\n")
    session = play.session()
    app = DagtuiApp(session)
    async with opened(app, (300, 50)) as pilot:

        async def offers(*ids: str):
            await until(
                lambda: shown_keys(app) & LOG_KEYS == {f"{'find' if id_ == 'next' else 'log'}.{id_}" for id_ in ids}
            )

        app.jump(app.view.graph.node("a"))
        await pilot.press("tab")
        await offers("follow", "first_error", "pager")
        log = app.main.side.log_pane
        await pilot.press("f")
        assert not log.view.follows
        await pilot.press("slash", "f", "enter")
        await offers("follow", "first_error", "pager", "next")
        await pilot.press("escape")
        await offers("follow", "first_error", "pager")
        app.jump(app.view.graph.node("b"))
        await offers()
        for key, reason in (("f", "this log has no lines"), ("n", "No search yet"), ("o", "no log yet")):
            await pilot.press(key)
            assert reason in app.main.top_bar.said


@pytest.mark.anyio
async def test_attempts_are_offered_that_there_are(tmp_path: Path):
    play = PlayedRun(Graph.from_edges(["a"], []), tmp_path)
    play.run("a")
    play.prints("a", b"first\n")
    session = play.session()
    session.state.attempt[0] = 2
    app = DagtuiApp(session)
    async with opened(app, (300, 50)) as pilot:
        await pilot.press("tab")
        await until(lambda: shown_keys(app) & LOG_KEYS == {"log.previous_attempt"})
        await pilot.press("left_square_bracket")
        earlier = {"log.follow", "log.first_error", "log.pager", "log.next_attempt"}
        await until(lambda: shown_keys(app) & LOG_KEYS == earlier)


@pytest.mark.anyio
async def test_a_selected_node_is_offered_what_it_is_offered_alone():
    play = PlayedRun(Graph.from_edges(["a", "b"], [("a", "b")]))
    play.start("a")
    app = DagtuiApp(play.session())
    async with opened(app, (200, 50)) as pilot:
        app.jump(app.view.graph.node("b"))
        await pilot.press("s")
        await until(lambda: "node.retry" in shown_keys(app))
        alone = shown_keys(app) & ON_NODES.keys()
        await pilot.press("M")
        await until(lambda: app.main.tree_pane.selected_count == 1)
        assert shown_keys(app) & ON_NODES.keys() == alone


@pytest.mark.anyio
async def test_a_rerun_is_not_offered_where_what_is_above_would_block_it_again():
    app = DagtuiApp(run_under_way())
    async with opened(app, (200, 50)) as pilot:
        app.jump(app.view.graph.node("split"))
        await until(lambda: "node.rerun" in shown_keys(app))
        app.jump(app.view.graph.node("merge"))
        await until(lambda: "node.rerun" not in shown_keys(app))
        await pilot.press("R")
        assert "it is blocked; retry it" in app.main.top_bar.said


def test_a_command_on_a_large_subtree_is_offered_without_a_search_to_its_end(monkeypatch: pytest.MonkeyPatch):
    labels = [str(number) for number in range(50)]
    session = PlayedRun(Graph.from_edges(labels, list(pairwise(labels)))).session()
    assert "node.rerun" in KEYMAP.unavailable(session, Situation.on(0))
    monkeypatch.setattr("dagtui.runs.live.SEARCHED", 5)
    assert "node.rerun" not in KEYMAP.unavailable(session, Situation.on(0))


def test_a_screen_that_only_watches_offers_no_command(tmp_path: Path):
    graph_path = tmp_path / "g.toml"
    with closing(RunDirectory.create(graph_path, (GOLDEN / "fail-fast.toml").read_text())) as directory:
        directory.journal_path.write_bytes(golden("fail-fast"))
    run = FollowedRun.open(directory, graph_path)
    commands = {action.id for action in ACTIONS if action.group in {Group.NODE, Group.RUN}}
    for here, _ in places(run):
        assert commands <= KEYMAP.unavailable(run, here)
    assert run.state.counts[NodeStatus.FAILED]
    assert completion_notice(run, KEYMAP, Situation.on_many(run.state, (0,)), look=IN_UNICODE)[0].endswith(
        "e next failure · q quit"
    )
    hints = [row for node in range(len(run.graph)) for row in node_hints(run, node, KEYMAP, IN_UNICODE)]
    assert hints == []


@pytest.mark.anyio
async def test_a_frame_asks_for_available_keys_only_when_something_has_changed(monkeypatch: pytest.MonkeyPatch):
    app = DagtuiApp(run_under_way())
    async with opened(app) as pilot:
        await pilot.press("j")
        asked = []
        unavailable = Keymap.unavailable
        monkeypatch.setattr(Keymap, "unavailable", lambda *found: asked.append(found) or unavailable(*found))
        clock = app.view.clock()
        app.main.flush(clock, changed=True)
        before = len(asked)
        assert before
        app.main.flush(clock, changed=False)
        assert len(asked) == before
        app.main.flush(clock, changed=True)
        assert len(asked) == before + 1
        app.main.tree_pane.navigator.to_row(0)
        app.main.flush(clock, changed=False)
        assert len(asked) == before + 2
