"""Edits of single tasks: what the editor shows, what is read of it, and what is written back."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load, load_text
from dagtui.runs.task_edits import TaskEdit, TaskEditError, TaskEdits

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """version = 1 # of the format
# Fetches
[tasks.fetch]
run = "true" # quick

[tasks.train]
matrix = { seed = [1, 2] }
run = "train"

[tasks.fetch.env]
MODE = "fast"
"""


def begin(path: Path, text: str, label: str = "fetch", edits: TaskEdits | None = None) -> tuple[TaskEdits, TaskEdit]:
    path.write_bytes(text.encode())
    graph = load(path)
    edits = edits or TaskEdits(path.parent)
    return edits, edits.begin(graph, graph.node(label))


def test_the_editor_shows_the_parts_below_what_it_is(tmp_path: Path) -> None:
    _, edit = begin(tmp_path / "graph.toml", TEXT)
    assert edit.text() == (
        '#| The definition of task "fetch" in graph.toml, line 2.\n'
        "#| Save and quit to go on: what it changes is shown before it counts.\n"
        "#| Lines that begin with #| are left out.\n"
        "\n"
        '# Fetches\n[tasks.fetch]\nrun = "true" # quick\n'
        "#|- the part at line 10; keep this line\n"
        '[tasks.fetch.env]\nMODE = "fast"\n'
    )
    assert edit.is_same(edit.parts_in(edit.text()))
    assert edit.content(edit.parts_in(edit.text())) == TEXT.encode()


def test_a_task_with_cells_says_that_all_are_meant(tmp_path: Path) -> None:
    _, edit = begin(tmp_path / "graph.toml", TEXT, "train[seed=2]")
    assert '#| The definition of task "train", all 2 cells of it, in graph.toml, line 6.' in edit.text()


def test_what_was_wrong_stands_above_the_text_and_is_not_part_of_it(tmp_path: Path) -> None:
    _, edit = begin(tmp_path / "graph.toml", TEXT)
    parts = edit.parts_in(edit.text().replace("true", "false"))
    again = edit.text(parts, "graph.toml:3:1: wrong\n    run\n    ^^^")
    assert "#| This was wrong:\n#| graph.toml:3:1: wrong\n#|     run\n#|     ^^^\n\n# Fetches" in again
    assert edit.parts_in(again) == parts


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_edit_changes_nothing_else(tmp_path: Path, line_end: str, mark: str) -> None:
    text = mark + TEXT.replace("\n", line_end)
    edits, edit = begin(tmp_path / "graph.toml", text)
    assert "\r" not in edit.text()
    parts = edit.parts_in(edit.text().replace("true", "false").replace("fast", "slow"))
    assert edit.content(parts) == text.replace("true", "false").replace("fast", "slow").encode()
    assert edits.contents_with(edit, parts) == {str(tmp_path / "graph.toml"): edit.content(parts)}


def test_a_line_of_the_text_itself_that_looks_like_ours_stays(tmp_path: Path) -> None:
    _, edit = begin(tmp_path / "graph.toml", TEXT.replace("# Fetches", "#| Fetches"))
    assert edit.marker == "#||"
    assert edit.parts_in(edit.text()) == edit.parts


def test_without_the_line_between_them_parts_are_joined(tmp_path: Path) -> None:
    _, edit = begin(tmp_path / "graph.toml", TEXT)
    text = edit.text().replace("#|- the part at line 10; keep this line\n", "")
    graph = load_text(edit.content(edit.parts_in(text)), tmp_path / "graph.toml")
    assert graph.tasks[0].env == {"MODE": "fast"}


@pytest.mark.parametrize("prefix", ["qc/", "q/c/"])
def test_a_task_of_an_included_file_is_edited_there(tmp_path: Path, prefix: str) -> None:
    (tmp_path / "deep").mkdir()
    inner = '[tasks.b]\nrun = "other"\n\n[tasks."c/b"]\nrun = "true"\n'
    (tmp_path / "deep/x.toml").write_text(f"version = 1\n{inner}")
    main = f'version = 1\ninclude = [{{ path = "deep/x.toml", prefix = "{prefix}" }}]\n'
    edits, edit = begin(tmp_path / "graph.toml", main, f"{prefix}c/b")
    assert (edit.path, edit.shown, edit.parts) == (
        tmp_path / "deep/x.toml",
        "deep/x.toml",
        ('[tasks."c/b"]\nrun = "true"\n',),
    )
    edits.take(edit, ['[tasks."c/b"]\nrun = "false"\n'])
    edits.write_back(edit.path, edit.shown)
    assert (tmp_path / "deep/x.toml").read_text() == f"version = 1\n{inner}".replace("true", "false")


def test_edits_that_are_not_written_add_up(tmp_path: Path) -> None:
    path = tmp_path / "graph.toml"
    edits, edit = begin(path, TEXT)
    edits.take(edit, edit.parts_in(edit.text().replace("fast", "slow")))
    _, other = begin(path, TEXT, "train[seed=1]", edits)
    assert not other.is_unwritten
    edits.take(other, other.parts_in(other.text().replace('"train"', '"train 2"')))
    both = TEXT.replace("fast", "slow").replace('"train"', '"train 2"')
    assert edits.unwritten == {str(path): both.encode()}
    assert edits.unwritten_tasks == ["fetch", "train"]
    _, again = begin(path, TEXT, "fetch", edits)
    assert again.is_unwritten
    assert "An earlier edit of it is not in graph.toml yet." in again.text()
    path.chmod(0o640)
    edits.write_back(again.path, again.shown)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (both, 0o640)
    assert edits.unwritten == {}
    assert sorted(os.listdir(tmp_path)) == ["graph.toml"]


def test_a_file_that_has_changed_is_not_written_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "graph.toml"
    edits, edit = begin(path, TEXT)
    edits.take(edit, edit.parts_in(edit.text().replace("fast", "slow")))
    path.write_text(TEXT + "# a later word\n")
    with pytest.raises(TaskEditError, match=r"^not written: graph\.toml has changed meanwhile; the run keeps the edit"):
        edits.write_back(edit.path, edit.shown)
    assert path.read_text() == TEXT + "# a later word\n"
    assert edits.unwritten_tasks == ["fetch"]
    with pytest.raises(TaskEditError, match="reload it first, which drops that edit"):
        edits.begin(load(path), load(path).node("fetch"))
    edits.forget()
    assert edits.begin(load(path), load(path).node("fetch")).before == (TEXT + "# a later word\n").encode()


def test_a_file_that_can_not_be_written_says_so_and_nothing_is_lost(tmp_path: Path) -> None:
    edits, edit = begin(tmp_path / "graph.toml", TEXT)
    edits.take(edit, edit.parts_in(edit.text().replace("fast", "slow")))
    (tmp_path / "graph.toml").unlink()
    with pytest.raises(TaskEditError, match=r"not written: .*No such file"):
        edits.write_back(edit.path, edit.shown)
    assert edits.unwritten_tasks == ["fetch"]


def test_what_can_not_be_edited_says_why(tmp_path: Path) -> None:
    path = tmp_path / "graph.toml"
    edits, _ = begin(path, TEXT)
    graph = load(path)
    path.write_text('version = 1\n[tasks.other]\nrun = "true"\n')
    with pytest.raises(TaskEditError, match=r'graph\.toml no longer defines "fetch"'):
        edits.begin(graph, graph.node("fetch"))
    path.write_text("version = 1\n[tasks.fetch\n")
    with pytest.raises(GraphError, match=r"graph\.toml:2"):
        edits.begin(graph, graph.node("fetch"))
    with pytest.raises(TaskEditError, match="not read from a file"):
        edits.begin(load_text(TEXT, path), graph.node("fetch"))


def test_texts_lie_in_a_private_folder_until_they_are_discarded(tmp_path: Path) -> None:
    edits = TaskEdits(tmp_path)
    first, second = edits.save_text("a"), edits.save_text("b")
    assert (first.name, second.name) == ("1.toml", "2.toml")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    edits.save_text("c", first)
    assert first.read_text() == "c"
    edits.discard_text(second)
    assert not second.exists()


def test_a_text_that_was_changed_is_not_discarded_as_unchanged(tmp_path: Path) -> None:
    edits, edit = begin(tmp_path / "graph.toml", TEXT)
    path = edits.save_text(edit.text() + "# mine\n")
    assert not edits.discard_unchanged(path, edit)
    assert path.exists()
    edits.save_text(edit.text(), path)
    assert edits.discard_unchanged(path, edit)
    assert edits.discard_unchanged(path, edit)
    assert not path.exists()
