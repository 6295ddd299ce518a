"""The graphs in configs/ run to their end on whatever machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

CONFIGS = Path(__file__).parent.parent / "configs"


def test_the_statistics_hold_for_a_library_with_links_and_without_some_packages(tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "json").mkdir(parents=True)
    (library / "json" / "__init__.py").write_text("answer = 42  # known\n", encoding="utf-8")
    (library / "os.py").write_text("import sys\n", encoding="utf-8")
    (library / "linked.py").symlink_to("os.py")  # Debian links sitecustomize.py into /etc
    (library / "broken.py").symlink_to("gone.py")
    (library / "folder.py").mkdir()
    shutil.copytree(CONFIGS, tmp_path / "configs", ignore=shutil.ignore_patterns(".*"))
    command = [sys.executable, "-m", "dagtui", "run", tmp_path / "configs" / "stdlib.toml", "-p", f"folder={library}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    log = next(tmp_path.glob("configs/.dagtui/stdlib/runs/1/logs/*/check-*.log")).read_text(encoding="utf-8")
    assert "22 counted while tokenising, 22 by find and wc" in log
    assert "the numbers agree" in log
