"""Gates on the screen: a row that asks, a dialog that answers, and how both look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.gates import answer
from support.scene import dag
from support.waiting import until
from tui.app.runs import click_on, opened, screen_text, shown_keys
from tui.app.test_dialogs import time
from tui.played_run import PlayedRun
from tui.svg import SvgExtension

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.gates import Gate
from dagtui.text.look import IN_UNICODE
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screens.answer import AnswerDialog
from dagtui.tui.screens.preview import Grouped

if TYPE_CHECKING:
    from support.adopted_run import AdoptedRun
    from syrupy.assertion import SnapshotAssertion
    from tui.app.test_dialogs import Time

pytestmark = pytest.mark.anyio
__all__ = ["time"]

QUESTION = "Publish the model with an AUC of 0.93?\nIt goes to everyone \x1b]52;c;aGk=\x07at once."


def run_that_asks(after: float = 90.0) -> AdoptedRun:
    """Two gates ask, one of them for a minute and a half."""
    graph = dag(
        "fetch>score>approve>publish fetch>legal>publish",
        approve={"action": Gate(QUESTION, ("publish", "drop", "ask again tomorrow")), "doc": "A person decides"},
        legal={"action": Gate("Has legal agreed?")},
    )
    play = PlayedRun(graph)
    play.run("fetch", "score")
    return play.session(play.now + after)


async def opened_question(app: DagtuiApp, pilot: object, label: str = "approve") -> None:
    app.main.tree_pane.select(app.view.graph.node(label))
    await until(lambda: "node.input" in shown_keys(app))
    await pilot.press("i")
    await until(lambda: isinstance(app.screen, AnswerDialog))


async def test_a_person_answers_but_not_by_an_enter_that_came_too_soon(time: Time):
    app = DagtuiApp(run_that_asks())
    state, node = app.view.state, app.view.graph.node("approve")
    async with opened(app) as pilot:
        await opened_question(app, pilot)
        time.now += 0.29
        await pilot.press("enter")
        assert isinstance(app.screen, AnswerDialog)
        await pilot.press("tab")
        time.now += 1
        await pilot.press("enter")
        assert app.screen is app.main
        assert (state.status_of(node), state.outputs[node]) == (NodeStatus.COMPLETED, {"answer": "drop"})
        await until(lambda: "answer drop to approve" in screen_text(app))
        await until(lambda: "node.input" not in shown_keys(app))
        await pilot.press("3")
        await until(lambda: "asks approve again" in screen_text(app))


async def test_what_a_digit_chooses_is_in_sight():
    graph = dag("score>approve", approve={"action": Gate("Which one?", tuple(f"model {at}" for at in range(1, 10)))})
    play = PlayedRun(graph)
    play.run("score")
    app = DagtuiApp(play.session(play.now))
    async with opened(app, size=(80, 10)) as pilot:
        await opened_question(app, pilot)
        assert "model 9" not in screen_text(app)
        await pilot.press("9")
        await until(lambda: "answer model 9" in screen_text(app) and "● 9 model 9" in screen_text(app))


def test_the_preview_of_a_retry_says_that_a_gate_asks_again_and_that_others_may_run():
    run = run_that_asks()
    publish, legal = map(run.graph.node, ("publish", "legal"))
    grouped = Grouped(run, IN_UNICODE)
    run.give(Command(CommandKind.HOLD, (publish,)))
    found = run.preview(Command(CommandKind.RELEASE, (publish,)))
    assert [line.text.strip() for line in grouped.rows(found)] == ["Released 1 node", "· publish"]
    run.give(found.command)
    run.give(answer([legal], "reject", "bo"))
    found = run.preview(Command(CommandKind.RETRY, (legal,)))
    assert grouped.summary(found).text.strip() == "asks 1 again · 1 may run"
    said = [line.text.strip() for line in grouped.rows(found)]
    assert said == ["Ask again 1 node", "✗ legal", "", "May run 1 node", "⊘ publish"]


@pytest.mark.parametrize("key", ["escape", "q", "ctrl+c"])
async def test_other_keys_answer_nothing(time: Time, key: str):
    app = DagtuiApp(run_that_asks())
    async with opened(app) as pilot:
        await opened_question(app, pilot)
        time.now += 1
        await pilot.press("j", "3", "9", "k", key)
        assert app.screen is app.main
        assert app.view.state.cause_of(app.view.graph.node("approve")) is Cause.ASKS


async def test_a_click_chooses_and_answers(time: Time):
    app = DagtuiApp(run_that_asks())
    async with opened(app) as pilot:
        await opened_question(app, pilot)
        time.now += 1
        await click_on(app, pilot, "3 ask again tomorrow")
        await until(lambda: "answer ask again tomorrow" in screen_text(app))
        await click_on(app, pilot, "Enter answer")
        await until(lambda: app.screen is app.main)
        assert app.view.state.outputs[app.view.graph.node("approve")] == {"answer": "ask again tomorrow"}


async def test_the_question_closes_when_another_terminal_answers_it():
    app = DagtuiApp(run_that_asks())
    async with opened(app) as pilot:
        await opened_question(app, pilot)
        app.view.give(answer([app.view.graph.node("approve")], "publish", "bo"))
        await until(lambda: app.screen is app.main)
        await until(lambda: "answered publish, by bo at" in screen_text(app))


async def test_a_key_without_a_question_says_why():
    app = DagtuiApp(run_that_asks())
    async with opened(app) as pilot:
        await pilot.press("i")
        await until(lambda: "fetch: it asks nothing now; 2 gates ask: approve, legal" in screen_text(app))
        app.view.give(answer([app.view.graph.node("legal")], "reject"))
        app.main.tree_pane.select(app.view.graph.node("legal"))
        await pilot.press("i")
        await until(lambda: "answered already: reject, by anna" in screen_text(app))


async def test_in_place_of_a_log_the_key_that_copies_says_what_it_takes():
    app = DagtuiApp(run_that_asks())
    async with opened(app) as pilot:
        app.main.tree_pane.select(app.view.graph.node("legal"))
        await pilot.press("tab")
        await until(lambda: "y copy page" in screen_text(app))
        await pilot.press("y")
        assert app.clipboard.startswith("Has legal agreed?\n")
        app.main.tree_pane.select(app.view.graph.node("publish"))
        await until(lambda: "y copy row" in screen_text(app))
        await pilot.press("y")
        assert "approve" in app.clipboard
        await pilot.press("tab")
        await until(lambda: "copy" not in screen_text(app).split("\n")[-1])


@pytest.mark.parametrize("label", ["fetch", "publish", "legal"])
async def test_from_any_row_the_key_goes_to_the_only_gate_that_asks(label: str):
    """From a gate that a person has answered it does not: there, the key says what the answer was."""
    app = DagtuiApp(run_that_asks())
    graph = app.view.graph
    app.view.give(answer([graph.node("legal")], "approve"))
    async with opened(app) as pilot:
        app.main.tree_pane.select(graph.node(label))
        await until(lambda: ("node.input" in shown_keys(app)) == (label != "legal"))
        await pilot.press("i")
        if label == "legal":
            await until(lambda: "legal: it is answered already" in screen_text(app))
            assert app.screen is app.main
            return
        await until(lambda: isinstance(app.screen, AnswerDialog))
        assert app.main.node == graph.node("approve")
        assert "approve asks" in screen_text(app)


async def test_why_of_what_waits_for_a_gate_names_the_key():
    app = DagtuiApp(run_that_asks())
    graph = app.view.graph
    async with opened(app) as pilot:
        await pilot.press("3")
        app.main.tree_pane.select(graph.node("publish"))
        await until(lambda: "waits for" in screen_text(app))
        assert "i answers" not in screen_text(app)
        app.view.give(answer([graph.node("legal")], "approve"))
        await until(lambda: "i answers approve" in screen_text(app))
        app.main.tree_pane.select(graph.node("fetch"))
        await until(lambda: "i answers approve" not in screen_text(app))


async def test_after_retry_it_asks_again():
    app = DagtuiApp(run_that_asks())
    node = app.view.graph.node("legal")
    async with opened(app) as pilot:
        app.view.give(answer([node], "reject"))
        app.main.tree_pane.select(node)
        await pilot.press("r")
        assert app.view.state.cause_of(node) is Cause.ASKS
        assert app.view.run.preview(answer([node], "approve")).command.kind is CommandKind.ANSWER


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("keys", ["1", "2", "3", "i"])
async def test_pictures(snapshot: SnapshotAssertion, size: tuple[int, int], keys: str):
    app = DagtuiApp(run_that_asks())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.jump(app.view.graph.node("approve"))
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        assert app.export_screenshot() == snapshot.use_extension(SvgExtension)
        await pilot.press("escape")
