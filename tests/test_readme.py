"""What the README shows works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import dagtui

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs() -> None:
    (example,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60)
    assert done.stdout == "fetch is done\ntrain is done\nreport is done\ncompleted done\n", done.stderr


def test_the_graphs_are_well(tmp_path: Path) -> None:
    first, secrets = blocks("toml")
    path = tmp_path / "graph.toml"
    path.write_text(first, encoding="utf-8")
    assert len(dagtui.load(path)) == 6
    assert first == (ROOT / "dagtui/cli/starter.toml").read_text(encoding="utf-8"), "what `dagtui init` writes"
    path.write_text(f"version = 1\n{secrets}[tasks.fetch]\nrun = 'curl -H \"$API_TOKEN\"'\n", encoding="utf-8")
    assert dagtui.load(path).settings.secrets == ("API_TOKEN",)


def test_the_configs_are_well() -> None:
    paths = sorted((ROOT / "configs").glob("*.toml"))
    assert [path.name for path in paths] == ["demo.toml", "stdlib.toml", "wide.toml"]
    assert [len(dagtui.load(path)) for path in paths] == [14, 24, 3081]


def test_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    assert [name for name in pictures if not (ROOT / name).exists()] == []
