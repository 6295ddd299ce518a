"""Pictures of every view and dialog, of graphs of every shape, at every size: as text, in snapshots/gallery.

`--snapshot-update -m ""` writes them anew. `python tests/tui/gallery GRAPH SIZE TITLE` draws one, to look at.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tui.gallery.album import Album, difference
from tui.gallery.scenes import DEMO, NAMES, SIZES, inside, pictures
from tui.recordings import FOLDER

pytestmark = pytest.mark.anyio

BETWEEN = 120, 40
"""The size that shows least that others do not show: its pictures are compared in the long runs only."""
ONE_SIZE = {"rnaseq": (200, 50), "diamonds": (40, 12), "five": (80, 24), "many": (80, 24), "mixed": (80, 24)}
"""Graphs without dialogs, whose views are those of the others: at one size, and at all of them in the long runs."""
ALBUMS = Path(__file__).parent / "snapshots" / "gallery"


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def is_long(name: str, size: tuple[int, int]) -> bool:
    return size == BETWEEN or size != ONE_SIZE.get(name, size)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(
            name, size, id=f"{name}-{size[0]}x{size[1]}", marks=pytest.mark.torture if is_long(name, size) else ()
        )
        for name in NAMES
        for size in SIZES
    ],
)
async def test_pictures(name: str, size: tuple[int, int], tmp_path: Path, request: pytest.FixtureRequest):
    album = Album(ALBUMS / f"{name}.txt")
    prefix = f"{size[0]}x{size[1]} "
    with inside(FOLDER if name == DEMO else tmp_path):
        found = {prefix + title: album.page(picture) async for title, picture, _ in pictures(name, size)}
    if request.config.getoption("update_snapshots"):
        album.write(found, prefix)
        return
    stored = {title: page for title, page in album.pages.items() if title.startswith(prefix)}
    differences = [difference(title, stored.get(title), page) for title, page in found.items()]
    assert "\n".join(filter(None, differences)) == ""
    assert found.keys() == stored.keys()
