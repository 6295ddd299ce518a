"""Before anything imports Textual: what changes its output must be unset."""

from __future__ import annotations

import os

for _variable in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION", "COLORTERM"):
    os.environ.pop(_variable, None)
