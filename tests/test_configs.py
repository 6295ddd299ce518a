"""The graphs in configs/ run to their end on whatever machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.program import call

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
    done = call("run", tmp_path / "configs" / "stdlib.toml", "-p", f"folder={library}")
    assert done.returncode == 0, done.stdout
    log = next(tmp_path.glob("configs/.dagtui/stdlib/runs/1/logs/*/check-*.log")).read_text(encoding="utf-8")
    assert "22 counted while tokenising, 22 by find and wc" in log
    assert "the numbers agree" in log


def test_a_new_row_of_the_sheet_runs_alone_on_a_resume(tmp_path: Path) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs", ignore=shutil.ignore_patterns(".*"))
    graph, sheet = tmp_path / "configs" / "reads.toml", tmp_path / "configs" / "reads.tsv"

    def run(*words: str) -> str:
        done = call("run", graph, "-p", "bases=G,C", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "10 done" in run()
    with sheet.open("a", encoding="utf-8") as file:
        file.write("lung\t4\t0.4\n")
    said = run("--resume")
    assert "9 completed nodes stay" in said
    assert "simulate (reads.tsv: 1 new cell), count (reads.tsv: 2 new cells)" in said
    started = [line.split("▶ ")[1].split("  ")[0] for line in said.splitlines() if "▶" in line]
    assert [started[0], *sorted(started[1:-1]), started[-1]] == [
        "simulate[sample=lung,seed=4,gc=0.4]",
        *(f"count[sample=lung,seed=4,gc=0.4,base={base}]" for base in "CG"),
        "report",
    ]
    logs = (tmp_path / "configs" / ".dagtui" / "reads" / "runs" / "1" / "logs").rglob("report-*.log")
    assert any("lung" in path.read_text(encoding="utf-8") for path in logs)


def test_values_reach_the_report_and_only_what_changed_is_trained_again(tmp_path: Path) -> None:
    shutil.copytree(CONFIGS, tmp_path / "con figs", ignore=shutil.ignore_patterns(".*", "training"))
    graph, sheet = tmp_path / "con figs" / "training.toml", tmp_path / "con figs" / "training.tsv"

    def run(*words: str) -> list[str]:
        done = call("run", graph, "-p", "rows=400", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line.split("▶ ")[1].split("  ")[0] for line in done.stdout.splitlines() if "▶" in line]

    def report(number: int, attempt: int = 1) -> list[str]:
        (path,) = graph.parent.glob(f".dagtui/training/runs/{number}/logs/*/report-*.{attempt}.log")
        return path.read_text(encoding="utf-8").splitlines()

    assert len(run()) == 7
    best, data = report(1)
    assert best.startswith("The model fast is best: its loss is 0.")
    assert data.startswith("It was trained with 400 rows, with a mean of 0.")
    assert run() == ["report"]
    assert report(2) == [best, data]
    with sheet.open("a", encoding="utf-8") as file:
        file.write("faster\t0.3\t400\n")
    assert run() == ["train[model=faster,rate=0.3,steps=400]", "choose", "report"]
    assert report(3)[1] == data
