"""`dagtui ps`: all live runs of this user."""

from __future__ import annotations

import json

import click

from dagtui.cli.live_runs import all_of_user, listed, table
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import say
from dagtui.text import fit


@click.command(short_help="List all your live runs.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array for machines.")
def ps(*, as_json: bool) -> None:
    """List your live runs of all graphs, newest first.

    The other commands on a live run take the value of the column GRAPH.
    """
    found = listed(all_of_user())
    with standard_output() as output:
        if as_json:
            output.line(json.dumps([run.fields() for run in found]))
        elif found:
            width, plain = output.columns, not output.is_unicode
            lines = table(found, width, ascii_only=plain)
            output.lines(lines if width is None else [fit(line, width, ascii=plain) for line in lines])
    if not found and not as_json:
        say("no run is live; start one with: dagtui GRAPH.toml")
