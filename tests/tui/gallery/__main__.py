"""Draw pictures of the gallery as SVG: `python tests/tui/gallery FOLDER GRAPH [SIZE [TITLE]]`.

`python tests/tui/gallery /tmp/g genome 80x24 why` draws one, `python tests/tui/gallery /tmp/g genome` all of a graph.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import tui.conftest  # noqa: F401 - before Textual
from tui.gallery.scenes import DEMO, NAMES, SIZES, inside, pictures
from tui.recordings import FOLDER


async def draw(folder: Path, name: str, size: tuple[int, int], only: str) -> None:
    """Write pictures of a graph at a size, or one of them."""
    with tempfile.TemporaryDirectory() as scratch, inside(FOLDER if name == DEMO else Path(scratch)):
        async for title, _, app in pictures(name, size, only):
            path = folder / f"{name}-{size[0]}x{size[1]}-{title}.svg".replace(" ", "_").replace(",", "")
            path.write_text(app.export_screenshot(), encoding="utf-8")
            sys.stdout.write(f"{path}\n")


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[2] not in NAMES:
        sys.exit(f"{__doc__}\nGraphs: {'; '.join(NAMES)}. Sizes: {SIZES}.")
    folder, name, *rest = sys.argv[1:]
    target = Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    sizes = [(int(width), int(height)) for width, height in [rest[0].split("x")]] if rest else SIZES
    for size in sizes:
        asyncio.run(draw(target, name, size, rest[1] if len(rest) > 1 else ""))


if __name__ == "__main__":
    main()
