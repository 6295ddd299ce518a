"""The built wheel, installed into a fresh environment, has all that the program needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

import dagtui
from dagtui.manual.pages import TOPICS

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "NO_COLOR", "FORCE_COLOR"}}
BUILD = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]


def call(command: Sequence[str | Path], cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    call([*BUILD, "-d", folder], ROOT)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`dagtui` in an environment that has the wheel, and sees the libraries that these tests see."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    scheme = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})
    # A path that a .pth file names is only searched; its own .pth files, an editable dagtui among them, do not count.
    Path(scheme["purelib"], "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    install = [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install", "-q", "--no-index"]
    call([*install, "--no-deps", "--ignore-installed", wheel], home)
    return home / "bin" / "dagtui"


def test_it_holds_the_files_beside_the_modules_and_nothing_of_the_tests(wheel: Path):
    names = set(ZipFile(wheel).namelist())
    assert {"dagtui/py.typed", "dagtui/cli/starter.toml", "dagtui/cli/demo.toml", "dagtui/manual/start.md"} <= names
    package = {path.relative_to(ROOT) for path in (ROOT / "dagtui").rglob("*") if path.is_file()}
    kept = {path.as_posix() for path in package if not {"__pycache__", ".dagtui"} & set(path.parts)}
    assert {name for name in names if ".dist-info/" not in name} == kept


def test_an_installed_program_has_the_manual(program: Path, tmp_path: Path):
    pages = call([program, "help"], tmp_path).splitlines()[2:]
    assert len(pages) == len(TOPICS)
    assert call([program, "help", pages[-1].split()[0]], tmp_path).startswith("# ")


def test_an_installed_program_runs_the_demo(program: Path, tmp_path: Path):
    assert call([program, "--version"], tmp_path) == f"dagtui {dagtui.__version__}\n"
    with subprocess.Popen([program, "demo"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        for line in it.stdout:
            if "download  started" in line:
                break
        it.send_signal(signal.SIGINT)
        it.communicate(timeout=60)
    assert it.returncode == 130
    assert (tmp_path / "dagtui-demo" / "graph.toml").exists()
