"""Colours: our own four themes, and the style of each status, which all panes share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.theme import Theme

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
    _S.WAITING: ThemeStyle("#98a1af"),
    _S.READY: ThemeStyle("#aab2bf"),
    _S.RUNNING: ThemeStyle("#56c7ee"),
    _S.RETRYING: ThemeStyle("#e0af68"),
    _S.CANCELLING: ThemeStyle("#e0af68"),
    _S.COMPLETED: ThemeStyle("#79b07e"),
    _S.FAILED: ThemeStyle("#ff7676", "bold"),
    _S.FAILED_PARENT: ThemeStyle("#d58fa5"),
    _S.CANCELLED: ThemeStyle("#b3a06d"),
    _S.SKIPPED: ThemeStyle("#98a1af"),
}
_LIGHT: _Looks = {
    _S.WAITING: ThemeStyle("#5b626d"),
    _S.READY: ThemeStyle("#454d5a"),
    _S.RUNNING: ThemeStyle("#0666b0"),
    _S.RETRYING: ThemeStyle("#8a5a00"),
    _S.CANCELLING: ThemeStyle("#8a5a00"),
    _S.COMPLETED: ThemeStyle("#33703c"),
    _S.FAILED: ThemeStyle("#c4142b", "bold"),
    _S.FAILED_PARENT: ThemeStyle("#9c4468"),
    _S.CANCELLED: ThemeStyle("#75611f"),
    _S.SKIPPED: ThemeStyle("#5b626d"),
}
_CONTRAST: _Looks = {
    _S.WAITING: ThemeStyle("#c8c8c8"),
    _S.READY: ThemeStyle("#ffffff"),
    _S.RUNNING: ThemeStyle("#5fdcff", "bold"),
    _S.RETRYING: ThemeStyle("#ffd75f", "bold"),
    _S.CANCELLING: ThemeStyle("#ffd75f", "bold"),
    _S.COMPLETED: ThemeStyle("#7dff8a"),
    _S.FAILED: ThemeStyle("#ff9090", "bold"),
    _S.FAILED_PARENT: ThemeStyle("#ff9ad5"),
    _S.CANCELLED: ThemeStyle("#ffd75f"),
    _S.SKIPPED: ThemeStyle("#c8c8c8"),
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


def _variables(
    looks: _Looks, *, quiet: ThemeStyle, guide: ThemeStyle, cursor: tuple[str, str], blurred: tuple[str, str]
) -> dict[str, str]:
    """Return the variables of a theme. A cursor is given as background and text style."""
    found: dict[str, str] = {}
    for status, look in looks.items():
        found[STATUS_CLASSES[status].replace("--", "-")] = look.color
        found[STATUS_CLASSES[status].replace("--", "-") + "-style"] = look.text_style
    for name, look in (("quiet", quiet), ("guide", guide)):
        found[name] = look.color
        found[f"{name}-style"] = look.text_style
    found["row-cursor"], found["row-cursor-style"] = cursor
    found["row-cursor-blurred"], found["row-cursor-blurred-style"] = blurred
    return found


_DARK_VARIABLES = _variables(
    _DARK,
    quiet=ThemeStyle("#9aa3b1"),
    guide=ThemeStyle("#586170"),
    cursor=("#27374a", "none"),
    blurred=("#262b33", "none"),
)
_LIGHT_VARIABLES = _variables(
    _LIGHT,
    quiet=ThemeStyle("#5b626d"),
    guide=ThemeStyle("#9aa2ad"),
    cursor=("#d9e7f7", "none"),
    blurred=("#e6e9ed", "none"),
)

DARK = Theme(
    name="dagtui-dark",
    primary="#5c9fd8",
    secondary="#4d6a88",
    accent="#8fc1ea",
    warning="#e0af68",
    error="#ff7676",
    success="#79b07e",
    foreground="#d5d9e0",
    background="#15181d",
    surface="#15181d",
    panel="#1f242b",
    dark=True,
    variables=_DARK_VARIABLES
    | {
        "border-blurred": "#353b45",
        "scrollbar": "#3b4452",
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
    error="#c4142b",
    success="#3d7a45",
    foreground="#23282f",
    background="#fbfbfa",
    surface="#fbfbfa",
    panel="#eceef0",
    dark=False,
    variables=_LIGHT_VARIABLES
    | {
        "border-blurred": "#c9ced6",
        "scrollbar": "#c3c9d1",
        "scrollbar-background": "#fbfbfa",
        "footer-key-foreground": "#0b5a99",
    },
)
CONTRAST = Theme(
    name="dagtui-contrast",
    primary="#5fdcff",
    secondary="#ffffff",
    accent="#ffff5f",
    warning="#ffd75f",
    error="#ff9090",
    success="#7dff8a",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#000000",
    dark=True,
    variables=_variables(
        _CONTRAST,
        quiet=ThemeStyle("#d8d8d8"),
        guide=ThemeStyle("#a8a8a8"),
        cursor=("#000000", "reverse"),
        blurred=("#000000", "bold"),
    )
    | {"border-blurred": "#ffffff", "text-muted": "#d8d8d8", "text-disabled": "#c8c8c8"},
)
ANSI = Theme(
    name="dagtui-ansi",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables=_variables(
        _ANSI,
        quiet=ThemeStyle("ansi_default", "dim"),
        guide=ThemeStyle("ansi_default", "dim"),
        cursor=("ansi_default", "reverse"),
        blurred=("ansi_default", "bold"),
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
