"""Errors that end a command are one sentence, whichever command it is, and no command says that by itself."""

from __future__ import annotations

import ast
import errno
from pathlib import Path

import pytest

import dagtui.cli
import dagtui.host
from dagtui.cli.error_boundary import end_with_sentence
from dagtui.control.sockets import ControlError, PeerGoneError
from dagtui.graph.errors import GraphError, Problem
from dagtui.graph.matrix.selection import ChoiceError
from dagtui.runs.events_copy import EventsError
from dagtui.runs.last_run import NothingToResumeError
from dagtui.store.errors import JournalError, StoreError

MODULES = sorted(path for room in (dagtui.cli, dagtui.host) for path in Path(room.__file__).parent.glob("*.py"))


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (StoreError("it is so"), 2, ("", "dagtui: it is so\n")),
        (JournalError("it is so"), 2, ("", "dagtui: it is so\n")),
        (ControlError("it is so"), 2, ("", "dagtui: it is so\n")),
        (PeerGoneError("it is so"), 2, ("", "dagtui: it is so\n")),
        (ChoiceError("it is so"), 2, ("", "dagtui: it is so\n")),
        (EventsError("it is so"), 2, ("", "dagtui: it is so\n")),
        (GraphError([Problem("it is so", "g.toml", 3, 4)]), 2, ("", "g.toml:3:4: it is so\n")),
        (NothingToResumeError("it is so", completed=False), 2, ("", "dagtui: it is so\n")),
        (NothingToResumeError("it is so", completed=True), 0, ("it is so\n", "")),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            2,
            ("", "dagtui: can't use /x: Permission denied; check its owner and permissions\n"),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_said_once(
    error: Exception, status: int, said: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert end_with_sentence(error) == status
    assert tuple(capfd.readouterr()) == said


def test_an_error_that_no_one_expects_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        end_with_sentence(ZeroDivisionError())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_command_only_repeats_an_error(path: Path) -> None:
    """A handler adds what the error does not know, or continues without."""
    repeating = [
        handler.lineno
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(handler, ast.ExceptHandler)
        and ast.unparse(handler.body[-1]) in {"fail(f'dagtui: {error}')", "fail(str(error))", "raise"}
        and len(handler.body) == 1
        and handler.name
    ]
    assert repeating == []
