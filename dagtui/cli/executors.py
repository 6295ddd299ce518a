"""`dagtui executors`: what nodes can run on, and whether one works."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.graph_file import graph_file_here, refuse_folder, with_its_ending
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import fail, say
from dagtui.graph.errors import GraphError
from dagtui.graph.executors import ExecutorKind, resource_words
from dagtui.graph.listed_executors import find_executor, folder_for, listed_executors
from dagtui.graph.model import LOCAL
from dagtui.graph.toml.values import parse_duration
from dagtui.text import cell_width, count, fit, label, plural
from dagtui.text.amounts import CellWidth, first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.execution.remote.probing import Finding
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.text.amounts import CellWidth, Seconds

_CHECK = "check"
_TITLES = ("NAME", "KIND", "JOBS", "WHERE", "DEFINED IN", "TASKS")
_NAMED = 3
"""Tasks that are named of those that use an executor."""
_LONGEST = 4096


@click.command(short_help="List what nodes can run on, or try one.")
@click.argument("words", metavar="[check NAME] [GRAPH.toml]", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="A JSON array for machines.")
@click.option("--wait", "patience", default="2m", metavar="TIME", help="With check: how long a node may take; 2m.")
def executors(words: tuple[str, ...], patience: str, *, as_json: bool) -> None:
    """List the executors that GRAPH.toml can name: its own, those of executors.toml, and this machine.

    With check NAME, try one: whether it can be reached, whether there is a Python of 3.8 or newer, whether its
    directory is writable and seen from both sides, and whether a node runs through it. Each step is a line. Exits with
    0 if all is well, 1 if a step failed, and 2 if the call or the table is wrong.
    """
    if words[:1] != (_CHECK,):
        _list(_graph(words), as_json=as_json)
        return
    if len(words) < 2:
        fail("dagtui: executors check: name one; dagtui executors lists them")
    try:
        seconds = parse_duration(patience)
    except ValueError as error:
        fail(f"dagtui: --wait {error}: write 2m, 90s or 1h")
    _check(words[1], _graph(words[2:]), seconds, as_json=as_json)


def _graph(words: Sequence[str]) -> Path | None:
    """Return the file of the graph that a call names, or the one of this folder. None: there is none."""
    if len(words) > 1:
        fail(f"dagtui: executors: too many words: {label(words[1])}; write dagtui executors check NAME GRAPH.toml")
    if not words:
        return graph_file_here()
    path = Path(words[0])
    refuse_folder(path)
    if not os.path.exists(path):
        meant = with_its_ending(words[0])
        fail(f'dagtui: there is no file "{label(path)}"' + (f'; did you mean "{meant}"?' if meant else ""))
    return path


# The list


def _list(path: Path | None, *, as_json: bool) -> None:
    found = listed_executors(path)
    uses = {} if path is None else _uses(path)
    with standard_output() as output:
        if as_json:
            output.line(json.dumps([*_as_json(found.known, uses, path)]))
        else:
            lines = _table(found.known, uses, path)
            output.lines(
                lines if output.columns is None else [fit(line, output.columns, output.look) for line in lines]
            )
    if found.problems:
        fail(GraphError(found.problems).report())


def _uses(path: Path) -> Mapping[str, list[str]]:
    """Return the tasks of each executor. Empty if the graph is wrong, which a line says."""
    from dagtui.graph.loading import load

    try:
        graph = load(path)
    except GraphError as error:
        first = error.problems[0]
        say(f"dagtui: {first.path}: it can't be told which tasks use them: {first.message}; dagtui check says more")
        return {}
    found: dict[str, list[str]] = {}
    for task in graph.tasks:
        found.setdefault(task.executor, []).append(task.name)
    return found


def _table(known: Mapping[str, ExecutorSettings], uses: Mapping[str, list[str]], path: Path | None) -> list[str]:
    here = (LOCAL, LOCAL, "", "this machine", "", _tasks(uses.get(LOCAL, [])))
    rows = [_TITLES, here, *(_row(settings, uses.get(name, []), path) for name, settings in known.items())]
    widths = [max(cell_width(row[at]) for row in rows) for at in range(len(_TITLES))]
    return ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _padded(cell: str, width: CellWidth) -> str:
    return cell + " " * (width - cell_width(cell))


def _row(settings: ExecutorSettings, tasks: list[str], path: Path | None) -> tuple[str, ...]:
    return (
        label(settings.name, 40),
        settings.kind.value,
        count(settings.jobs) if settings.jobs else "",
        label(_where(settings), 80),
        label(_defined_in(settings, path), _LONGEST),
        _tasks(tasks),
    )


def _defined_in(settings: ExecutorSettings, path: Path | None) -> str:
    return settings.defined_in or (str(path) if path is not None else "")


def _where(settings: ExecutorSettings) -> str:
    """Say in a few words where an executor is."""
    if settings.kind is ExecutorKind.SSH:
        return ", ".join(settings.hosts)
    if settings.kind is ExecutorKind.DASK:
        jobs = f"workers are jobs of {settings.jobqueue.system}" if settings.jobqueue else ""
        return jobs or settings.address or settings.scheduler_file
    return resource_words(settings.resources) or "the usual partition"


def _tasks(names: list[str]) -> str:
    if not names:
        return ""
    return f"{plural(len(names), 'task')}: {first_of([label(name, 30) for name in names[:_NAMED]], len(names), ', ')}"


def _as_json(
    known: Mapping[str, ExecutorSettings], uses: Mapping[str, list[str]], path: Path | None
) -> Iterator[dict[str, object]]:
    yield {"name": LOCAL, "kind": LOCAL, "jobs": None, "where": None, "defined_in": None, "tasks": uses.get(LOCAL, [])}
    for name, settings in known.items():
        yield {
            "name": name,
            "kind": settings.kind.value,
            "jobs": settings.jobs,
            "where": _where(settings),
            "defined_in": _defined_in(settings, path),
            "tasks": uses.get(name, []),
        }


# The check


def _check(name: str, path: Path | None, patience: Seconds, *, as_json: bool) -> NoReturn:
    settings = find_executor(name, path, os.environ)
    if settings is None:
        say("dagtui: local is this machine: there is nothing to try")
        raise SystemExit(0)
    import anyio

    with _folder(folder_for(settings, path)) as folder:
        good = anyio.run(_try, settings, folder, patience, as_json)
    raise SystemExit(0 if good else 1)


@contextmanager
def _folder(parent: str) -> Iterator[Path]:
    """Make a folder beside the graph, and remove it at the end. Exits with 1 if that is not possible."""
    try:
        os.makedirs(parent, exist_ok=True)
        made = tempfile.mkdtemp(prefix=".dagtui-check-", dir=parent)
    except OSError as error:
        say(f"failed  directory: {label(parent, _LONGEST)}: {error.strerror}")
        say("        make it writable, or name another one")
        raise SystemExit(1) from None
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


async def _try(settings: ExecutorSettings, folder: Path, patience: Seconds, as_json: bool) -> bool:
    """Try an executor, and print what each step finds as soon as it is known. Return whether all is well."""
    from dagtui.runs.executor_check import check_executor

    good = True
    found: list[Finding] = []
    async for finding in check_executor(settings, folder, os.environ, patience):
        good &= finding.is_good
        found.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        with standard_output() as output:
            fields = [{"step": one.step, "ok": one.is_good, "text": one.text, "hint": _hint(one)} for one in found]
            output.line(json.dumps(fields))
    return good


def _hint(finding: Finding) -> str:
    return "" if finding.is_good else finding.hint


def _print(finding: Finding) -> None:
    words = label(finding.step, 200) + (f": {label(finding.text, 1000)}" if finding.text else "")
    with standard_output() as output:
        output.line(f"{'ok' if finding.is_good else 'failed':6}  {words}")
        if _hint(finding):
            output.line(f"        {label(finding.hint, 1000)}")
