"""A pair of terminal descriptors, and our own non-blocking descriptions of them."""

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
    """The terminal that a driver uses: this process's own, or an attached one of another process."""

    input: int = 0
    """The descriptor to read keys from. It stays open."""
    output: int = 1
    """The descriptor to write frames to. It stays open."""
    on_lost: Callable[[str], None] | None = None
    """Called once in the event loop, with the reason, when the terminal is lost. By default the app exits."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """The terminal's environment variables."""

    asks_background: bool = False
    """Whether to ask the terminal for the colour of its background when it is opened."""

    def size(self) -> tuple[int, int]:
        """Return columns and rows, or 80 × 24 if the terminal does not know.

        COLUMNS and LINES are ignored: exported, they would hide every later change of size, and they do not describe an
        attached terminal.
        """
        try:
            size = os.get_terminal_size(self.output)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def is_controlling(self) -> bool:
        """Return whether this is the process's controlling terminal, whose kernel signals concern it."""
        try:
            os.tcgetpgrp(self.input)  # fails for any other terminal
        except OSError:
            return False
        return True


class Descriptor:
    """A descriptor that never blocks.

    The flag O_NONBLOCK belongs to the open file description, which is shared with the shell and every program that it
    started. The terminal is therefore opened again, as libuv does. Where that is forbidden (another user's terminal,
    after `su`), the flag is set on the shared description and restored on closing.
    """

    def __init__(self, shared: int, access: int) -> None:
        """Open the terminal of `shared`. `access` is O_RDONLY or O_WRONLY.

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
        """Close the descriptor, or restore its flags."""
        with contextlib.suppress(OSError):  # its owner may have closed it
            if self._flags is None:
                os.close(self.number)
            else:
                fcntl.fcntl(self._shared, fcntl.F_SETFL, self._flags)


def _open_again(shared: int, access: int) -> int:
    """Open a new description of the same terminal. Return `shared` itself where that is impossible."""
    flags = access | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    # /proc also finds a terminal of another mount namespace, for which ttyname has no path.
    with contextlib.suppress(OSError):
        return os.open(f"/proc/self/fd/{shared}", flags)
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(shared), flags)
    return shared
