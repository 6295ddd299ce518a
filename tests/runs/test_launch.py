"""How a graph is launched: a table of what is live, what became of the earlier run, and each option that decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from dagtui.graph.model import Graph
from dagtui.runs.launch import LAST, EarlierRun, Ending, LaunchAction, LaunchOptions, LaunchPlan, plan

ATTACH, ASK, RESUME, NEW, REFUSE = LaunchAction


@dataclass(frozen=True, slots=True)
class Live:
    title: str = "run 4 of /g.toml"
    why_not_attachable: str = ""


SHOWN = Live()
HIDDEN = Live("run 3 of /g.toml", "run 3 of /g.toml is live, but belongs to the terminal it was started on")
PLAIN = LaunchOptions()
IS_LIVE = (
    "run 2 of g is live (process 7 has it), so there is nothing to resume; dagtui attach brings its screen here, "
    "unless it belongs to the terminal that it was started on"
)


@pytest.fixture(scope="module")
def graph() -> Graph:
    made = Graph.from_edges(["a"], [], name="g")
    made.path = Path("/g.toml")
    return made


def earlier(ending: Ending, before: int | None = None) -> EarlierRun:
    return EarlierRun(
        2, ending, {Ending.LIVE: "process 7", Ending.DAMAGED: "its journal is gone"}.get(ending, ""), before
    )


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (PLAIN, ""),
        (LaunchOptions(nested=True), ""),
        (LaunchOptions(jobs=4), "-j"),
        (LaunchOptions(parameters=("a=1",)), "-p"),
        (LaunchOptions(paused=True), "--paused"),
        (LaunchOptions(fresh=True), "--fresh"),
        (LaunchOptions(resume=LAST), "--resume"),
        (LaunchOptions(resume=2, rerun=("a",)), "--resume"),
        (LaunchOptions(jobs=4, paused=True, fresh=True), "-j, --paused, --fresh"),
        (LaunchOptions(names=("a",)), "NODE"),
    ],
)
@pytest.mark.parametrize("last_run", [None, *map(earlier, Ending)], ids=str)
def test_beside_a_live_run(graph: Graph, options: LaunchOptions, named: str, last_run: EarlierRun | None):
    """It is attached to, whatever became of other runs, unless an option asks for what only a new run can do."""
    for others in ([], [HIDDEN], [SHOWN]):
        decided = plan(graph, options, [SHOWN, *others], last_run)
        assert plan(None, options, [SHOWN], None) == decided
        if named:
            reason = (
                f"run 4 of /g.toml is live, and only a new run takes {named}; "
                "omit that to attach, or cancel the live run first"
            )
            reason += "; dagtui retry adds nodes to it" if options.names else ""
            assert decided == LaunchPlan(REFUSE, reason)
        else:
            assert decided == LaunchPlan(ATTACH, "run 4 of /g.toml is live")
    assert plan(graph, options, [HIDDEN, SHOWN], last_run) == LaunchPlan(REFUSE, HIDDEN.why_not_attachable)


@pytest.mark.parametrize("options", [PLAIN, LaunchOptions(jobs=4, paused=True, parameters=("a=1",), nested=True)])
@pytest.mark.parametrize(
    ("ending", "action", "reason"),
    [
        (None, NEW, "there is no earlier run"),
        (Ending.LIVE, NEW, "run 2 is live"),
        (Ending.DAMAGED, NEW, "run 2 is damaged"),
        (Ending.COMPLETED, NEW, "run 2 completed"),
        (Ending.FAILED, ASK, "run 2 failed"),
        (Ending.CANCELLED, ASK, "run 2 was cancelled"),
        (Ending.LEFT, ASK, "run 2 was left"),
        (Ending.BROKE_OFF, ASK, "run 2 broke off"),
    ],
)
def test_without_an_option_that_decides(
    graph: Graph, options: LaunchOptions, ending: Ending | None, action: LaunchAction, reason: str
):
    last_run = None if ending is None else earlier(ending)
    assert plan(graph, options, [], last_run) == LaunchPlan(action, reason)


@pytest.mark.parametrize("last_run", [None, *map(earlier, Ending)], ids=str)
def test_a_fresh_run(graph: Graph, last_run: EarlierRun | None):
    assert plan(graph, LaunchOptions(fresh=True), [], last_run) == LaunchPlan(NEW, "--fresh was given")


@pytest.mark.parametrize("rerun", [(), ("a",)])
@pytest.mark.parametrize(
    ("ending", "action", "reason"),
    [
        (
            Ending.LIVE,
            REFUSE,
            IS_LIVE,
        ),
        (Ending.DAMAGED, REFUSE, "can't resume run 2 of g: its journal is gone; start a new run with --fresh"),
        (Ending.COMPLETED, RESUME, "run 2 completed"),
        (Ending.FAILED, RESUME, "run 2 failed"),
        (Ending.CANCELLED, RESUME, "run 2 was cancelled"),
        (Ending.LEFT, RESUME, "run 2 was left"),
        (Ending.BROKE_OFF, RESUME, "run 2 broke off"),
    ],
)
def test_resuming(graph: Graph, rerun: tuple[str, ...], ending: Ending, action: LaunchAction, reason: str):
    for number in (LAST, 2):
        options = LaunchOptions(resume=number, rerun=rerun)
        assert plan(graph, options, [], earlier(ending)) == LaunchPlan(action, reason)
        more = "; --resume 1 resumes the one before" if action is REFUSE else ""
        assert plan(graph, options, [], earlier(ending, before=1)) == LaunchPlan(action, reason + more)


def test_resuming_without_a_run(graph: Graph):
    none = plan(graph, LaunchOptions(resume=LAST), [], None)
    assert none == LaunchPlan(REFUSE, "g has no run yet, so there is nothing to resume")
    no_such = plan(graph, LaunchOptions(resume=9), [], None)
    assert no_such == LaunchPlan(REFUSE, "g has no run 9; dagtui runs /g.toml lists its runs")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (LaunchOptions(rerun=("a",)), "--rerun applies to an earlier run: add --resume"),
        (LaunchOptions(rerun=("a",), fresh=True), "--rerun applies to an earlier run: add --resume"),
        (
            LaunchOptions(resume=LAST, fresh=True),
            "--resume continues an earlier run, --fresh starts a new one: use one of them",
        ),
    ],
)
@pytest.mark.parametrize("live", [[], [SHOWN], [HIDDEN]], ids=["none live", "live", "hidden"])
@pytest.mark.parametrize("last_run", [None, *map(earlier, Ending)], ids=str)
def test_options_that_exclude_each_other(
    graph: Graph, options: LaunchOptions, reason: str, live: list[Live], last_run: EarlierRun | None
):
    assert plan(graph, options, live, last_run) == LaunchPlan(REFUSE, reason)


def test_every_action_and_every_ending_stands_in_the_table(graph: Graph):
    options = [PLAIN, LaunchOptions(fresh=True), LaunchOptions(resume=LAST)]
    found = {
        plan(graph, given, live, last).action
        for given in options
        for live in ([], [SHOWN], [HIDDEN])
        for last in (None, *map(earlier, Ending))
    }
    assert found == set(LaunchAction)
