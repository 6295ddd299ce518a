"""The colours and attributes that a task may give its output: SGR parameters, folded into values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

Color = str | int | tuple[int, int, int]
"""One of the 16 names ("red", "bright_red"), an index of the 256-colour palette, or red, green, blue from 0 to 255."""

_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True, slots=True)
class Style:
    """How a run of characters looks. None and False mean "as the surroundings"."""

    foreground: Color | None = None
    background: Color | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False

    @property
    def sgr(self) -> str:
        """Return the escape sequence that sets this style on a reset terminal, empty for the plain style."""
        codes = [code for code, name in _ATTRIBUTES.items() if getattr(self, name)]
        codes += _color_codes(self.foreground, 30)
        codes += _color_codes(self.background, 40)
        return f"\x1b[{';'.join(map(str, codes))}m" if codes else ""


PLAIN = Style()
"""No colour, no attribute."""

DIM = Style(dim=True)
"""The style of what this package adds to a line."""

_ATTRIBUTES = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_ENDS = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}
_SGR = re.compile(rb"\x1b\[([0-9;:]{0,64})m")
_RESETS = (b"\x1b[0m", b"\x1b[m")
# Blink (5, 6), conceal (8, which hides text) and fonts are left out on purpose.


@lru_cache(maxsize=1024)
def apply_sgr(style: Style, parameters: str) -> Style:
    """Return the style after `ESC [ parameters m`. Unknown or malformed parameters change nothing (ECMA-48, SGR)."""
    groups = parameters.split(";")
    position = 0
    while position < len(groups):
        codes = _numbers(groups[position])
        position += 1
        if codes is None:
            continue
        if codes[0] in {38, 48} and len(codes) == 1:
            # The usual form spreads a colour over several parameters: 38;5;N and 38;2;R;G;B.
            following = _numbers(":".join(groups[position : position + 4])) or []
            taken = {5: 2, 2: 4}.get(following[0], 1) if following else 0
            codes += following[:taken]
            position += taken
        style = _apply(style, codes)
    return style


def style_after(output: bytes, style: Style = PLAIN) -> Style:
    """Return the style that is on after output that begins in `style`."""
    if b"\x1b[" not in output:
        return style
    # What precedes a reset is irrelevant.
    for match in _SGR.finditer(output, max(0, *map(output.rfind, _RESETS))):
        style = apply_sgr(style, match[1].decode("ascii"))
    return style


def _numbers(group: str) -> list[int] | None:
    parts = group.split(":")
    if not all(part == "" or (part.isascii() and part.isdigit() and len(part) < 5) for part in parts):
        return None
    return [int(part or 0) for part in parts]


def _apply(style: Style, codes: list[int]) -> Style:
    code = codes[0]
    if code == 0:
        return PLAIN
    if code in {38, 48}:
        color = _extended(codes)
        return style if color is None else _colored(style, code - 8, color)
    if code in _ATTRIBUTES:
        # 4:3 is a curly underline, 4:0 none.
        return replace(style, **{_ATTRIBUTES[code]: codes[1:2] != [0]})
    if code in _ENDS:
        return replace(style, **dict.fromkeys(_ENDS[code], False))
    if code in {39, 49}:
        return _colored(style, code - 9, None)
    base, index = code // 10 * 10, code % 10
    if base in {30, 40} and index < 8:
        return _colored(style, base, _NAMES[index])
    if base in {90, 100} and index < 8:
        return _colored(style, base - 60, "bright_" + _NAMES[index])
    return style


def _colored(style: Style, base: int, color: Color | None) -> Style:
    return replace(style, foreground=color) if base == 30 else replace(style, background=color)


def _extended(codes: list[int]) -> Color | None:
    kind, values = codes[1:2], codes[2:]
    if kind == [5] and len(values) == 1:
        return values[0] if values[0] < 256 else None
    if kind == [2] and len(values) >= 3:
        # 38:2::R:G:B names a colour space before the three numbers.
        red, green, blue = values[1:4] if len(values) > 3 else values[:3]
        return (red, green, blue) if max(red, green, blue) < 256 else None
    return None


def _color_codes(color: Color | None, base: int) -> list[int]:
    if color is None:
        return []
    if isinstance(color, str):
        name = color.removeprefix("bright_")
        return [_NAMES.index(name) + base + (60 if name != color else 0)]
    if isinstance(color, int):
        return [base + 8, 5, color]
    return [base + 8, 2, *color]
