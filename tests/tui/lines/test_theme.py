from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rich.style import Style
from textual.color import Color
from tui.graph.samples import matrix_graph, still
from tui.widget_harness import WidgetHarness

from dagtui.engine.status import NodeStatus
from dagtui.tui.graph.tree import TreePane
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.theme import (
    ANSI,
    CONTRAST,
    DARK,
    LIGHT,
    STATUS_CLASSES,
    THEMES,
    variable_defaults,
)
from dagtui.tui.screens.top_bar import TopBar

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.theme import Theme

    from dagtui.runs.view import RunView

SURFACES = ("background", "panel", "row-cursor", "row-cursor-blurred")


class Themed(WidgetHarness[TopBar]):
    def __init__(self, session: RunView, theme: str) -> None:
        super().__init__(TopBar(session), theme)
        self.tree_pane = TreePane(session)

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield self.tree_pane


def looks_of(widget: TreePane | TopBar) -> list[Style]:
    """The style of each status, apart from the widget's own background."""
    return [widget.painter.style(STATUS_CLASSES[status]) + Style(bgcolor="default") for status in NodeStatus]


def contrast(one: Color, other: Color) -> float:
    """The ratio of WCAG 2.1, 1.4.3: 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("theme", "least"), [(DARK, 4.5), (LIGHT, 4.5), (CONTRAST, 7.0)])
@pytest.mark.parametrize("name", [*(cls.replace("--", "-") for cls in STATUS_CLASSES.values()), "quiet", "foreground"])
def test_text_can_be_read_on_every_surface(theme: Theme, least: float, name: str) -> None:
    colors = theme.to_color_system().generate() | theme.variables
    for surface in SURFACES:
        ratio = contrast(Color.parse(colors[name]), Color.parse(colors[surface]))
        assert ratio >= least, f"{name} on {surface}: {ratio:.2f}"


def test_the_ansi_theme_uses_nothing_but_the_colours_of_the_terminal() -> None:
    own = {key: value for key, value in ANSI.variables.items() if not key.endswith("-style")}
    assert all(value.startswith("ansi_") for value in own.values() if value not in {"dim", "reverse", "none"})
    for part in ("primary", "secondary", "warning", "error", "success", "accent", "foreground", "background"):
        assert getattr(ANSI, part).startswith("ansi_")


def test_every_theme_defines_the_same_variables() -> None:
    names = variable_defaults(dark=True).keys()
    assert names == variable_defaults(dark=False).keys()
    for theme in THEMES:
        assert names <= theme.variables.keys(), theme.name


@pytest.mark.parametrize("theme", [*(theme.name for theme in THEMES), "nord", "textual-light", "ansi-dark"])
@pytest.mark.anyio
async def test_tree_and_bar_give_a_status_the_same_look(theme: str) -> None:
    app = Themed(still(matrix_graph()), theme)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert app.theme == theme
        tree, bar = app.tree_pane, app.shown
        assert looks_of(tree) == looks_of(bar)
        failed, running = (looks_of(tree)[status] for status in (NodeStatus.FAILED, NodeStatus.RUNNING))
        assert failed != running
        assert failed.bold


@pytest.mark.anyio
async def test_another_theme_changes_the_look_of_what_was_painted() -> None:
    app, other = Themed(still(matrix_graph()), DARK.name), Themed(still(matrix_graph()), LIGHT.name)
    async with app.run_test(size=(60, 20)) as pilot, other.run_test(size=(60, 20)) as other_pilot:
        await other_pilot.pause()
        dark = looks_of(app.tree_pane), looks_of(app.shown)
        app.theme = LIGHT.name
        await pilot.pause()
        light = looks_of(app.tree_pane), looks_of(app.shown)
        assert light == (looks_of(other.tree_pane), looks_of(other.shown)) != dark


@pytest.mark.anyio
async def test_only_what_is_painted_is_styled() -> None:
    app = Themed(still(matrix_graph()), DARK.name)
    async with app.run_test(size=(60, 20)) as pilot:
        styled: list[str] = []
        apply = app.stylesheet.apply
        app.stylesheet.apply = lambda node, **options: (styled.extend(node.classes), apply(node, **options))[1]
        app.set_focus(None)
        app.stylesheet.update(app.screen)
        await pilot.pause()
        assert STATUS_CLASSES[NodeStatus.WAITING] in styled
        assert Role.HIT.value not in styled
        assert STATUS_CLASSES[NodeStatus.CANCELLING] not in styled
