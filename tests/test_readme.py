"""What the README and the pages beside it show exists and works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dagtui
from dagtui.text.shortening import without_keys

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_LINES = 132


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES


def test_its_graph_has_the_nodes_that_its_picture_shows(tmp_path: Path) -> None:
    (graph,) = re.findall(r"^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(graph.split("\n")) - graph.split("\n").count("") == 12
    (tmp_path / "graph.toml").write_text(graph, encoding="utf-8")
    labels = dagtui.load(tmp_path / "graph.toml").labels
    assert len(labels) == 6
    picture = (ROOT / "screenshots" / "graph.svg").read_text(encoding="utf-8")
    # Below its task's row, a node is named by its cell, without the names of its keys where there is little room.
    names = [name for label in labels for name in without_keys(label).replace("[", " [").split()]
    assert [name for name in names if name not in picture] == []


def test_the_configs_are_well() -> None:
    found = {path.name: len(dagtui.load(path)) for path in (ROOT / "configs").glob("*.toml")}
    assert found == {
        "demo.toml": 14,
        "machines.toml": 42,
        "notes.toml": 7,
        "reads.toml": 16,
        "release.toml": 22,
        "stdlib.toml": 24,
        "training.toml": 7,
        "units.toml": 13,
        "wide.toml": 3081,
    }


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/decisions.md", "docs/attempt.md"]
)
def test_links_and_pictures_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "ARCHITECTURE.md", ".ci/task"])
def test_files_and_folders_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:dagtui|tests|configs|screenshots)/[\w./-]*\w", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_folder_of_the_program_is_on_the_map() -> None:
    map_ = re.search(r"^dagtui/\n(.*?)^configs/", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M | re.S)
    assert map_ is not None
    folders = (path.name for path in (ROOT / "dagtui").rglob("*") if path.is_dir() and path.name != "__pycache__")
    assert [folder for folder in folders if f"{folder}/" not in map_[1]] == []


def test_every_page_of_the_manual_is_linked() -> None:
    pages = (path.relative_to(ROOT).as_posix() for path in (ROOT / "dagtui" / "manual").glob("*.md"))
    assert [page for page in pages if f"({page})" not in README] == []


def test_pictures_are_small_and_no_more_than_those_that_are_shown() -> None:
    pictures = set(re.findall(r"!\[[^]]*\]\(screenshots/([^)]+)\)", README))
    files = {path.name: path.stat().st_size for path in (ROOT / "screenshots").glob("*.svg")}
    assert set(files) == pictures
    assert max(files.values()) <= 1_000_000


def test_the_changelog_has_each_line_once_under_a_known_heading() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = text.split("\n## ")[1]
    headings = re.findall(r"^### (.*)$", unreleased, re.MULTILINE)
    assert headings == [name for name in ("Added", "Changed", "Fixed", "Performance", "Security") if name in headings]
    bullets = re.split(r"\n(?=- |###|\n)", text)
    assert [bullet for bullet in set(bullets) if bullet.strip() and bullets.count(bullet) > 1] == []


def test_tests_that_hold_an_attack_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*(?:test_\w+|benchmarks/\w+))`", text))
    assert len(named) > 30
    assert [name for name in sorted(named) if not (ROOT / "tests" / f"{name}.py").exists()] == []


def test_modules_that_decisions_name_exist() -> None:
    for page in ("ARCHITECTURE.md", "docs/decisions.md"):
        named = set(re.findall(r"`([\w/]+/[\w]+\.py)`", (ROOT / page).read_text(encoding="utf-8")))
        assert [name for name in sorted(named) if not (ROOT / "dagtui" / name).exists()] == []


def test_modules_that_the_life_of_an_attempt_names_exist() -> None:
    rooms = (ROOT, ROOT / "dagtui", ROOT / "dagtui" / "execution" / "local")
    named = set(re.findall(r"[\w/]+\.py", (ROOT / "docs" / "attempt.md").read_text(encoding="utf-8")))
    assert len(named) > 10
    assert [name for name in sorted(named) if not any((room / name).exists() for room in rooms)] == []
