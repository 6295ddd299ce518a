"""What one App leaves behind in its process, for the next one."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from dagtui.host.priority_loop import PriorityLoop, screen_work
from dagtui.tui.terminal.cleanup import forget_codes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def large_graph() -> Iterator[None]:
    """Frozen objects, as many as those of a large graph."""
    objects = [[number] for number in range(300_000)]
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    objects.clear()


@pytest.mark.usefixtures("large_graph")
def test_the_run_has_its_turns_while_codes_are_forgotten():
    style, strip = Style(color="#102030"), Strip([])
    assert "38;2;16;32;48" in style.render("x", color_system=ColorSystem.TRUECOLOR)
    strip._render_cache = "codes"
    gc.freeze()
    frozen, scanned, turns = gc.get_freeze_count(), [], 0

    def scans(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            scanned.append(gc.get_freeze_count() < frozen)

    async def run() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> None:
        run_task = asyncio.create_task(run())
        with screen_work():
            task = asyncio.create_task(forget_codes())
        await asyncio.sleep(0)
        began = turns
        await task
        run_task.cancel()
        assert turns - began >= 6, "two slices at least"

    gc.callbacks.append(scans)
    try:
        with asyncio.Runner(loop_factory=PriorityLoop) as runner:
            runner.run(main())
    finally:
        gc.callbacks.remove(scans)
    assert style._ansi is None
    assert strip._render_cache is None
    assert "38;5;" in style.render("x", color_system=ColorSystem.EIGHT_BIT)
    assert scanned
    assert not any(scanned), "no collection visits what is frozen"
