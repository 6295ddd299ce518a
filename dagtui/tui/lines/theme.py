"""Colours: our own four themes, and the style of each status, which all panes share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.theme import BUILTIN_THEMES, Theme

from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_CLASSES: Mapping[NodeStatus, str] = {
    status: f"status--{status.name.lower().replace('_', '-')}" for status in NodeStatus
}
"""The component class that styles a status. A widget that uses them adds THEME_CSS to its DEFAULT_CSS."""

THEME_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
"""The rules of those classes, and of the roles. They need the variables of `variable_defaults`."""


class ThemeStyle(NamedTuple):
    """Colour and text style of a status."""

    color: str
    text_style: str = "none"


_Looks = dict[NodeStatus, ThemeStyle]

_S = NodeStatus

_DARK: _Looks = {
    _S.WAITING: ThemeStyle("#838ea1"),
    _S.READY: ThemeStyle("#a5afc1"),
    _S.RUNNING: ThemeStyle("#46b4dc"),
    _S.RETRYING: ThemeStyle("#dba550"),
    _S.CANCELLING: ThemeStyle("#bf895f"),
    _S.COMPLETED: ThemeStyle("#79b17f"),
    _S.FAILED: ThemeStyle("#ff9b93", "bold"),
    _S.FAILED_PARENT: ThemeStyle("#c895a0"),
    _S.CANCELLED: ThemeStyle("#c3b26e"),
    _S.SKIPPED: ThemeStyle("#838ea1"),
}
_LIGHT: _Looks = {
    _S.WAITING: ThemeStyle("#676c77"),
    _S.READY: ThemeStyle("#4d5261"),
    _S.RUNNING: ThemeStyle("#0666b0"),
    _S.RETRYING: ThemeStyle("#8a5a00"),
    _S.CANCELLING: ThemeStyle("#6f4330"),
    _S.COMPLETED: ThemeStyle("#36794a"),
    _S.FAILED: ThemeStyle("#990013", "bold"),
    _S.FAILED_PARENT: ThemeStyle("#7e2a73"),
    _S.CANCELLED: ThemeStyle("#6c5b28"),
    _S.SKIPPED: ThemeStyle("#676c77"),
}
_CONTRAST: _Looks = {
    _S.WAITING: ThemeStyle("#989595"),
    _S.READY: ThemeStyle("#bebfc0"),
    _S.RUNNING: ThemeStyle("#3fc0ff", "bold"),
    _S.RETRYING: ThemeStyle("#e0b040", "bold"),
    _S.CANCELLING: ThemeStyle("#cd874c", "bold"),
    _S.COMPLETED: ThemeStyle("#64d067"),
    _S.FAILED: ThemeStyle("#ffaea8", "bold"),
    _S.FAILED_PARENT: ThemeStyle("#e58fce"),
    _S.CANCELLED: ThemeStyle("#cbbe89"),
    _S.SKIPPED: ThemeStyle("#989595"),
}
_ANSI: _Looks = {
    _S.WAITING: ThemeStyle("ansi_default", "dim"),
    _S.READY: ThemeStyle("ansi_default"),
    _S.RUNNING: ThemeStyle("ansi_cyan"),
    _S.RETRYING: ThemeStyle("ansi_yellow"),
    _S.CANCELLING: ThemeStyle("ansi_yellow"),
    _S.COMPLETED: ThemeStyle("ansi_green"),
    _S.FAILED: ThemeStyle("ansi_red", "bold"),
    _S.FAILED_PARENT: ThemeStyle("ansi_magenta"),
    _S.CANCELLED: ThemeStyle("ansi_yellow"),
    _S.SKIPPED: ThemeStyle("ansi_default", "dim"),
}


_OWN = "ansi_default"
_FILLED = "reverse bold"
"""The text style of what is filled with its colour where a theme has no colour for the text in it."""


def _variables(
    looks: _Looks,
    *,
    ground: str,
    bar: str,
    quiet: ThemeStyle,
    guide: ThemeStyle,
    cursor: tuple[str, str],
    blurred: tuple[str, str],
    names: tuple[str, ...],
) -> dict[str, str]:
    """Return the variables of a theme. A cursor is given as background and text style.

    `ground` is the colour of text in a filled badge or bar, and `bar` the one that fills the heading of the focused
    pane. A theme of the terminal's own colours has no ground, and reverses them.
    """
    found: dict[str, str] = {}
    for status, look in looks.items():
        found[STATUS_CLASSES[status].replace("--", "-")] = look.color
        found[STATUS_CLASSES[status].replace("--", "-") + "-style"] = look.text_style
    for name, look in (("quiet", quiet), ("guide", guide)):
        found[name] = look.color
        found[f"{name}-style"] = look.text_style
    for name, fill in (("badge", looks[_S.FAILED].color), ("bar", bar)):
        found[name], found[f"{name}-text"], found[f"{name}-style"] = fill, ground, "bold"
        if ground == _OWN:
            found[name], found[f"{name}-text"], found[f"{name}-style"] = _OWN, fill, _FILLED
    found |= {f"name-{number}": color for number, color in enumerate(names, 1)}
    found["row-cursor"], found["row-cursor-style"] = cursor
    found["row-cursor-blurred"], found["row-cursor-blurred-style"] = blurred
    return found


_DARK_VARIABLES = _variables(
    _DARK,
    ground="#15181d",
    bar="#8fc1ea",
    quiet=ThemeStyle("#949dab"),
    guide=ThemeStyle("#6a7484"),
    cursor=("#1b2735", "none"),
    blurred=("#15181d", "none"),
    names=("#7fb0e8", "#5cc0b4", "#bfa2ee", "#b4ba66", "#dd9cc4", "#d4a274"),
)
_LIGHT_VARIABLES = _variables(
    _LIGHT,
    ground="#fbfbfa",
    bar="#0b5a99",
    quiet=ThemeStyle("#5b626d"),
    guide=ThemeStyle("#7f8792"),
    cursor=("#e6f0fb", "none"),
    blurred=("#fbfbfa", "none"),
    names=("#1d5fa8", "#0b6e66", "#6a3fb0", "#5c6110", "#963070", "#82500f"),
)

DARK = Theme(
    name="dagtui-dark",
    primary="#5c9fd8",
    secondary="#4d6a88",
    accent="#8fc1ea",
    warning="#dba550",
    error="#ff9b93",
    success="#79b17f",
    foreground="#d5d9e0",
    background="#15181d",
    surface="#15181d",
    panel="#1f242b",
    dark=True,
    variables=_DARK_VARIABLES
    | {
        "border-blurred": "#5e6775",
        "scrollbar": "#667080",
        "scrollbar-background": "#15181d",
        "footer-key-foreground": "#8fc1ea",
    },
)
LIGHT = Theme(
    name="dagtui-light",
    primary="#0666b0",
    secondary="#5b7da0",
    accent="#0b5a99",
    warning="#8a5a00",
    error="#990013",
    success="#36794a",
    foreground="#23282f",
    background="#fbfbfa",
    surface="#fbfbfa",
    panel="#f0f2f4",
    dark=False,
    variables=_LIGHT_VARIABLES
    | {
        "border-blurred": "#858d98",
        "scrollbar": "#858d98",
        "scrollbar-background": "#fbfbfa",
        "footer-key-foreground": "#0b5a99",
    },
)
CONTRAST = Theme(
    name="dagtui-contrast",
    primary="#5fdcff",
    secondary="#ffffff",
    accent="#ffff5f",
    warning="#e0b040",
    error="#ffaea8",
    success="#64d067",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    variables=_variables(
        _CONTRAST,
        ground="#000000",
        bar="#ffff5f",
        quiet=ThemeStyle("#d8d8d8"),
        guide=ThemeStyle("#a8a8a8"),
        cursor=("#000000", "reverse"),
        blurred=("#000000", "none"),
        names=("#8fd0ff", "#5fe0d0", "#d0b8ff", "#d8dc70", "#ffb0e0", "#ffc890"),
    )
    | {
        "border-blurred": "#8a8a8a",
        "scrollbar": "#8a8a8a",
        "scrollbar-background": "#000000",
        "text-muted": "#d8d8d8",
        "text-disabled": "#c8c8c8",
    },
)
ANSI = replace(
    BUILTIN_THEMES["ansi-dark"],  # the terminal's own colours, but for the accent: green means done here
    name="dagtui-ansi",
    accent="ansi_cyan",
    variables=_variables(
        _ANSI,
        ground=_OWN,
        bar="ansi_cyan",
        quiet=ThemeStyle("ansi_default", "dim"),
        guide=ThemeStyle("ansi_default", "dim"),
        cursor=("ansi_default", "reverse"),
        blurred=("ansi_default", "none"),
        names=("ansi_cyan", "ansi_magenta", "ansi_blue", "ansi_bright_cyan", "ansi_bright_magenta", "ansi_default"),
    )
    | {
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "border-blurred": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-text-style": "reverse",
    },
)

THEMES = (DARK, LIGHT, ANSI, CONTRAST)
"""Our own themes, the default one first."""


def variable_defaults(*, dark: bool) -> dict[str, str]:
    """Return the variables that other themes lack, for an app's `get_theme_variable_defaults`."""
    return dict(_DARK_VARIABLES if dark else _LIGHT_VARIABLES)
