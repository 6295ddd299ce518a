"""`[run] env_file`: what a run, a resume and `check` make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.program import call, write

if TYPE_CHECKING:
    from pathlib import Path

BODY = """
[run]
env_file = [".env"]
secrets = ["TOKEN"]
[env]
OWN = "{{ env.FILE }}!"
[tasks.a]
run = "echo $FILE $OWN $CALLED $TOKEN; exit $CODE"
"""


def test_a_run_has_the_variables_and_a_resume_reads_them_again(tmp_path: Path):
    write(tmp_path, BODY)
    env = tmp_path / ".env"
    env.write_text("FILE=f\nCALLED=f\nTOKEN=hunter2-hunter2\nCODE=3\n")
    done = call("run", "graph.toml", cwd=tmp_path, env={"CALLED": "c"})
    assert done.returncode == 1
    assert "f f! c ***" in done.stdout
    env.write_text(env.read_text().replace("CODE=3", "CODE=0"))
    again = call("run", "--resume", "graph.toml", cwd=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert call("logs", "graph.toml", "a", cwd=tmp_path).stdout.splitlines() == ["f f! f ***"]
    kept = [path for path in (tmp_path / ".dagtui").rglob("*") if path.is_file()]
    assert [path for path in kept if b"hunter2" in path.read_bytes()] == []


def test_what_is_wrong_is_reported_before_anything_runs(tmp_path: Path):
    write(tmp_path, BODY)
    for words in (["check"], ["plan"], ["run"]):
        done = call(*words, "graph.toml", cwd=tmp_path)
        assert done.returncode == 2
        assert """graph.toml:4:13: an element of "run.env_file" can't be read: .env: No such file""" in done.stderr
    (tmp_path / ".env").write_text("FILE=1\nTOKEN=short\n")
    done = call("check", "graph.toml", cwd=tmp_path)
    assert 'the value of "TOKEN" has fewer than 6 characters' in done.stderr
    assert not (tmp_path / ".dagtui").exists()


def test_conditions_read_the_variables(tmp_path: Path):
    write(tmp_path, '[run]\nenv_file = [".env"]\n[tasks.a]\nif = "env.STAGE == \'prod\'"\nrun = "true"\n')
    (tmp_path / ".env").write_text("STAGE=prod\n")
    assert "would not run" not in call("check", "graph.toml", cwd=tmp_path).stdout
    assert "1 node would run" in call("plan", "graph.toml", cwd=tmp_path).stdout
    assert 'is false (env.STAGE is "dev")' in call("check", "graph.toml", cwd=tmp_path, env={"STAGE": "dev"}).stdout


def test_a_graph_from_a_pipe_reads_files_of_the_callers_folder(tmp_path: Path):
    (tmp_path / ".env").write_text("FILE=piped\nTOKEN=hunter2-hunter2\nCODE=0\n")
    done = call(
        "run", "-", cwd=tmp_path, input="version = 1\n" + BODY, env={"DAGTUI_STATE_DIR": str(tmp_path / "state")}
    )
    assert done.returncode == 0, done.stdout + done.stderr
