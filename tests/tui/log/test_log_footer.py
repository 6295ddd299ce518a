from __future__ import annotations

from typing import TYPE_CHECKING

from tui.played_run import PlayedRun

from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.text.look import IN_UNICODE
from dagtui.tui.log.log_footer import copied_failure, result_rows

if TYPE_CHECKING:
    from pathlib import Path


def test_the_block_of_a_failure_leaves_room_for_the_log(tmp_path: Path):
    tasks = [Task("a", ShellCommand("echo {{ params.x }}"))]
    graph = Graph(["a"], [], tasks=tasks, directory=tmp_path, params={"x": "1"})
    play = PlayedRun(graph, tmp_path / "logs")
    play.run("a", value=3)
    session = play.session()
    path = session.log_path(0, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("something\n")
    texts = [row.text for row in result_rows(session, 0, 1, IN_UNICODE)]
    assert f"log       {path.relative_to(tmp_path)}" in " ".join(texts)
    assert "{{" not in " ".join(texts)
    copied = copied_failure(session, 0, 1).text
    assert "template  echo {{ params.x }}" in copied
    assert f"log       {path}" in copied
