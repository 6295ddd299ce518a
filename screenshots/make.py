"""Make the stills of the README from runs in a real terminal: `python screenshots/make.py`, for about a minute."""

from __future__ import annotations

import re
import shutil
import time
from typing import TYPE_CHECKING

from picture import still
from shell import ROOT, shell_in

if TYPE_CHECKING:
    from pathlib import Path

    from shell import Terminal

WRONG = """\
version = 1

[tasks.fetch]
run = "curl -fsSO https://example.org/reads.csv"
retry = { delay = "5 seconds" }

[tasks.train]
depends_on = ["fetch"]
run = "train --seed {{ matrix.sed }}"
matrix = { seed = [1, 2] }
"""


SMALL, FLAT = (80, 22), (108, 16)
"""Columns and rows of terminals: two of the small ones stand side by side."""


def save(terminal: Terminal, name: str, title: str) -> None:
    """Write what the terminal shows once it is quiet, or after half a second: a run has clocks."""
    end = time.monotonic() + 0.5
    while terminal.read(0.2) and time.monotonic() < end:
        pass
    (ROOT / "screenshots" / f"{name}.svg").write_text(still(terminal.rows, title), encoding="utf-8")


def graph_of_the_readme() -> str:
    """The first graph that the README shows."""
    found = re.search(
        r"^```toml\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise SystemExit("README.md shows no graph")
    return found[1]


def demo(terminal: Terminal, _folder: Path) -> None:
    """A log that is searched, a preview, why nodes are blocked, what the time went into, and what is wrong."""
    terminal.send("dagtui demo -p steps=16\n")
    terminal.wait_for_text("▶▶▶")
    terminal.send("u")
    terminal.wait_for_text("step 6/")
    terminal.send("\t/loss\r")
    terminal.wait_for_text("step 9/")
    save(terminal, "log", "dagtui demo")
    terminal.send("\x1b")
    terminal.send("\tX")
    terminal.wait_for_text("Enter cancel")
    save(terminal, "preview", "dagtui demo")
    terminal.send("\x1b")
    terminal.wait_for_text("blocked")
    terminal.send("ej3")
    terminal.wait_for_text("what you can do")
    save(terminal, "why", "dagtui demo")
    terminal.send("1V")
    terminal.wait_for_text("took")
    save(terminal, "time", "dagtui demo")
    terminal.send("Ve")
    terminal.wait_for_text("blocks 2")
    save(terminal, "trouble", "dagtui demo")


def wide(terminal: Terminal, folder: Path) -> None:
    """Some thousand nodes."""
    shutil.copy(ROOT / "configs" / "wide.toml", folder)
    terminal.send("dagtui wide.toml -j 8\n")
    terminal.wait_for_text("running")
    terminal.send("v")
    terminal.wait_for_text("[Map]")
    terminal.wait_for(lambda: re.search(r"▶ [5-9].*✓ 1,[2-9]|✓ 1,[2-9].*▶ [5-9]", terminal.text), "some nodes done", 90)
    terminal.send("u")
    save(terminal, "wide", "dagtui wide.toml")


def plain(terminal: Terminal, _folder: Path) -> None:
    """The end of a run without a screen."""
    steps = "-p steps=1"
    terminal.send(
        f"dagtui demo {steps} </dev/null >/dev/null; clear; dagtui run dagtui-demo/graph.toml {steps} --resume\n"
    )
    terminal.wait_for_text("--resume 1 ")
    save(terminal, "plain", "dagtui run graph.toml --resume")


def check(terminal: Terminal, folder: Path) -> None:
    """Errors of a file."""
    (folder / "graph.toml").write_text(WRONG, encoding="utf-8")
    terminal.send("clear; dagtui check\n")
    terminal.wait_for_text("did you mean")
    save(terminal, "check", "dagtui check")


def twelve(terminal: Terminal, folder: Path) -> None:
    """A small graph that has run."""
    (folder / "graph.toml").write_text(graph_of_the_readme(), encoding="utf-8")
    terminal.send("dagtui\n")
    terminal.wait_for_text("✓ 6")
    terminal.send("gjlj")
    terminal.wait_for_text("seed 1")
    save(terminal, "graph", "dagtui")


def main() -> None:
    """Make them all."""
    for take, size in ((demo, SMALL), (wide, SMALL), (plain, (80, 26)), (check, SMALL), (twelve, FLAT)):
        with shell_in("ada", *size) as (terminal, folder):
            take(terminal, folder)


if __name__ == "__main__":
    main()
