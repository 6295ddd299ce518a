"""From run to run of one graph, and from one terminal to another, the screen opens as it was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.session_harness import SessionHarness

GRAPH = """
[tasks.first]
run = "true"
[tasks.second]
needs = ["first"]
run = "true"
"""


@pytest.mark.parametrize("options", [(), ("--in-process",)], ids=["session", "in process"])
def test_view_and_sizes_outlive_the_run(harness: SessionHarness, options: tuple[str, ...]):
    harness.write(GRAPH)
    first = harness.open("graph.toml", *options)
    first.wait_for_text("✓ completed")
    first.send("v")
    first.wait_for_text("[Map]")
    first.send("+")
    first.wait_for(lambda: divider(first.text) == 50, "another size")
    first.send("q")
    assert first.wait_for_end() == 0
    (remembered,) = harness.folder.glob(".dagtui/graph/screen.json")
    content = remembered.read_text()
    second = harness.open("graph.toml", *options)
    second.wait_for_text("✓ completed")
    second.wait_for(lambda: "[Map]" in heading(second.text) and divider(second.text) == 50, "the same view and size")
    remembered.write_text("{")
    second.send("q")
    assert second.wait_for_end() == 0
    assert remembered.read_text() == content


def heading(text: str) -> str:
    """The headings of both panes."""
    return text.splitlines()[2]


def divider(text: str) -> int:
    """The column of the divider: where the heading of the right side begins."""
    return heading(text).find("1 Log") - 2
