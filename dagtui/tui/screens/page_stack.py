"""The pages that take the place of the main screen, one over the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from textual.app import App

    from dagtui.tui.screens.page import PageScreen

ResultT = TypeVar("ResultT")


class PageStack(Generic[ResultT]):
    """Opens pages and closes them. Pages are imported when the first one opens, not at the start."""

    def __init__(self, app: App[ResultT]) -> None:
        self._app = app
        self._open: list[PageScreen] = []

    @property
    def top(self) -> PageScreen | None:
        """The page that is shown, perhaps below a dialog. None: the main screen is."""
        return self._open[-1] if self._open else None

    def open(self, page: PageScreen) -> None:
        """Show a page over the whole screen."""
        self._open.append(page)
        self._app.push_screen(page, lambda _: self._open.remove(page))

    def close(self) -> None:
        """Close all pages."""
        for page in reversed(self._open.copy()):
            page.close()
