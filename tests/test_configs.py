"""The graphs in configs/ run to their end on whatever machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.program import DAGTUI, ENVIRONMENT, call
from support.waiting import wait_for

CONFIGS = Path(__file__).parent.parent / "configs"

OWN_PYTHON = {"PATH": os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))}
"""Lets `python3` be the interpreter of the tests, which starts at once: not one that a version manager looks for."""


def test_the_statistics_hold_for_a_library_with_links_and_without_some_packages(tmp_path: Path) -> None:
    library = tmp_path / "library"
    (library / "json").mkdir(parents=True)
    (library / "json" / "__init__.py").write_text("answer = 42  # known\n", encoding="utf-8")
    (library / "os.py").write_text("import sys\n", encoding="utf-8")
    (library / "linked.py").symlink_to("os.py")  # Debian links sitecustomize.py into /etc
    (library / "broken.py").symlink_to("gone.py")
    (library / "folder.py").mkdir()
    shutil.copytree(CONFIGS, tmp_path / "configs", ignore=shutil.ignore_patterns(".*"))
    done = call("run", tmp_path / "configs" / "stdlib.toml", "-p", f"folder={library}", env=OWN_PYTHON)
    assert done.returncode == 0, done.stdout
    log = next(tmp_path.glob("configs/.dagtui/stdlib/runs/1/logs/*/check-*.log")).read_text(encoding="utf-8")
    assert "22 counted while tokenising, 22 by find and wc" in log
    assert "the numbers agree" in log


def test_a_new_row_of_the_sheet_runs_alone_on_a_resume(tmp_path: Path) -> None:
    shutil.copytree(CONFIGS, tmp_path / "configs", ignore=shutil.ignore_patterns(".*"))
    graph, sheet = tmp_path / "configs" / "reads.toml", tmp_path / "configs" / "reads.tsv"

    def run(*words: str) -> str:
        done = call("run", graph, "-p", "bases=G,C", *words, env=OWN_PYTHON)
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


def test_a_graph_for_several_machines_runs_on_one(tmp_path: Path) -> None:
    shutil.copy(CONFIGS / "machines.toml", tmp_path)
    done = call("run", "machines.toml", "--executor", "local", "-p", "steps=0", "-j12", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "42 done" in done.stdout


def test_values_reach_the_report_and_only_what_changed_is_trained_again(tmp_path: Path) -> None:
    shutil.copytree(CONFIGS, tmp_path / "con figs", ignore=shutil.ignore_patterns(".*", "training"))
    graph, sheet = tmp_path / "con figs" / "training.toml", tmp_path / "con figs" / "training.tsv"

    def run() -> list[str]:
        return ran_as_planned(graph, "-p", "rows=400")

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


def started(output: str) -> list[str]:
    """The nodes that ran, in the order of their start."""
    return [line.split("▶ ")[1].split("  ")[0] for line in output.splitlines() if "▶" in line]


def ran_as_planned(graph: Path, *words: str) -> list[str]:
    """Run a graph, and return the nodes that ran: all that its plan says, and of the others only those that may."""
    planned = json.loads(call("plan", graph, *words, "--json").stdout)["nodes"]
    done = call("run", graph, *words, env=OWN_PYTHON)
    assert done.returncode == 0, done.stdout + done.stderr
    ran = started(done.stdout)
    assert {node["node"] for node in planned if node["runs"] and not node["may_run"]} <= {*ran}
    assert {*ran} <= {node["node"] for node in planned if node["runs"]}
    return ran


def copied(folder: Path) -> Path:
    """A copy of the configs, without what was built."""
    built = shutil.ignore_patterns(".*", "__pycache__", "made", "small", "dist", "releases", "training")
    return Path(shutil.copytree(CONFIGS, folder / "con figs", ignore=built))


def test_a_build_runs_what_hangs_on_a_change_and_nothing_else(tmp_path: Path) -> None:
    graph = copied(tmp_path) / "units.toml"
    text, sheet, project = (graph.parent / "units" / name for name in ("src/text.py", "units.tsv", "project.toml"))

    def run(*words: str) -> list[str]:
        return ran_as_planned(graph, *words)

    def change(path: Path, before: str, after: str) -> None:
        content = path.read_text(encoding="utf-8")
        assert before in content
        path.write_text(content.replace(before, after), encoding="utf-8")

    tests = ["test[cases=length]", "test[cases=mass]", "test[cases=time]"]
    assert len(run()) == 12
    program = graph.parent / "units" / "dist" / "units.pyz"
    assert subprocess.run([program, "3", "km", "mi"], capture_output=True, text=True).stdout == "1.86411 mi\n"
    assert run() == []

    change(text, "DIGITS = 6", "# as many as a person reads\nDIGITS = 6")
    assert call("plan", graph).stdout.startswith("units: 1 of 13 nodes would run and 4 more may run (7 up to date)")
    change(sheet, "kilometre", "kilometer")
    change(project, "Convert units", "Converts units")
    assert sorted(run()) == ["page", "shrink[source=src/text.py]", "table"]  # of which two write the same as before
    change(project, "1.1.0", "1.1.1")
    ran = run()
    assert [*ran[:3], *sorted(ran[3:])] == ["version", "shrink[source=made/version.py]", "pack", *tests]
    assert run("clean") == ["clean"]
    assert not program.exists()


def test_a_release_waits_for_its_answer_and_cleans_up(tmp_path: Path) -> None:
    graph = copied(tmp_path) / "release.toml"
    releases = graph.parent / "units" / "releases"

    def run(choice: str) -> str:
        words, environment = [*DAGTUI, "run", str(graph)], {**ENVIRONMENT, **OWN_PYTHON}
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
        ) as it:
            wait_for(lambda: call("answer", graph, "approve", choice).returncode == 0, "the gate is answered")
            output, _ = it.communicate(timeout=60)
        assert it.returncode == 0, output
        return output

    output = run("drop")
    assert "asks: Publish units 1.1.0, after nothing?" in output
    assert "build/clean" not in output
    assert "publish" not in started(output)
    assert list(releases.iterdir()) == []

    output = run("publish")
    assert [node for node in started(output) if node.startswith("build/")] == []
    assert call("logs", graph, "report").stdout == "The release has completed. The answer was: publish.\n"
    names = {path.name for path in (releases / "1.1.0").iterdir()}
    assert names == {"NOTES.md", "SHA256SUMS", "UNITS.md", "units-1.1.0.tar.gz", "units.pyz"}
    assert [path.name for path in releases.iterdir()] == ["1.1.0"]

    done = call("run", graph, env=OWN_PYTHON)
    assert done.returncode == 1
    assert "1.1.0 is published: raise the version in units/project.toml" in done.stdout
    assert started(done.stdout) == ["version", "clean", "report"]
