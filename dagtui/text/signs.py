"""What the signs on the screen mean. A sign of `Glyphs` that no entry here draws fails a test.

It stands beside `look.py`, not in it: only the help reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.text.look import Look


class Sign(NamedTuple):
    """A sign, or an example with several, and its meaning."""

    drawn: str
    """A format string: `{name}` stands for the sign of that name in `Glyphs`."""
    words: str

    def text(self, look: Look) -> str:
        """Return the sign as it is shown."""
        return look.written(self.drawn.format_map(look.glyphs._asdict()))


ROWS: Final = (
    Sign("{cursor}", "the cursor: keys act on this row"),
    Sign("{selected}", "selected: commands act on all selected nodes, and y copies selected lines"),
    Sign("{shut}", "folded: more rows are below"),
    Sign("{open}", "unfolded"),
    Sign("{times}5", "after a name: the row stands for 5 nodes"),
    Sign("{times}2", "beside a time: the second attempt"),
    Sign("{statuses[5]}{statuses[2]}{statuses[0]}", "a strip: one sign a node, or the worst of several"),
    Sign("{statuses[5]}3 {statuses[6]}1", "how many of its nodes are done, failed, ..."),
    Sign("+9:", "9 more nodes are folded below, with their counts"),
    Sign("after 2/5", "2 of its 5 parents are settled"),
    Sign("{queued}", "queued on another machine: its engine has it, and has not begun it"),
    Sign("in 4 s", "the next attempt begins in 4 seconds"),
    Sign("{stale}", "stale: done, but an ancestor ran again later"),
    Sign("held", "does not start until it is released"),
    Sign("{cut}", "a part of the name or the text is left out"),
)
LANES: Final = (
    Sign("{vertex}{lanes.bar}", "a task, and the lane from it to the tasks that need it"),
    Sign("{lanes.left}{dash}{vertex}", "this task needs the one that the lane comes from"),
    Sign("{vertex}{dash}{shared_lanes.right}", "heavy: several tasks share the lane, to one that needs them all"),
    Sign("{lanes.right}{lanes.cross}{shared_lanes.bar}{shared_lanes.left}{shared_lanes.cross}", "lanes that go on"),
    Sign(
        "{lanes.left_begin}{lanes.right_begin}{lanes.both_begin}"
        "{shared_lanes.left_begin}{shared_lanes.right_begin}{shared_lanes.both_begin}",
        "a lane begins here",
    ),
    Sign(
        "{lanes.left_end}{lanes.right_end}{lanes.both_end}"
        "{shared_lanes.left_end}{shared_lanes.right_end}{shared_lanes.both_end}",
        "a lane ends here",
    ),
    Sign(
        "{lanes.begins}{lanes.ends}{shared_lanes.begins}{shared_lanes.ends}",
        "begins or ends at rows that are folded",
    ),
    Sign("after a, b", "its parents, where there is no room for their lanes"),
)
MAP: Final = (
    Sign(
        "{map_cells[5]}{map_cells[2]}{map_cells[1]}{map_cells[0]}",
        "a cell: done, running, queued, waiting. Of several nodes, the worst shows",
    ),
    Sign("{map_shares[0]}{map_shares[1]}", "a cell of which up to a half is done, or more; the rest waits"),
    Sign("{levels[1]}{levels[4]}{levels[8]}", "pace: how many nodes ended, over the last minute"),
)
TROUBLE: Final = (
    Sign("3 {times} exit 1", "3 failures of one kind; keys act on them all"),
    Sign("blocks 9: a {arrow} b", "9 nodes can't run because of it: a, and others as far as b"),
    Sign("usually 2 s", "late: it runs for much longer than it did before"),
)
TREE: Final = (
    Sign("{tee}{stub}", "needs the node above it, by itself or through others; more nodes do"),
    Sign("{elbow}{stub}", "the last node that needs the one above it"),
    Sign("{bar}", "leads past other nodes to the next one"),
    Sign("{tee_by_file}{by_file} {elbow_by_file}{by_file}", "reads a file that the node above it writes"),
    Sign("{reference} d +2", "d and 2 other rows elsewhere need it"),
    Sign("{reference}3", "3 rows elsewhere need it"),
    Sign("{file_reference} d", "d, which stands elsewhere, reads a file that it writes"),
    Sign("a {prompt}{elbow}", "below a, too deep to be indented"),
    Sign("(", "the cursor's row needs it: the key ( goes there"),
    Sign(")", "needs the cursor's row: the key ) goes there"),
)
TIME: Final = (
    Sign("{bars[3]}", "an attempt of the critical path, which decides how long the run takes"),
    Sign("{bars[1]} {bars[2]}", "another attempt; several at once"),
    Sign("{bars[0]}", "ready: waits for a slot or an answer"),
    Sign("{bars[1]}{statuses[6]} {bars[1]}{statuses[8]}", "an attempt failed here; was cancelled here"),
    Sign("{bars[4]} {bars[5]}", "expected; expected, on the critical path"),
    Sign("{levels[2]}{levels[4]}{levels[8]}", "the share of the slots in use"),
    Sign("took", "the time of all attempts; where several ran at once, it counts once"),
)
TOP: Final = (
    Sign("ETA 12–20 s", "the expected rest of the run, the runs that this rests on, and the node that it depends on"),
    Sign("slots 2/6", "slots in use, of those that there are"),
    Sign(
        "{shares[5]}{shares[2]}{shares[0]}",
        "the bar: nodes that are done, under way, and to come",
    ),
    Sign("{shares[6]}{shares[7]}", "in the bar: failed; blocked, cancelled or skipped"),
    Sign("12k", "12,000"),
    Sign("{tabs_before} {tabs_after}", "more views, before and after those that have room"),
    Sign("{statuses[6]}", "in the scroll bar: a failure stands there"),
)
RECORDING: Final = (
    Sign("{bars[2]}{vertex}{bars[1]}", "the bar: what is over, the moment that is shown, what is to come"),
    Sign("{statuses[6]}", "on the bar: a node failed at that moment"),
    Sign("46/89", "at the bar: 46 of 89 events have happened"),
    Sign("{times}10", "at the bar: the recording is played 10 times as fast as the run"),
)
"""Only on screens of past runs."""
TEXT: Final = (
    Sign("{continued}", "in a log: the line goes on here"),
    Sign("{cut_before} {cut_after}", "in a log: more of the line is to the left, to the right"),
    Sign("{block}", "lines that belong together: how an attempt failed"),
    Sign("{branch}", "the next cause on the way to a root failure"),
    Sign("{chosen} {choice}", "the chosen answer, and another one"),
    Sign("{prompt}", "type here"),
    Sign("{arrow}", "in plans: is followed by"),
    Sign("{separator}", "separates words"),
    Sign("{dots}", "in commands to copy: something to fill in"),
)
SIGNS: Final[Mapping[str, Sequence[Sign]]] = {
    "Rows": ROWS,
    "Lanes between tasks": LANES,
    "Map": MAP,
    "Trouble": TROUBLE,
    "Lines between nodes": TREE,
    "Time": TIME,
    "Top of the screen": TOP,
    "Recording": RECORDING,
    "Dialogs and logs": TEXT,
}
"""All signs but those of the statuses, whose words the help takes from the statuses. By heading, in their order."""
