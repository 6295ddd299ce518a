"""What the screens of a graph remember between its runs: a small file beside the history."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from dagtui.store.errors import StoreError
from dagtui.store.files import read_file, replace_file

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "screen.json"
_VERSION: Final = 1
_LARGEST: Final = 1_000_000
"""The size in bytes up to which a file is accepted."""
_MOST_NAMES: Final = 5_000
"""The most folds of one view that are remembered. With more, the view opens as at first."""


@dataclass(frozen=True, slots=True)
class RememberedFolds:
    """Folds of one view, by the names of their rows."""

    folded: tuple[str, ...] = ()
    unfolded: tuple[str, ...] = ()
    """What starts folded and is not."""


@dataclass(frozen=True, slots=True)
class ScreenMemory:
    """What a screen was like when it was left. Names may be of another graph by now."""

    view: str = ""
    """The view of the graph. Empty: the one that the graph is first shown in."""
    cursor: str = ""
    """The name of the row under the cursor."""
    share: float | None = None
    """The share of the width that the left pane has. None: as at first."""
    lower: bool | None = None
    """Whether something may be shown below the rows of the left pane. None: as at first."""
    folds: dict[str, RememberedFolds] = field(default_factory=dict)
    """By view."""


def load_screen(folder: Path) -> ScreenMemory | None:
    """Return what a graph's folder has. None: nothing, or a file that is damaged, of another version, or not ours."""
    try:
        content = json.loads(read_file(folder / NAME, _LARGEST))
        if content["version"] != _VERSION:
            return None
        return ScreenMemory(
            _text(content["view"]),
            _text(content["cursor"]),
            _share(content["share"]),
            _choice(content.get("lower")),
            {_text(view): _folds(folds) for view, folds in content["folds"].items()},
        )
    except (OSError, StoreError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def save_screen(folder: Path, memory: ScreenMemory) -> None:
    """Replace the file atomically. If that fails, the screen is forgotten: it never keeps a run from going on."""
    kept = {view: folds for view, folds in memory.folds.items() if _is_small(folds)}
    content = {"version": _VERSION, **asdict(memory), "folds": {view: asdict(folds) for view, folds in kept.items()}}
    with contextlib.suppress(StoreError):
        replace_file(folder / NAME, json.dumps(content).encode())


def forget_screen(folder: Path) -> None:
    """Remove the file."""
    with contextlib.suppress(OSError):
        (folder / NAME).unlink()


def _is_small(folds: RememberedFolds) -> bool:
    return 0 < len(folds.folded) + len(folds.unfolded) <= _MOST_NAMES


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _share(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, float) or not 0 < value < 1:
        raise TypeError(value)
    return value


def _choice(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _folds(value: object) -> RememberedFolds:
    if not isinstance(value, dict):
        raise TypeError(value)
    return RememberedFolds(*(tuple(map(_text, value[key])) for key in ("folded", "unfolded")))
