"""The settings of a run, as the file states them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The `[run]` table."""

    jobs: int | None = None
    """None for the number of processors that this process may use."""
    keep_going: bool = True
    default: tuple[str, ...] = ()
    """What runs if no node is named, as written. Empty: every task whose `default` is true."""
    secrets: tuple[str, ...] = ()
    """Names of variables and parameters whose values are redacted wherever the run is shown or recorded."""
    env_file: tuple[str, ...] = ()
    """Files with variables of all tasks, as written. A name that ends in `?` may be missing."""
    timeout: Seconds | None = None
    """Active seconds that the whole run may take."""
    exclusive: bool = False
    """Whether a run is refused while another one of the graph is live."""
    notify: tuple[str, ...] = ()
    """A program and its arguments that are told of the first failure, of gates and of the end."""
    state: str = ""
    """The directory that keeps the runs, relative to the graph file, or empty for the usual place."""
