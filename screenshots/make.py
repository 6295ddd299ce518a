"""Make the pictures of the README from the recorded run of the tests: `python screenshots/make.py`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
for variable in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION"):  # read when textual is imported
    os.environ.pop(variable, None)
os.environ["TZ"] = "UTC"
time.tzset()

import anyio  # noqa: E402 - after the environment is set
from tui.recordings import FOLDER, MOMENTS, recorded  # noqa: E402 - as above

from dagtui.tui.app import DagtuiApp  # noqa: E402 - as above

PICTURES = {
    "running": ("waiting", "train[seed=1,size=small]", [], "dark"),
    "failed": ("failed", "approve", [], "dark"),
    "why": ("failed", "announce", ["3"], "dark"),
    "preview": ("waiting", "train[seed=1,size=small]", ["X"], "dark"),
    "light": ("running", "evaluate[seed=1]", ["3"], "light"),
}
"""By file: a moment of the run, the node under the cursor, keys, theme."""


async def picture(name: str) -> None:
    """Make one picture."""
    moment, node, keys, theme = PICTURES[name]
    session = recorded(MOMENTS[moment])
    app = DagtuiApp(session, theme=f"dagtui-{theme}")
    async with app.run_test(size=(110, 28)) as pilot:
        await pilot.pause()
        app.jump(session.graph.node(node))
        await pilot.press(*keys)
        await pilot.pause()
        (ROOT / "screenshots" / f"{name}.svg").write_text(
            app.export_screenshot(title="dagtui demo.toml"), encoding="utf-8"
        )


async def main() -> None:
    """Make them all."""
    for name in PICTURES:
        await picture(name)


if __name__ == "__main__":
    os.chdir(FOLDER)
    anyio.run(main)
