"""`dagtui help`: the manual in the terminal."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import click

from dagtui.cli.main import COMMANDS
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import fail, say
from dagtui.graph.check.suggestions import did_you_mean
from dagtui.manual.layout import Emphasis, page_lines
from dagtui.manual.pages import TOPICS, page_in_ascii, read_page, read_pages
from dagtui.text import fit, label
from dagtui.text.amounts import CellWidth
from dagtui.text.terminals import USUAL_COLUMNS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from dagtui.cli.output import Output
    from dagtui.manual.layout import Line

WIDEST = CellWidth(100)
"""Widest page in columns, because longer lines are hard to read."""
_CODES = {Emphasis.HEADING: "1;4", Emphasis.STRONG: "1", Emphasis.CODE: "36", Emphasis.QUIET: "2"}
_LESS = "FRX"
"""Options for less, as git sets them: show a short page and return, keep colours, leave the page on the screen."""


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(topic) for topic in TOPICS if topic.startswith(incomplete)]


@click.command("help", short_help="Show a page of the manual.")
@click.argument("topic", required=False, shell_complete=_complete)
def help_topic(topic: str | None) -> None:
    """Show the page of the manual about TOPIC, or list the pages.

    On a terminal the page goes through $PAGER, or less. In a pipe it is Markdown.
    """
    with standard_output() as output:
        if topic is None:
            _list_pages(output)
        elif topic not in TOPICS:
            fail(f"dagtui help: there is no page {label(topic)!r}; {_hint(topic)}")
        else:
            _show(output, read_page(topic).text)


def _list_pages(output: Output) -> None:
    widest = max(map(len, TOPICS))
    lines = [f"  {page.topic:<{widest}}  {label(page.summary)}" for page in read_pages()]
    lines = ["The manual. To read a page: dagtui help TOPIC", "", *lines]
    columns = output.columns
    output.lines(lines if columns is None else [fit(line, columns, output.look) for line in lines])


def _hint(topic: str) -> str:
    if topic in COMMANDS:
        return f"dagtui {topic} --help describes the command"
    return did_you_mean(topic, TOPICS) or f"the pages are {', '.join(TOPICS)}"


def _show(output: Output, text: str) -> None:
    """Show a page: laid out and paged on a terminal, as Markdown elsewhere."""
    if output.look.ascii:
        text = page_in_ascii(text)
    if not output.is_terminal:
        output.write(text.encode())
        return
    width = min(output.columns or USUAL_COLUMNS, WIDEST)
    # The layout draws lines of its own.
    lines = [output.look.written(_painted(line, colours=output.look.colours)) for line in page_lines(text, width)]
    if not (sys.stdin and sys.stdin.isatty()) or os.environ.get("TERM") == "dumb" or not _page(lines):
        output.lines(lines)


def _painted(line: Line, *, colours: bool) -> str:
    return "".join(
        f"\x1b[{_CODES[emphasis]}m{text}\x1b[m" if colours and emphasis in _CODES else text for text, emphasis in line
    )


def _page(lines: list[str]) -> bool:
    """Show lines in the pager. Return False if none can be started."""
    environment = {"LESS": _LESS, **os.environ}
    try:
        command = shlex.split(os.environ.get("PAGER", "")) or ["less"]
        pager = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    except (OSError, ValueError) as error:
        if os.environ.get("PAGER"):
            say(f"dagtui help: $PAGER can't be used: {error}")
        return False
    # ^C belongs to the pager: less ends what it is doing and stays.
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.communicate(("\n".join(lines) + "\n").encode(sys.stdout.encoding, "backslashreplace"))
    finally:
        signal.signal(signal.SIGINT, previous)
    return True
