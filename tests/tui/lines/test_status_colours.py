"""Statuses can be told apart by everybody, and a failure is the loudest of them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import pytest
from textual.color import Color

from dagtui.engine.status import NodeStatus
from dagtui.tui.lines.contrast import contrast
from dagtui.tui.lines.theme import ANSI, CONTRAST, DARK, LIGHT, STATUS_CLASSES

if TYPE_CHECKING:
    from rich.color_triplet import ColorTriplet
    from textual.theme import Theme

_S = NodeStatus
Matrix = tuple[tuple[float, float, float], ...]
VISIONS: Final[dict[str, Matrix]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
"""Machado, Oliveira and Fernandes 2009, at full severity: linear RGB as a person sees it."""
ALIKE: Final = frozenset({_S.WAITING, _S.SKIPPED})
"""The only two that may have one colour: nothing happens to either."""
BY_LIGHTNESS: Final = (_S.FAILED_PARENT, _S.CANCELLED, _S.WAITING)
TEXT_GROUNDS: Final = ("background", "panel", "row-cursor", "row-cursor-blurred")
THEMES: Final = pytest.mark.parametrize("theme", [DARK, LIGHT, CONTRAST], ids=lambda theme: theme.name)


def colours(theme: Theme) -> dict[str, ColorTriplet]:
    """The theme's variables that are colours."""
    found = theme.to_color_system().generate() | theme.variables
    return {name: Color.parse(value).rich_color.get_truecolor() for name, value in found.items() if value[0] == "#"}


def of(theme: Theme, status: NodeStatus) -> ColorTriplet:
    return colours(theme)[STATUS_CLASSES[status].replace("--", "-")]


def lab(color: ColorTriplet, vision: Matrix) -> tuple[float, float, float]:
    """CIELAB (D65) of a colour as a person sees it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    red, green, blue = (min(1.0, max(0.0, sum(map(float.__mul__, map(float, row), linear)))) for row in vision)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@THEMES
@pytest.mark.parametrize("vision", VISIONS)
def test_no_two_statuses_look_the_same(theme: Theme, vision: str):
    for one, other in combinations(_S, 2):
        if {one, other} == ALIKE:
            continue
        pairs = zip(lab(of(theme, one), VISIONS[vision]), lab(of(theme, other), VISIONS[vision]), strict=True)
        distance = sum((a - b) ** 2 for a, b in pairs) ** 0.5
        assert distance >= 10, f"{one.name} and {other.name}: {distance:.1f}"


@THEMES
@pytest.mark.parametrize("vision", VISIONS)
def test_what_did_not_run_differs_in_lightness(theme: Theme, vision: str):
    for one, other in combinations(BY_LIGHTNESS, 2):
        apart = abs(lab(of(theme, one), VISIONS[vision])[0] - lab(of(theme, other), VISIONS[vision])[0])
        assert apart >= 5, f"{one.name} and {other.name}: {apart:.1f}"


@THEMES
def test_a_failure_is_the_loudest_status(theme: Theme):
    background = colours(theme)["background"]
    loudness = {status: contrast(of(theme, status), background) for status in _S}
    failed = loudness.pop(_S.FAILED)
    assert failed > max(loudness.values())
    assert all(failed >= 1.4 * loudness[status] for status in ALIKE)
    assert theme.variables["badge"] == theme.variables["status-failed"]


@THEMES
@pytest.mark.parametrize("ground", TEXT_GROUNDS)
def test_all_text_can_be_read(theme: Theme, ground: str):
    found = colours(theme)
    roles = [name for name in found if name.startswith("status-") and not name.endswith("-style")]
    for name in (*roles, "quiet", "foreground", "accent", "warning", "error"):
        assert contrast(found[name], found[ground]) >= 4.5, name


@THEMES
def test_text_in_a_badge_or_a_bar_can_be_read(theme: Theme):
    found = colours(theme)
    for name in ("badge", "bar"):
        assert contrast(found[f"{name}-text"], found[name]) >= 4.5
    assert contrast(found["background"], found["warning"]) >= 4.5  # a hit in a log
    assert contrast(found["background"], found["accent"]) >= 4.5  # the current one


@THEMES
def test_parts_that_carry_meaning_can_be_seen(theme: Theme):
    found = colours(theme)
    for part in ("guide", "accent"):
        for ground in TEXT_GROUNDS:
            assert contrast(found[part], found[ground]) >= 3, f"{part} on {ground}"
    assert contrast(found["border-blurred"], found["background"]) >= 3
    assert contrast(found["scrollbar"], found["scrollbar-background"]) >= 3
    for unfocused in ("background", "panel"):
        assert contrast(found["bar"], found[unfocused]) >= 3


def test_without_colours_a_badge_and_a_bar_are_reversed():
    for name in ("badge", "bar"):
        assert "reverse" in ANSI.variables[f"{name}-style"]
