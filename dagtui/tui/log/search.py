"""Log search as a person uses it: from the first typed letter to the next hit."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.log_search import Found
from dagtui.tui.log.attempt_log import ERRORS
from dagtui.tui.log.cursor import NO_LINE
from dagtui.tui.log.hits import Finder

if TYPE_CHECKING:
    from dagtui.tui.log.attempt_log import FirstError
    from dagtui.tui.log.document import Spot
    from dagtui.tui.log.hits import FinderAt
    from dagtui.tui.log.view import LogView


class _Place(NamedTuple):
    """A person's position in the log."""

    line: int
    """The cursor's line, or the one at the top of the window if it followed the end."""
    top: Spot | None
    """The row at the top of the window. None: it followed the end."""


class _Paging(NamedTuple):
    """A search for the page of a long line that contains a hit."""

    line: int
    page: int
    step: int
    """1 for the next page, -1 for the previous one."""
    within: bool
    """Whether it continues from a hit in the same line. Without another hit there, the next line follows."""


class Search:
    """Goes from hit to hit in a view. `step` does a bounded part of a search through a large log."""

    def __init__(self, view: LogView) -> None:
        self._view = view
        self._began: _Place | None = None
        """The position when the typing began. None: no one is typing."""
        self._direction = 1
        self._paging: _Paging | None = None

    def begin(self) -> None:
        """Start typing: every typed text is searched from here, not from the hit of a shorter text."""
        view = self._view
        self._began = _Place(self._start, None if view.follows else view.top)

    @property
    def _start(self) -> int:
        """The line from which to search."""
        return self._view.first_line if self._view.follows else self._view.cursor.line

    def keep(self) -> None:
        """End the typing and keep the search."""
        self._began = None

    def give_up(self) -> None:
        """End the typing, discard the search, and return to the previous position."""
        self._go_back()
        self.forget()
        self._began = None

    def look_for(self, text: str) -> None:
        """Search for a text (after "!" for lines without it) and go to the first hit from the cursor on.

        From the end, which is followed, it begins at the window's top.
        """
        self._go_back()
        view = self._view
        self._paging = None
        view.document.turn_back()
        if not text or view.document.log is None:
            self.forget()
            return
        view.finder = Finder(view.document.log, text, self._began.line if self._began else self._start)
        view.redraw()
        self._direction = 1
        self._want_line(view.finder)
        self.step()

    def forget(self) -> None:
        """End the search."""
        self._paging = None
        self._view.finder = None
        self._view.redraw()

    def go(self, direction: int) -> None:
        """Go to the hit after the cursor, or before it if the direction is negative, wrapping around.

        All hits in the window of the current line count as one. Further hits of that line may be further right or down.
        """
        view, finder = self._view, self._view.finder
        if finder is None:
            return
        self._direction = direction
        if view.cursor.line != NO_LINE:
            finder.current = view.cursor.line
        if not self._went_on(finder):
            self._want_line(finder)
        self.step()

    def step(self) -> bool:
        """Search some more of the log, and go to the requested hit once it is known.

        Return whether there is more to search.
        """
        finder = self._view.finder
        if finder is None:
            return False
        if not finder.finished and finder.step():
            self._view.mark_late()
        if self._paging is not None:
            self._turn_pages(finder, self._paging)
        hit = finder.arrive()
        if hit is not None:
            self._arrive(finder, hit)
        return not finder.finished or self._paging is not None

    def _want_line(self, finder: Finder) -> None:
        self._paging = None
        finder.want(self._direction)

    def _went_on(self, finder: Finder) -> bool:
        """Go to another hit in the current line, or start looking for one. Return False if there cannot be one."""
        view, line = self._view, finder.current
        if finder.inverted or not finder.is_hit(line):
            return False
        first, last = view.window_of(line)
        if first == last:
            return False
        spans = view.spans(line)
        if self._direction < 0:
            spans = [span for span in reversed(spans) if span[0] < first]
        else:
            spans = [span for span in spans if span[0] >= last]
        if spans:
            view.reveal_span(line, *spans[0])
            return True
        page = view.document.page_of(line) + self._direction
        if not 0 <= page < view.document.page_count(line):
            return False
        self._paging = _Paging(line, page, self._direction, within=True)
        return True

    def _arrive(self, finder: Finder, line: int) -> None:
        view, pages = self._view, self._view.document.page_count(line)
        if pages == 1 or finder.inverted:
            self._reveal(line)
            return
        view.reveal(line)
        self._paging = _Paging(line, 0 if self._direction > 0 else pages - 1, self._direction, within=False)
        self._turn_pages(finder, self._paging)

    def _turn_pages(self, finder: Finder, paging: _Paging) -> None:
        """Look for the page with the hit, and show it once it is known."""
        log = self._view.document.log
        try:
            found = log.find_page(finder.query, paging.line, paging.page, paging.step) if log else Found()
        except StoreError:  # the view says why the log cannot be read
            found = Found()
        if found.resume is not None:
            self._paging = paging._replace(page=found.resume)
            return
        self._paging = None
        if found.line is not None:
            self._view.document.turn_to(paging.line, found.line)
            self._reveal(paging.line)
        elif paging.within:
            self._want_line(finder)

    def _reveal(self, line: int) -> None:
        spans = self._view.spans(line)
        if spans:
            self._view.reveal_span(line, *spans[0 if self._direction > 0 else -1])
        else:
            self._view.reveal(line)

    def show_error(self, error: FirstError) -> None:
        """Go to a line that looks like an error."""
        view = self._view
        if error.page is not None:
            view.document.turn_to(error.line, error.page)
        span = ERRORS.span(view.document.line(error.line).text)
        if span is None:
            view.reveal(error.line)
        else:
            view.reveal_span(error.line, *span)

    def show_hit(self, line: int, finder: FinderAt) -> None:
        """Search for what another search has found in a line, without leaving the line."""
        view = self._view
        self._began = self._paging = None
        if view.document.log is None:
            return
        view.finder = finder(view.document.log, line)
        view.finder.current = line
        spans = view.spans(line)
        if spans:
            view.reveal_span(line, *spans[0])

    def inserted(self, count: int) -> None:
        """Adjust to lines that were inserted before the known ones."""
        self._paging = None
        if self._began is not None:
            line, top = self._began
            self._began = _Place(line + count, top and top._replace(line=top.line + count))

    def opened(self, finder: Finder | None) -> None:
        """Search for the same as before in another log."""
        self._began = self._paging = None
        if finder is not None and self._view.document.log is not None:
            self._view.finder = finder.again(self._view.document.log)

    def _go_back(self) -> None:
        if self._began is None:
            return
        if self._began.top is None:
            self._view.follow()
        else:
            self._view.cursor.place(self._began.line)
            self._view.go_to(self._began.top)
