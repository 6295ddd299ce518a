"""Log pane: the log of one attempt, with its header, or the reason why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.containers import Vertical

from dagtui.engine.messages import NO_ATTEMPT
from dagtui.graph.model import NO_NODE
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.availability import LogSituation
from dagtui.tui.lines.copied import Copied
from dagtui.tui.log.attempt_log import NO_ERROR, AttemptLog
from dagtui.tui.log.empty_log import EmptyLogPage
from dagtui.tui.log.header import HeaderLine, heading, indicators
from dagtui.tui.log.log_footer import LogFooter, copied_failure
from dagtui.tui.log.pane_state import LogPaneState
from dagtui.tui.log.search import Search
from dagtui.tui.log.view import LogView

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth, ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.actions.pagers import PagedLine
    from dagtui.tui.log.hits import FinderAt

_NO_ERROR_LINE = "no line looks like an error"


class LogPane(Vertical):
    """Shows a log while it grows. It does nothing on its own: `flush` reads new output, the methods are the keys."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    def __init__(self, run: RunView, look: Look = IN_UNICODE) -> None:
        super().__init__()
        self._run = run
        self._look = look
        self.node = NO_NODE
        """The node that is shown. -1: none yet."""
        self.pinned: AttemptNumber | None = None
        """The attempt that a person chose. None: always the latest."""
        self.header = HeaderLine(look)
        self.view = LogView(look)
        self._footer = LogFooter(run, look)
        self.search = Search(self.view)
        self.silence = EmptyLogPage(run, look)
        self.silence.display = False
        self._log: AttemptLog | None = None
        self._shown: tuple[NodeIndex, AttemptNumber | None] = (NO_NODE, None)
        """Node and attempt whose log is open."""
        self._note = ""
        self._sought: int | None = None
        """The offset of the line to go to, until it is indexed."""
        self._sought_finder: FinderAt | None = None
        """Begins a search for what was found in that line."""

    def compose(self) -> ComposeResult:
        """Yield the header, the lines, and the page of an empty log."""
        yield self.header
        yield self.view
        yield self.silence

    def on_mount(self) -> None:
        """Show the empty page if there is no node to show."""
        if self.node < 0:
            self.view.display, self.silence.display = False, True

    def on_unmount(self) -> None:
        """Close the file."""
        if self._log is not None:
            self._log.close()

    # What is shown

    @property
    def attempt(self) -> AttemptNumber:
        """The attempt that is shown. 0: the node has none yet."""
        latest = self._run.state.attempt[self.node] if self.node >= 0 else NO_ATTEMPT
        return latest if self.pinned is None else min(self.pinned, latest)

    @property
    def situation(self) -> LogSituation:
        """What the keys of the log would act on."""
        log = self._log
        exists = log is not None and log.file.exists
        selecting = self.view.has_focus and self.view.cursor.selected is not None
        has_lines = exists and self.view.line_count > 0
        copies = self.silence.copies if self.silence.has_focus else ""
        return LogSituation(exists, has_lines, self.attempt > 1, self.pinned is not None, selecting, copies)

    def show(self, node: NodeIndex, attempt: AttemptNumber | None = None) -> None:
        """Show a node's log: of one attempt, or of the latest and those that follow."""
        if (node, attempt) == (self.node, self.pinned):
            return
        self.node, self.pinned = node, attempt
        self.flush(self._run.clock())

    def take_up(self, node: NodeIndex) -> None:
        """Go on with the graph that the run has now, in which the node has another number, or none. The log stays."""
        if self._shown[0] == self.node:
            self._shown = (node, self._shown[1])
        self.node = node
        self._footer.forget()
        self.silence.take_up(node)

    def rewind(self) -> None:
        """Make the rows after the lines again at the next flush: the run is shown as it was at another moment."""
        self._footer.forget()

    def flush(self, clock: ClockTime) -> bool:
        """Read and draw new output within a bounded time. Return whether another frame is needed soon."""
        if self.node < 0 or not self.is_mounted:
            return False
        opened = self._note_attempt()
        log = self._log
        if log is not None:
            log.file.show_until(self._run.log_until(self.node, self.attempt))
            change = log.refresh()
            if change:
                self.view.take(change)
                if change.joined:
                    self.search.inserted(change.inserted)
            self._look_for_error(log)
            self._go_to_sought()
        searches = self.search.step()
        waits = self._choose(clock)
        self._draw_header(clock)
        if opened:
            self.view.redraw()  # a person waits for it: not throttled
        else:
            self.view.flush()
        return waits or (self.view.late and self.view.display) or searches or (log is not None and not log.complete)

    def _note_attempt(self) -> bool:
        """Open another log if another attempt is to be shown. Return whether it is another one."""
        wanted = (self.node, self.attempt)
        if wanted == self._shown:
            return False
        finder = self.view.finder
        if self._log is not None:
            self._log.close()
        self._shown, self._note, self._sought = wanted, "", None
        self._log = AttemptLog(self._run.log_path(*wanted)) if wanted[1] else None
        self.view.open(self._log.file if self._log else None)
        self.search.opened(finder)
        return True

    def _choose(self, clock: ClockTime) -> bool:
        """Show the lines, or the page that says why there are none. Return whether the page is to be made later."""
        has_lines = self.view.line_count > 0
        if has_lines != self.view.display or has_lines == self.silence.display:
            was_focused = self.window.has_focus
            self.view.display, self.silence.display = has_lines, not has_lines
            if was_focused:
                self.window.focus()
        if has_lines:
            self.view.set_ending(self._footer.rows(self.node, self.attempt, clock))
        else:
            self.silence.about(self.node, self.attempt, self._log.trouble if self._log else "")
            return self.silence.flush(clock)
        return False

    def _draw_header(self, clock: ClockTime) -> None:
        left = heading(self._run, self.node, self.attempt, clock, self._look)
        self.header.set_runs(left, indicators(self.view, self._note))

    # Moving

    def move(self, rows: int) -> None:
        """Move the cursor by lines. On the page of an empty log, go to the next linked row."""
        if self.view.display:
            self.view.cursor.move(rows)
            self._moved()
        else:
            self.silence.move(rows)

    def page(self, direction: int) -> None:
        """Move by one page."""
        self._scroll(direction * max(1, self.window.size.height - 1))

    def half_page(self, direction: int) -> None:
        """Move by half a page."""
        self._scroll(direction * max(1, self.window.size.height // 2))

    def _scroll(self, rows: int) -> None:
        if self.view.display:
            self.view.cursor.scroll(rows)
        else:
            self.silence.scroll_rows(rows)
        self._moved()

    def top(self) -> None:
        """Go to the first line."""
        self.view.cursor.top()
        self.silence.top()
        self._moved()

    def bottom(self) -> None:
        """Go to the last line and follow it."""
        self.view.cursor.bottom()
        self.silence.bottom()
        self._moved()

    def go_to_line(self, line: int) -> None:
        """Put the cursor on a line and show it."""
        self.view.reveal(line)
        self._moved()

    def show_at(self, node: NodeIndex, attempt: AttemptNumber, offset: int, finder: FinderAt | None = None) -> None:
        """Show the line of an attempt's log that a byte is in, as soon as it is indexed so far, and what was found."""
        latest = self._run.state.attempt[node]
        self.show(node, None if attempt == latest else attempt)
        self._sought, self._sought_finder = offset, finder
        self._go_to_sought()

    def _go_to_sought(self) -> None:
        if self._sought is None or self._log is None or self._shown != (self.node, self.attempt):
            return
        line = self._log.line_at(self._sought)
        if line is not None:
            self._sought = None
            if self._sought_finder is not None:
                self.search.show_hit(line, self._sought_finder)
            self.go_to_line(line)

    def scroll_columns(self, cells: CellWidth) -> None:
        """Scroll sideways if lines are cut."""
        self.view.scroll_columns(cells)
        self._moved()

    def activate(self) -> bool:
        """Go to the node under the page's cursor. Return False if there is none."""
        return not self.view.display and self.silence.activate()

    @property
    def window(self) -> LogView | EmptyLogPage:
        """The visible widget: the lines, or the page in their place."""
        return self.view if self.view.display else self.silence

    def _moved(self) -> None:
        """Discard the note about the last action, since a person did something else."""
        self._note = ""
        if self.node >= 0:
            self._draw_header(self._run.clock())

    # How it is shown

    def toggle_follow(self) -> None:
        """Follow the end, or stay."""
        if self.view.follows:
            self.view.stay()
            self.view.repaint()
        else:
            self.view.follow()
        self._moved()

    def toggle_wrap(self) -> bool:
        """Wrap long lines or cut them. Return whether they wrap now."""
        self.view.wraps = not self.view.wraps
        self._moved()
        return self.view.wraps

    def toggle_times(self) -> None:
        """Show or hide when each line was written."""
        self.view.columns.shows_times = not self.view.columns.shows_times
        self.view.redraw()

    def toggle_numbers(self) -> None:
        """Show or hide line numbers."""
        self.view.columns.shows_numbers = not self.view.columns.shows_numbers
        self.view.redraw()

    def previous_attempt(self) -> None:
        """Show the previous attempt."""
        if self.attempt > 1:
            self.show(self.node, self.attempt - 1)

    def next_attempt(self) -> None:
        """Show the next attempt. From the latest one on, new attempts are shown as they start."""
        latest = self._run.state.attempt[self.node] if self.node >= 0 else NO_ATTEMPT
        if self.pinned is not None:
            following = self.pinned + 1
            self.show(self.node, following if following < latest else None)

    # Finding

    def give_up_find(self) -> None:
        """End the typing and the search, and return to the previous position."""
        self.search.give_up()
        self._moved()

    def find(self, text: str) -> None:
        """Search for a text (after "!" for lines without it) and show the first hit from the window's top."""
        self.search.look_for(text)
        self._moved()

    def find_hit(self, direction: int) -> None:
        """Show the next hit, or the previous one if the direction is negative, wrapping around."""
        self.search.go(direction)
        self._moved()

    def clear_find(self) -> None:
        """End the search."""
        self.search.forget()
        self._moved()

    def first_error(self) -> None:
        """Show the first line that looks like an error."""
        if self.node < 0:
            return
        if self._log is None or not self.view.line_count:
            self._note = _NO_ERROR_LINE
        else:
            self._log.seek_error()
            self._look_for_error(self._log)
        self._draw_header(self._run.clock())

    def _look_for_error(self, log: AttemptLog) -> None:
        error = log.first_error()
        if error is None:
            return
        if error == NO_ERROR:
            self._note = _NO_ERROR_LINE
            return
        self._note = ""
        self.search.show_error(error)

    # Copying and state

    def toggle_selection(self) -> None:
        """Begin to select lines at the cursor, or end the selection."""
        cursor = self.view.cursor
        if cursor.selected:
            cursor.end_selection()
        else:
            cursor.select()
        self._moved()

    def copied_line(self) -> Copied:
        """Return the selected lines and end the selection, or return the cursor's line."""
        log = self._log if self.view.line_count else None
        lines = self.view.cursor.lines
        if log is None or lines is None:
            return self.silence.copied_line()
        self.view.cursor.end_selection()
        self._moved()
        return log.text(*lines)

    def copied(self) -> Copied:
        """Return the lines in the window, or the page in their place."""
        log = self._log if self.view.line_count else None
        return self.silence.copied() if log is None else log.text(*self.view.visible_lines)

    @property
    def place(self) -> PagedLine | None:
        """The cursor's line for a program that shows the file. None: there is none."""
        return self._log.place_of(self.view.cursor.line, last=self.view.follows) if self._log else None

    def copied_failure(self) -> Copied:
        """Return the block of the attempt that is shown, if it failed."""
        return copied_failure(self._run, self.node, self.attempt) if self.node >= 0 else Copied("")

    def dump_state(self) -> LogPaneState:
        """Return how the log is shown."""
        view = self.view
        top = None if view.follows else view.top
        name = self._run.graph.labels[self.node] if self.node >= 0 else ""
        columns = view.columns
        return LogPaneState(
            name, self.pinned, view.wraps, columns.shows_times, columns.shows_numbers, top, view.cursor.line
        )

    def restore_state(self, state: LogPaneState) -> None:
        """Show the log as another pane did."""
        view = self.view
        view.wraps = state.wraps
        view.columns.shows_times, view.columns.shows_numbers = state.times, state.numbers
        node = self._run.graph.find(state.label)
        if node is None:
            return
        self.show(node, state.attempt)
        if state.top is not None:
            view.cursor.place(state.line)
            view.go_to(state.top)
