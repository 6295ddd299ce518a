"""Contrast: readable text on any background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style
from textual.constants import DIM_FACTOR

if TYPE_CHECKING:
    from rich.terminal_theme import TerminalTheme

LEAST_CONTRAST = 2.5
"""Minimum contrast between text and background by WCAG 2, on its scale from 1 to 21."""
_STEPS = 16
_BLACK, _WHITE = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
_NOT_DIM, _AS_IT_IS = Style(dim=False), Style()


def readable(style: Style, palette: TerminalTheme) -> Style:
    """Return the style with enough contrast between text and background. `palette` holds the 16 named colours."""
    if style.color is None or style.bgcolor is None:
        return style
    color, background = style.color.get_truecolor(palette), style.bgcolor.get_truecolor(palette, foreground=False)
    if style.dim:
        color = _between(background, color, DIM_FACTOR)  # as Textual will draw it
    if style.reverse:
        color, background = background, color
    if contrast(color, background) >= LEAST_CONTRAST:
        return style
    text = Color.from_triplet(lifted(color, background))
    if not style.reverse:
        return style + (_NOT_DIM if style.dim else _AS_IT_IS) + Style(color=text)
    if style.dim:
        style += _NOT_DIM + Style(color=Color.from_triplet(background))
    return style + Style(bgcolor=text)


def off_black(style: Style, palette: TerminalTheme) -> Style:
    """Return the style for the terminal's own background, where a dark one would hide black text."""
    color = style.color
    is_dark = luminance(palette.background_color) < luminance(palette.foreground_color)
    if not is_dark or color is None or color.is_default or not is_own(style.bgcolor):
        return style
    is_black = color.number == 0 or color.get_truecolor(palette) == _BLACK
    return style + Style(color="bright_black") if is_black else style


def is_own(color: Color | None) -> bool:
    """Return whether it is one of the terminal's own colours, which cannot be known."""
    return color is None or color.is_default


def lifted(color: ColorTriplet, background: ColorTriplet) -> ColorTriplet:
    """Return the nearest lighter or darker colour with enough contrast to the background."""
    ends = (_WHITE, _BLACK) if luminance(color) >= luminance(background) else (_BLACK, _WHITE)
    # White or black always has enough contrast.
    end = next(end for end in ends if contrast(end, background) >= LEAST_CONTRAST)
    steps = (_between(color, end, step / _STEPS) for step in range(_STEPS + 1))
    return next(step for step in steps if contrast(step, background) >= LEAST_CONTRAST)


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: ColorTriplet) -> float:
    """Return the relative luminance of a colour, from 0 to 1."""
    red, green, blue = map(_linear, color.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _between(one: ColorTriplet, other: ColorTriplet, share: float) -> ColorTriplet:
    red, green, blue = (int(start + (end - start) * share) for start, end in zip(one, other, strict=True))
    return ColorTriplet(red, green, blue)
