"""Before anything imports Textual: what changes its output must be unset."""

from __future__ import annotations

import os

for _variable in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION", "COLORTERM"):
    os.environ.pop(_variable, None)

import textual._wait  # noqa: E402 - after the environment is set

# How long an app must have rested before it is taken for idle: each key that is pressed waits for that twice. What is
# to come of a key later is waited for by the tests themselves.
textual._wait.SLEEP_GRANULARITY, textual._wait.SLEEP_IDLE = 1 / 200, 1 / 2000
