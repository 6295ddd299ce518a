"""Explain that no live run was found: what became of the last one, and how to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.graph_file import call_of, refuse_folder, why_missing
from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.store.directory import RunDirectory
    from dagtui.store.summary import RunSummary


def say_no_live_run(graph_file: Path, number: int | None, held: Sequence[RunDirectory]) -> NoReturn:
    """Explain it and exit with 2. `held` are the live runs, none of which has the requested number."""
    shown = click.format_filename(graph_file)
    if held:
        live = ", ".join(str(run.number) for run in held)
        what = f"run {live} is" if len(held) == 1 else f"runs {live} are"
        fail(f"dagtui: run {number} of {shown} is not live, {what}; omit --run, or name a live run")
    refuse_folder(graph_file)
    directory = _last(graph_file, number)
    if directory is None and (missing := why_missing(graph_file)):
        fail(f"dagtui: {shown}: {missing}, and no live run of it")
    if directory is None and number:
        fail(f"dagtui: there is no run {number} of {shown}; dagtui runs {shown} lists its runs")
    if directory is None:
        fail(f"dagtui: {shown} has no live run; start one with: {call_of(graph_file)}")
    from dagtui.store.summary import summarise

    last, call = summarise(directory), call_of(graph_file)
    ways_on = f"start one with: {call}" if directory.damage() else _advice(last, call)
    fail(f"dagtui: {shown} has no live run: {_outcome(last)}; {ways_on}")


def _last(graph_file: Path, number: int | None) -> RunDirectory | None:
    from dagtui.store.directory import last_run
    from dagtui.store.errors import StoreError

    try:
        return last_run(graph_file, number)
    except StoreError as error:
        fail(f"dagtui: {error}")


def _outcome(last: RunSummary) -> str:
    from dagtui.store.summary import RunOutcome

    if last.outcome is RunOutcome.LOST:
        return f"run {last.number} is lost: it never ended, and no process has it"
    if last.outcome in {RunOutcome.DAMAGED, RunOutcome.UNREADABLE}:
        return f"run {last.number} is {last.outcome.value}"
    return f"run {last.number} has ended, {last.outcome.value}"


def _advice(last: RunSummary, call: str) -> str:
    from dagtui.store.summary import RunOutcome

    resumable = {RunOutcome.LOST, RunOutcome.FAILED, RunOutcome.CANCELLED, RunOutcome.DAMAGED}
    if last.outcome not in resumable:
        return f"start one with: {call}"
    return f"resume it: {call} --resume {last.number}, or start a new one: {call} --fresh"
