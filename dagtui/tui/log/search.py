"""What a person looks for in a log: from the first letter that is typed to the next hit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.tui.log.finder import Finder

if TYPE_CHECKING:
    from dagtui.tui.log.document import Spot
    from dagtui.tui.log.view import LogView


class _Place(NamedTuple):
    """Where a person was in the log."""

    line: int
    """The one at the top of the window."""
    top: Spot | None
    """None: it followed the end."""


class Search:
    """Goes from hit to hit in a view; `step` does a bounded part of a search through a large log."""

    def __init__(self, view: LogView) -> None:
        self._view = view
        self._began: _Place | None = None
        """Where the typing began; None: nobody is typing."""

    def begin(self) -> None:
        """A person begins to type: all that is typed is looked for from here on, not from the hit of less of it."""
        view = self._view
        self._began = _Place(view.first_line, None if view.follows else view.top)

    def keep(self) -> None:
        """The typing is over, and what was typed is still looked for."""
        self._began = None

    def give_up(self) -> None:
        """The typing is over: what was typed is forgotten, and the log is where it was."""
        self._go_back()
        self.forget()
        self._began = None

    def look_for(self, text: str) -> None:
        """Look for a text (after "!" for lines without it), and show the first hit from the window's top on."""
        self._go_back()
        view = self._view
        if not text or view.log_file is None:
            self.forget()
            return
        view.finder = Finder(view.log_file, text, self._began.line if self._began else view.first_line)
        view.redraw()
        self.go(1)

    def forget(self) -> None:
        """Look for nothing any more."""
        self._view.finder = None
        self._view.redraw()

    def go(self, direction: int) -> None:
        """Show the hit after the current one, or before it if the direction is below 0; it goes round."""
        finder = self._view.finder
        if finder is not None:
            finder.want(direction)
            self.step()

    def step(self) -> bool:
        """Look through some more of the log, and go to the hit that is wanted once it is known.

        Returns whether there is more to look through.
        """
        finder = self._view.finder
        if finder is None:
            return False
        if not finder.finished and finder.step():
            self._view.mark_late()
        hit = finder.arrive()
        if hit is not None:
            self._view.reveal(hit)
        return not finder.finished

    def inserted(self, count: int) -> None:
        """Lines were put before those that were known."""
        if self._began is not None:
            line, top = self._began
            self._began = _Place(line + count, top and top._replace(line=top.line + count))

    def opened(self, text: str) -> None:
        """Another log is shown: look for the same in it."""
        self._began = None
        if text and self._view.log_file is not None:
            self._view.finder = Finder(self._view.log_file, text)

    def _go_back(self) -> None:
        if self._began is None:
            return
        if self._began.top is None:
            self._view.follow()
        else:
            self._view.go_to(self._began.top)
