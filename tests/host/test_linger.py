"""Whether a person is told that logging out would end a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagtui.host.linger import advice

if TYPE_CHECKING:
    from pathlib import Path

SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine whose logind says nothing."""
    for folder in ("run/systemd/system", "etc/systemd/logind.conf.d", "usr/lib/systemd/logind.conf.d"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def write(root: Path, name: str, *lines: str) -> None:
    (root / name).write_text("\n".join(["[Login]", *lines, ""]))


def test_who_logs_in_over_ssh_where_processes_are_killed_is_told_what_helps(root: Path):
    write(root, "etc/systemd/logind.conf", "KillUserProcesses=yes")
    assert "loginctl enable-linger" in advice(SSH, "ann", root)
    assert "\n" not in advice(SSH, "ann", root)


def test_nothing_is_said_without_ssh(root: Path):
    write(root, "etc/systemd/logind.conf", "KillUserProcesses=yes")
    assert advice({}, "ann", root) == ""


def test_nothing_is_said_to_who_lingers(root: Path):
    write(root, "etc/systemd/logind.conf", "KillUserProcesses=yes")
    (root / "var/lib/systemd/linger").mkdir(parents=True)
    (root / "var/lib/systemd/linger/ann").touch()
    assert advice(SSH, "ann", root) == ""
    assert advice(SSH, "bob", root)


def test_nothing_is_said_where_there_is_no_systemd(root: Path):
    write(root, "etc/systemd/logind.conf", "KillUserProcesses=yes")
    (root / "run/systemd/system").rmdir()
    assert advice(SSH, "ann", root) == ""


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["KillUserProcesses=no"], False),
        (["KillUserProcesses = true"], True),
        (["#KillUserProcesses=yes"], True),
        (["#KillUserProcesses=no"], False),
        (["#KillUserProcesses=no", "KillUserProcesses=yes"], True),
        (["KillUserProcesses=no", "#KillUserProcesses=yes"], False),
        (["KillUserProcesses=yes", "KillExcludeUsers=ann bob"], False),
        (["KillUserProcesses=yes", "KillOnlyUsers=bob"], False),
        (["KillUserProcesses=yes", "KillOnlyUsers=ann"], True),
        ([], False),
    ],
)
def test_what_logind_is_told(root: Path, lines: list[str], told: bool):
    write(root, "etc/systemd/logind.conf", *lines)
    assert bool(advice(SSH, "ann", root)) is told


def test_root_is_spared_by_default(root: Path):
    write(root, "etc/systemd/logind.conf", "KillUserProcesses=yes")
    assert advice(SSH, "root", root) == ""


def test_drop_ins_count_more_than_the_file_and_those_of_etc_hide_others(root: Path):
    write(root, "usr/lib/systemd/logind.conf", "#KillUserProcesses=no")
    write(root, "usr/lib/systemd/logind.conf.d/50-kill.conf", "KillUserProcesses=yes")
    assert advice(SSH, "ann", root)
    write(root, "etc/systemd/logind.conf.d/50-kill.conf", "# nothing: KillUserProcesses=yes")
    assert advice(SSH, "ann", root) == ""
    write(root, "usr/lib/systemd/logind.conf.d/60-kill.conf", "KillUserProcesses=yes")
    assert advice(SSH, "ann", root)


def test_an_unreadable_file_is_no_reason_to_fail(root: Path):
    (root / "etc/systemd/logind.conf.d/a.conf").mkdir()
    (root / "etc/systemd/logind.conf").write_bytes(b"\xff\xfe\x00KillUserProcesses=yes")
    assert advice(SSH, "ann", root) == ""
