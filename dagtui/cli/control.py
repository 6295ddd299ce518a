"""`dagtui retry`, `rerun`, `cancel`, `skip`, `mark`, `hold`, `release`, `pause`, `resume`, `jobs` on a live run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.arguments import complete_tasks, graph_path_argument, graph_path_before_argument
from dagtui.cli.connect import ask, connect, json_option, meant, print_json, run_option
from dagtui.cli.headless import rerun_if_ended
from dagtui.cli.output import optional_output
from dagtui.cli.stderr import fail, say
from dagtui.engine.messages import CommandKind
from dagtui.text import count, duration, label
from dagtui.text.amounts import MOST_SLOTS, first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

REFUSED = 1
"""Exit status if the command would do nothing."""
NOT_AS_EXPECTED = "nothing was done: --dry-run now shows something other than what --expect stands for"
NAMES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Variant:
    """The command that a flag selects instead."""

    kind: CommandKind
    help: str
    takes_nodes: bool = True


@dataclass(frozen=True, slots=True)
class _Order:
    """One control command of the command line."""

    kind: CommandKind
    help: str
    takes_nodes: bool = True
    variants: Mapping[str, _Variant] = field(default_factory=dict)
    """By flag, without its dashes."""
    takes_number: bool = False
    needs: str = ""
    """What the process of the run must be able to do. Empty: every version can."""

    @property
    def needs_nodes(self) -> bool:
        """Whether no flag makes the command concern the whole run."""
        return self.takes_nodes and all(variant.takes_nodes for variant in self.variants.values())

    def meant(self, flags: Mapping[str, object]) -> _Order | _Variant:
        """Return the command that the given flags select."""
        return next((variant for flag, variant in self.variants.items() if flags.get(flag)), self)

    def problem(self, flags: Mapping[str, object], nodes: Sequence[str]) -> str:
        """Say why flags and nodes don't go together. Empty if they do."""
        if sum(bool(flags.get(flag)) for flag in self.variants) > 1:
            return " and ".join(f"--{flag}" for flag in self.variants) + " exclude each other"
        if bool(nodes) == self.meant(flags).takes_nodes:
            return ""
        if nodes:
            return "this concerns the whole run; omit the nodes or the option"
        whole = [f"--{flag}" for flag, variant in self.variants.items() if not variant.takes_nodes]
        return "which nodes? Name tasks, cells, patterns or groups" + (f", or give {whole[0]}" if whole else "")


_SELECTORS = """
NODE is a label or a selector: `train` is every cell of the task, `train[seed=1]` the matching cells, `tr*` every node
whose name matches, `data/` a group."""

ORDERS = {
    "retry": _Order(
        CommandKind.RETRY,
        "Retry nodes that failed, were cancelled or skipped. Nodes that succeeded are not run again.",
        variants={"failed": _Variant(CommandKind.RETRY_FAILED, "Retry everything that failed.", False)},
    ),
    "rerun": _Order(
        CommandKind.RERUN,
        "Run nodes and everything downstream again. Running ones are stopped first.",
        variants={"only": _Variant(CommandKind.RERUN_ONLY, "Only these nodes. What is downstream becomes stale.")},
    ),
    "cancel": _Order(
        CommandKind.CANCEL,
        "Stop nodes: TERM to all their processes, KILL after their grace. A second cancel kills at once.",
        variants={
            "subtree": _Variant(CommandKind.CANCEL_SUBTREE, "Also everything downstream."),
            "all": _Variant(CommandKind.CANCEL_ALL, "The whole run.", False),
        },
    ),
    "skip": _Order(CommandKind.SKIP, "Skip nodes: they don't run, and their children proceed."),
    "mark": _Order(CommandKind.MARK_DONE, "Mark nodes as done: they don't run, and count as completed."),
    "hold": _Order(
        CommandKind.HOLD,
        "Hold nodes that have not begun: they don't start until `dagtui release`. What follows them waits.",
        needs="hold",
    ),
    "release": _Order(
        CommandKind.RELEASE,
        "Release held nodes: they start as soon as they can. `dagtui release GRAPH.toml '*'` releases all of them.",
        needs="hold",
    ),
    "pause": _Order(CommandKind.PAUSE, "Start nothing new until `dagtui resume`. Running nodes continue.", False),
    "resume": _Order(
        CommandKind.RESUME,
        "Continue after a pause. To resume a run that has ended: `dagtui GRAPH.toml --resume`.",
        False,
    ),
    "jobs": _Order(CommandKind.SET_JOBS, "Set the number of slots. Fewer never kill.", False, takes_number=True),
}
"""By the word that users type."""


