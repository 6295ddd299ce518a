"""Before anything imports Textual: what changes its output must be unset."""

from __future__ import annotations

import os

for _variable in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION", "COLORTERM"):
    os.environ.pop(_variable, None)

import textual.app  # noqa: E402 - which reads them
import textual.pilot  # noqa: E402
from textual.css.stylesheet import Stylesheet  # noqa: E402
from tui.rest import all_processed, at_rest  # noqa: E402
from tui.style_sheets import parse_once  # noqa: E402

textual.app.wait_for_idle = textual.pilot.wait_for_idle = at_rest
textual.pilot.Pilot._wait_for_screen = all_processed
Stylesheet._parse_rules = parse_once
