"""No process of a node survives what ends the node, and nobody else is touched: the whole program, event by event.

Each run has a node for each kind of descendant (support/descendants.py) and 20 bystanders, which wait for the test to
release them. Not covered, because nobody is left who could act: app, reaper and supervisor killed at one instant. On
systems without Linux' /proc and subreapers only process groups are known: there, who leaves its group survives.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, OnScreen, Run, release, write_graph
from support.descendants import KINDS
from support.families import family_command, present
from support.journals import read_journal
from support.process_listing import alive, all_gone, end, gone
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BYSTANDERS = tuple(f"bystander{number}" for number in range(20))
AFTER = "after"
"""A node that runs when the last bystander has settled, whatever became of it: so the run is not wedged."""


def write_family_graph(folder: Path, token: str, manner: str, timeout: float | None) -> None:
    for pipe in ("hold", "pipe"):
        os.mkfifo(folder / pipe)
    limit = f"timeout = {timeout}" if timeout else ""
    tasks = [
        f"[tasks.{kind}]\nrun = {json.dumps(family_command(token, manner, kind))}\ngrace = 0.3\n{limit}\n"
        for kind in KINDS
    ]
    waits = json.dumps(["sh", "-c", "echo up; read line < hold; echo released", f"{token}-bystander"])
    tasks += [f"[tasks.{name}]\nrun = {waits}\n" for name in BYSTANDERS]
    tasks.append(f'[tasks.{AFTER}]\nneeds = ["{BYSTANDERS[-1]}"]\ntrigger = "all_done"\nrun = "true"\n')
    write_graph(folder, "".join(tasks))


# --- What happens


def cancel_each(run: Run) -> None:
    assert isinstance(run, OnScreen)
    run.wait_for_screen()
    for kind in KINDS:
        run.terminal.send("x")
        run.terminal.wait_for(lambda kind=kind: run.statuses[kind] in {"CANCELLING", "CANCELLED"}, f"cancel of {kind}")
        run.terminal.send("j")


def wait(_run: Run) -> None:
    """It comes by itself."""


def let_leaders_leave(run: Run) -> None:
    release(run.folder / "pipe", lambda: all(run.statuses[kind] == "FAILED" for kind in KINDS))


def leave(run: Run) -> None:
    assert isinstance(run, OnScreen)
    run.leave()


def hang_up(run: Run) -> None:
    assert isinstance(run, OnScreen)
    run.wait_for_screen()
    run.terminal.hang_up()


def send(number: signal.Signals) -> Callable[[Run], None]:
    return lambda run: run.signal(number)


def kill_reaper(run: Run) -> None:
    end(run.reaper)


def kill_supervisor(run: Run) -> None:
    end(run.supervisor)


def kill_log_process(run: Run) -> None:
    end(run.log_process)


# --- What is to be true then


@dataclass(frozen=True)
class Case:
    """What happens to a run, and what is on record then: last status and cause of each node."""

    act: Callable[[Run], None]
    forms: tuple[type[Run], ...]
    kinds: str
    others: str
    exit: tuple[int, ...]
    spared: tuple[str, ...] = ()
    """Who goes on as if nothing had happened: the bystanders, and after some events the nodes with descendants."""
    manner: str = "stay"
    timeouts: tuple[float | None, ...] = (None,)
    after: str = "COMPLETED ran"


BOTH = (Headless, OnScreen)
KILLED = "RUNNING none"
"""Nobody was there to record an end."""
BYSTANDERS_ONLY, EVERYBODY = ("others",), ("others", "kinds")
C = "CANCELLED cancel"
CASES = {
    "cancel": Case(cancel_each, (OnScreen,), C, "COMPLETED ran", (130,), BYSTANDERS_ONLY),
    "timeout": Case(wait, (Headless,), "FAILED timeout", "COMPLETED ran", (1,), BYSTANDERS_ONLY, timeouts=(1.5, 6, 24)),
    "the leader ends": Case(
        let_leaders_leave, (Headless,), "FAILED exit", "COMPLETED ran", (1,), BYSTANDERS_ONLY, manner="pipe"
    ),
    "leave": Case(leave, (OnScreen,), C, C, (130,), after=C),
    "TERM to the app": Case(send(signal.SIGTERM), BOTH, C, C, (143,), after=C),
    "HUP to the app": Case(send(signal.SIGHUP), BOTH, C, C, (129,), after=C),
    "the terminal closes": Case(hang_up, (OnScreen,), C, C, (129,), after=C),
    "kill -9 of the app": Case(send(signal.SIGKILL), BOTH, KILLED, KILLED, (-9,), after=""),
    "kill -9 of the supervisor": Case(kill_supervisor, (Headless,), "FAILED lost", "FAILED lost", (1,)),
    "kill -9 of the reaper": Case(kill_reaper, (Headless,), C, "COMPLETED ran", (143,), EVERYBODY),
    "kill -9 of the log process": Case(kill_log_process, (Headless,), C, "COMPLETED ran", (143,), EVERYBODY),
}


def expected(case: Case) -> dict[str, str]:
    found = dict.fromkeys(KINDS, case.kinds) | dict.fromkeys(BYSTANDERS, case.others)
    return found | ({AFTER: case.after} if case.after else {})


def outcomes(run: Run) -> dict[str, str]:
    """Last status and cause of each node that ever left its first status."""
    events = [event for event in run.journal() if event["event"] == "node"]
    return {str(event["node"]): f"{event['status']} {event.get('cause', 'none')}" for event in events}


@pytest.mark.parametrize(
    ("form", "name"),
    [
        pytest.param(
            form, name, id=f"{name}-{form.__name__}", marks=() if form is case.forms[0] else pytest.mark.torture
        )
        for name, case in CASES.items()
        for form in case.forms
    ],
)
def test_no_descendant_survives_and_nobody_else_is_touched(tmp_path: Path, token: str, form: type[Run], name: str):
    case = CASES[name]
    for number, timeout in enumerate(case.timeouts):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_family_graph(folder, token, case.manner, timeout)
        with form(folder, "-j64") as run:
            if wait_for_everybody(run, token):
                check(run, case, token)
                return
    pytest.fail("the nodes timed out before all their descendants were there")


def wait_for_everybody(run: Run, token: str) -> bool:
    """Whether all descendants were there at once, all bystanders having begun."""
    bystander = f"{token}-bystander"
    seen: set[str] = set()

    def is_everybody_there() -> bool:
        if len(seen) < len(KINDS):
            seen.update(present(token))
        settled = "FAILED timeout" in outcomes(run).values()
        return settled or (len(seen) == len(KINDS) and len(alive(bystander)) == len(BYSTANDERS) and has_begun(run))

    wait_for(is_everybody_there)
    return len(seen) == len(KINDS)


def has_begun(run: Run) -> bool:
    found = run.statuses
    return all(found.get(name, "READY") != "READY" for name in (*KINDS, *BYSTANDERS))


def check(run: Run, case: Case, token: str) -> None:
    bystanders = set(alive(f"{token}-bystander"))
    reaper, supervisor, log = run.reaper, run.supervisor, run.log_process
    case.act(run)
    if "kinds" not in case.spared:
        wait_for(lambda: gone(token))
    if case.spared:
        assert set(alive(f"{token}-bystander")) == bystanders
        release(run.folder / "hold", lambda: all(run.statuses[name] == "COMPLETED" for name in BYSTANDERS))
        wait_for(lambda: [run.log(name) for name in BYSTANDERS] == [b"up\nreleased\n"] * len(BYSTANDERS))
        run.wait_for(**{AFTER: "COMPLETED"})
    if "kinds" in case.spared:
        assert present(token) | {"hopper"} == set(KINDS)
        run.signal(signal.SIGTERM)
    elif isinstance(run, OnScreen) and case.spared:
        wait_for(lambda: outcomes(run) == expected(case), "the end of the run, which is then left without a question")
        run.terminal.send("q")
    assert run.end() in case.exit
    assert outcomes(run) == expected(case)
    assert gone(token)
    assert gone(f"{token}-bystander")
    wait_for(lambda: all_gone([reaper, supervisor, log]))
    assert read_journal(run.directory / "journal.jsonl").problem is None
    assert run.crashes == []