def _command(name: str) -> click.Command:
    order = ORDERS[name]

    def call(
        graph_file: Path,
        nodes: tuple[str, ...] = (),
        jobs: int = 0,
        number: int | None = None,
        expected: str | None = None,
        *,
        dry_run: bool,
        as_json: bool,
        **flags: bool,
    ) -> None:
        meant = order.meant(flags)
        if meant.kind is CommandKind.RERUN and not (dry_run or as_json or expected):
            rerun_if_ended(graph_file, number, nodes)
        request = {"command": meant.kind.value, "nodes": list(nodes), "jobs": jobs, "expected": expected}
        carry_out(name, graph_file, number, request, dry_run=dry_run, as_json=as_json, needs=order.needs)

    def check_nodes(context: click.Context, _parameter: click.Parameter, nodes: tuple[str, ...]) -> tuple[str, ...]:
        if not context.resilient_parsing:
            problem = order.problem(context.params, nodes)
            if problem:
                fail(f"dagtui {name}: {problem}")
        return nodes

    call = json_option(run_option(call))
    call = click.option("--expect", "expected", metavar="TOKEN", help="Only if --dry-run would still show this.")(call)
    call = click.option("-n", "--dry-run", is_flag=True, help="Show what it would do, without doing it.")(call)
    for flag, variant in order.variants.items():
        # Eager: the nodes are checked against it.
        call = click.option(f"--{flag}", flag, is_flag=True, is_eager=True, help=variant.help)(call)
    if order.takes_number:
        call = click.argument("jobs", metavar="N", callback=_slots)(call)
    if order.takes_nodes:
        metavar = "NODE..." if order.needs_nodes else "[NODE...]"
        call = click.argument("nodes", metavar=metavar, nargs=-1, callback=check_nodes, shell_complete=complete_tasks)(
            call
        )
    needs_more = order.needs_nodes or order.takes_number
    call = (graph_path_before_argument if needs_more else graph_path_argument)(call)
    text = f"{order.help}\n{_SELECTORS if order.takes_nodes else ''}\n\n{_EXITS}"
    # A negative number is not an option.
    settings = {"ignore_unknown_options": order.takes_number}
    return click.command(name, short_help=order.help, help=text, context_settings=settings)(call)


def _slots(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    try:
        number = int(value) if len(value) <= len(str(MOST_SLOTS)) + 1 else MOST_SLOTS + 1
    except ValueError:
        number = -1
        words = f"'{label(value, 40)}' is not a number of slots"
    else:
        words = "at least one slot is required" if number < 1 else f"{label(value, 40)} slots are too many"
    if 1 <= number <= MOST_SLOTS:
        return number
    hint = "; to start nothing new: dagtui pause GRAPH.toml" if number == 0 else ""
    raise click.BadParameter(f"{words}; give an integer from 1 to {count(MOST_SLOTS)}{hint}")


_EXITS = """
Exits with 0 on success, 1 if there is nothing to do, 2 if there is no live run or the call is invalid."""


def carry_out(
    name: str,
    graph_file: Path,
    number: int | None,
    request: Mapping[str, object],
    *,
    dry_run: bool,
    as_json: bool,
    needs: str = "",
) -> NoReturn:
    """Send a command to a live run, print what it did or would do, and exit."""
    with connect(meant(graph_file, number), graph_file) as client:
        if needs and not client.can(needs):
            other = f"process {client.peer.pid}, which has the run, is dagtui {label(client.hello.get('dagtui'), 40)}"
            fail(f"dagtui {name}: {other}, which can't do this")
        answer = ask(client, {"want": "preview" if dry_run else "give", **request})
    if answer.get("notice"):
        say(f"dagtui {name}: {label(answer['notice'], 1000)}")
    with optional_output() as output:
        if as_json:
            print_json(output, answer)
        elif answer.get("nothing") is not None:
            say(label(answer.get("words"), 1000))
        elif answer.get("changed"):
            say(f"dagtui {name}: {NOT_AS_EXPECTED}")
        elif dry_run:
            output.lines(_preview_lines(answer))
        else:
            output.line(label(answer.get("words"), 1000))
    raise SystemExit(status_of(answer))


def status_of(answer: Mapping[str, object]) -> int:
    """Return the exit status that says whether the run did, or would do, what was asked."""
    return REFUSED if answer.get("nothing") is not None or answer.get("changed") else 0


_GROUPS = {
    "added": "joins the run",
    "stopped": "stops",
    "again": "runs again",
    "released": "may run",
    "dropped": "will not run",
    "begins": "may start",
    "blocked": "will be blocked",
    "held": "stays held",
    "kept": "unaffected",
}


def _preview_lines(answer: Mapping[str, object]) -> Iterator[str]:
    """Yield what a command would do: a line for each group of nodes."""
    targets = answer.get("targets")
    many = isinstance(targets, dict) and isinstance(targets.get("nodes"), list) and len(targets["nodes"]) > 1
    names = f": {names_of(targets)}" if isinstance(targets, dict) and many else ""
    yield f"{'dry run':<16} {label(answer.get('asked'), 1000)}{names}"
    for key, words in _GROUPS.items():
        group = answer.get(key)
        if not isinstance(group, dict) or not group.get("count"):
            continue
        happens = "becomes stale" if key == "kept" and answer.get("makes_stale") else words
        happens = "is held" if key == "held" and answer.get("command") == CommandKind.HOLD.value else happens
        yield f"{happens:<16} {names_of(group)}"
    left_out = answer.get("left_out")
    if isinstance(left_out, dict) and left_out.get("count"):
        why = left_out.get("why")
        reasons = "; ".join(label(reason, 200) for reason in why) if isinstance(why, list) else ""
        yield f"{'left out':<16} {names_of(left_out)}: {reasons}"
    seconds = answer.get("seconds")
    if isinstance(seconds, int | float) and seconds:
        yield f"{'takes about':<16} {duration(seconds)}"
    yield f"{'exactly this':<16} --expect {label(answer.get('expected'))}"


def names_of(group: Mapping[str, object]) -> str:
    """Name the first nodes of a group, and count the others."""
    nodes, number = group.get("nodes"), group.get("count")
    names = [label(node) for node in nodes[:NAMES_SHOWN]] if isinstance(nodes, list) else []
    return first_of(names, number if isinstance(number, int) else 0)


retry, rerun, cancel, skip, mark, hold, release, pause, resume, jobs = map(_command, ORDERS)
