"""A pair of terminal descriptors, and non-blocking descriptions of our own on them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Terminal:
    """The terminal that a driver sits on: this process's own, or one that another process has lent."""

    input: int = 0
    """The descriptor to read keys from. It stays open."""
    output: int = 1
    """The descriptor to write frames to. It stays open."""
    on_lost: Callable[[str], None] | None = None
    """Called once, in the event loop, when the terminal has gone, with the reason; by default the app exits."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """What the environment says about it."""

    def size(self) -> tuple[int, int]:
        """Columns and rows; 80 × 24 where the terminal doesn't know.

        COLUMNS and LINES are not looked at: exported, they would hide every later change of size, and they say
        nothing about a terminal that was lent.
        """
        try:
            size = os.get_terminal_size(self.output)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def is_controlling(self) -> bool:
        """Whether this is the controlling terminal of this process, whose kernel signals concern it."""
        try:
            os.tcgetpgrp(self.input)  # refused for any other terminal
        except OSError:
            return False
        return True


class Descriptor:
    """A descriptor that never blocks.

    The flag O_NONBLOCK belongs to the open file description, which the shell and every program it started share, so
    the terminal is opened anew, as libuv does. Where that is forbidden (a terminal of another user, after `su`), the
    flag is set on the shared description and taken back on closing.
    """

    def __init__(self, shared: int, access: int) -> None:
        """Open what `shared` refers to; `access` is O_RDONLY or O_WRONLY.

        Raises:
            OSError: the terminal has gone.
        """
        self._shared = shared
        self._flags: int | None = None
        self.number = _open_again(shared, access)
        if self.number == shared:
            self._flags = fcntl.fcntl(shared, fcntl.F_GETFL)
            fcntl.fcntl(shared, fcntl.F_SETFL, self._flags | os.O_NONBLOCK)

    def close(self) -> None:
        """Give back what was opened or set."""
        with contextlib.suppress(OSError):  # whoever lent it may have closed it
            if self._flags is None:
                os.close(self.number)
            else:
                fcntl.fcntl(self._shared, fcntl.F_SETFL, self._flags)


def _open_again(shared: int, access: int) -> int:
    """A new description of the same terminal, or `shared` itself where there can be none."""
    flags = access | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    # /proc also finds a terminal of another mount namespace, for which ttyname has no path.
    with contextlib.suppress(OSError):
        return os.open(f"/proc/self/fd/{shared}", flags)
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(shared), flags)
    return shared
