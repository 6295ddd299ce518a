"""What a change of the focus costs, and what a painted row leaves behind."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from tui.app.runs import opened, run_settled

import dagtui.tui.lines.painter  # noqa: F401 - replaces how strips are divided
from dagtui.tui.app import DagtuiApp
from dagtui.tui.lines.compositor import TightCompositor

pytestmark = pytest.mark.anyio


def test_a_row_as_wide_as_its_widget_is_freed_without_the_collector():
    strip = Strip([Segment("a row")], 5)
    assert list(strip.divide([5])) == [strip]
    assert [part.text for part in strip.divide([2, 5])] == ["a ", "row"]
    assert strip not in [
        part for parts in map(strip._divide_cache.get, strip._divide_cache.keys()) for part in parts or ()
    ]


async def test_another_pane_takes_the_focus_without_a_repaint_of_the_whole_screen(monkeypatch: pytest.MonkeyPatch):
    painted: list[set[Region]] = []
    render = TightCompositor.render_update

    def noting(self: TightCompositor, *arguments: object, **options: object) -> object:
        painted.append(set(self._dirty_regions))
        return render(self, *arguments, **options)

    app = DagtuiApp(run_settled())
    async with opened(app, (120, 40)) as pilot:
        await pilot.pause()
        monkeypatch.setattr(TightCompositor, "render_update", noting)
        before = app.focused
        await pilot.press("tab")
        await pilot.pause()
        assert app.focused is not before
        assert painted
        assert not any(app.screen.size.region in regions for regions in painted)


@pytest.mark.parametrize("key", [":", "?"], ids=["palette", "dialog"])
async def test_what_changes_below_a_screen_takes_nothing_from_it(key: str, monkeypatch: pytest.MonkeyPatch):
    """A clock below a dialog is painted together with the key that was typed into it at that moment."""
    painted: set[Region] = set()
    render = TightCompositor.render_update

    def noting(self: TightCompositor, *arguments: object, **options: object) -> object:
        painted.update(self._dirty_regions)
        return render(self, *arguments, **options)

    app = DagtuiApp(run_settled())
    async with opened(app, (120, 40)) as pilot:
        below = app.screen
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is not below
        changed = next(widget for widget in app.screen.walk_children(Widget) if widget.region and not widget.children)
        monkeypatch.setattr(TightCompositor, "render_update", noting)
        changed._set_dirty()
        app.screen._dirty_widgets.add(changed)
        below._compositor._dirty_regions.add(Region(0, 0, 9, 1))
        below._compositor_refresh()
        await pilot.pause()
        assert {Region(0, 0, 9, 1), changed.region} <= painted
