"""Style sheets are parsed once for all apps of the tests. Each would parse the same ones, for a tenth of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from textual.css.model import RuleSet
    from textual.css.types import CSSLocation

_PARSED: dict[tuple[object, ...], list[RuleSet]] = {}
_parse_rules = Stylesheet._parse_rules


def parse_once(
    self: Stylesheet,
    css: str,
    read_from: CSSLocation,
    is_default_rules: bool = False,
    tie_breaker: int = 0,
    scope: str = "",
) -> list[RuleSet]:
    """Take the place of the method that parses a style sheet, whose memory is that of one app."""
    text = css, read_from, is_default_rules, tie_breaker, scope
    key = (*text, frozenset(self._variables.items()))
    if key not in _PARSED:
        _PARSED[key] = _parse_rules(self, *text)
    return _PARSED[key]
