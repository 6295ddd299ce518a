"""What can't be started says why in so many words, is on record, and holds up nobody else."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from faults.program import Headless, release, write_graph
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def test_nodes_that_can_not_start_say_why_and_the_rest_goes_on(tmp_path: Path):
    (tmp_path / "data").write_text("no program")
    (tmp_path / "orphan").write_text("#!/no/such/interpreter\n")
    (tmp_path / "orphan").chmod(0o755)
    (tmp_path / "binary").write_bytes(b"\x7fELF but not really")
    (tmp_path / "binary").chmod(0o755)
    (tmp_path / "loop").symlink_to("loop")
    programs = {
        "missing": (["./gone"], 'program "./gone" does not exist'),
        "nowhere": (["no-such-program"], 'program "no-such-program" not found in PATH'),
        "data": (["./data"], 'program "./data" is not executable, or its directory may not be entered'),
        "directory": (["./"], 'program "./" is not executable, or its directory may not be entered'),
        "orphan": (["./orphan"], 'the interpreter that program "./orphan" names in its "#!" line does not exist'),
        "loop": (["./loop"], 'program "./loop" is a symbolic link that leads nowhere'),
        "through": (["./data/x"], 'program "./data/x" does not exist: part of its path is not a directory'),
        "long": (
            ["true", "{{ params.long }}"],
            "a script or argument has 200,000 bytes, the kernel takes at most 131,071: put it in a file",
        ),
    }
    text = f'[defaults]\nretries = 1\nretry_delay = 0\n[params]\nlong = "{"x" * 200_000}"\n'
    text += "".join(f"[tasks.{name}]\nrun = {json.dumps(run)}\n" for name, (run, _) in programs.items())
    places = {
        "unplaced": ("gone", "does not exist"),
        "misplaced": ("data", "is not a directory"),
        "lost": ("loop", "is a symbolic link that leads nowhere"),
    }
    text += "".join(f'[tasks.{name}]\nrun = "true"\ncwd = "{cwd}"\n' for name, (cwd, _) in places.items())
    text += '[tasks.well]\nrun = "echo well"\n[tasks.below]\nneeds = ["missing"]\nrun = "true"\n'
    write_graph(tmp_path, text)
    with Headless(tmp_path, "-j4") as run:
        assert run.end() == 1
        why = run.last("why")
        assert {name: why[name] for name in programs} == {
            name: f"could not start: {reason}" for name, (_, reason) in programs.items()
        }
        assert {name: why[name] for name in places} == {
            name: f'could not start: working directory "{tmp_path / cwd}" {reason}'
            for name, (cwd, reason) in places.items()
        }
        assert {run.statuses[name] for name in (*programs, *places)} == {"FAILED"}
        attempts = {name: run.last("attempt")[name] for name in programs}
        assert attempts == dict.fromkeys(programs, 2) | {"long": 1}, "what can't ever start is not tried again"
        assert run.statuses["well"] == "COMPLETED"
        assert why["below"] == "blocked by missing"
        assert run.log("well") == b"well\n"
        assert why["orphan"] in run.printed, "it is said, not only recorded"
        assert run.crashes == []


def test_a_working_directory_that_vanishes_while_its_node_runs(tmp_path: Path):
    os.mkfifo(tmp_path / "hold")
    (tmp_path / "here").mkdir()
    write_graph(
        tmp_path,
        '[tasks.inside]\ncwd = "here"\nrun = "echo up; read line < ../hold || true; echo still here"\n'
        '[tasks.later]\nneeds = ["inside"]\ncwd = "here"\nrun = "true"\n'
        '[tasks.other]\nneeds = ["inside"]\nrun = "echo fine"\n',
    )
    with Headless(tmp_path) as run:
        run.wait_for(inside="RUNNING")
        wait_for(lambda: run.log("inside") == b"up\n")
        (tmp_path / "here").rename(tmp_path / "moved")
        release(tmp_path / "hold", lambda: run.statuses["inside"] == "COMPLETED")
        assert run.end() == 1
        assert run.log("inside") == b"up\nstill here\n"
        assert run.last("why")["later"] == (f'could not start: working directory "{tmp_path / "here"}" does not exist')
        assert run.log("other") == b"fine\n"
