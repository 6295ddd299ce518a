"""The pages of the manual and what each is about."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dagtui.text.terminals import in_ascii

TOPICS = (
    "start",
    "graph-file",
    "up-to-date",
    "history",
    "control",
    "settings",
    "retry-and-cancel",
    "resume",
    "ssh",
    "executors",
    "executors-ssh",
    "executors-slurm",
    "executors-dask",
    "headless",
    "scripts",
    "secrets",
    "python",
    "limits",
    "coming-from",
)
"""In the order in which they are listed; each is `TOPIC.md` in this folder."""
_FOLDER = Path(__file__).parent


class ManualPage(NamedTuple):
    """One page of the manual."""

    topic: str
    title: str
    summary: str
    """One line: the page's first paragraph."""
    text: str
    """The whole page, in Markdown."""


def page_in_ascii(text: str) -> str:
    """Return the text of a page in ASCII. Status glyphs, which have their ASCII form next to them, become `?`."""
    return in_ascii(text).encode("ascii", "replace").decode()


def read_page(topic: str) -> ManualPage:
    """Read the page about one of TOPICS."""
    text = (_FOLDER / f"{topic}.md").read_text(encoding="utf-8")
    title, summary, _ = text.split("\n\n", 2)
    return ManualPage(topic, title.removeprefix("# "), summary, text)


def read_pages() -> list[ManualPage]:
    """Read every page, in the order of TOPICS."""
    return [read_page(topic) for topic in TOPICS]
