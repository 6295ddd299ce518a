"""Text that a client prints after the screen, and facts it needs if the session process dies first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.report.summary import exit_summary
from dagtui.runs.resume_command import path_from, resume_command
from dagtui.text import duration, label, path_word, plural
from dagtui.text.look import IN_UNICODE
from dagtui.text.terminals import USUAL_COLUMNS, columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.host.attachment import Attachment
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import Seconds


def in_case_of_death(run: RunView, crash_file: Path | None, folder: str = "") -> dict[str, object]:
    """Return what a client whose shell is in `folder` needs to know if the session process dies."""
    crash = None if crash_file is None else str(crash_file)
    again = resume_command(run, IN_UNICODE, folder=folder)
    facts: dict[str, object] = {"do": "hold", "pid": os.getpid(), "crash": crash, "graph": str(run.graph_path)}
    if run.graph.any_remote:
        facts["elsewhere"] = True
    return facts | {"again": again}


def ended(run: RunView, attachment: Attachment) -> str:
    """Return the run's summary for the client's terminal."""
    width = columns_of(attachment.output) or USUAL_COLUMNS
    return f"{exit_summary(run, attachment.look, width=width, folder=attachment.cwd)}\n"


def detached(run: RunView, unwatched_seconds: Seconds, folder: str) -> str:
    """Say how to attach again from a folder."""
    back = f"{_attach(run, folder)} brings it back"
    if run.settled:
        minutes = int(unwatched_seconds // 60)
        left = plural(minutes, "minute") if minutes else duration(unwatched_seconds)
        return f"detached; the run is settled: {back} within {left}; then its process ends\n"
    return f"detached; the run continues: {back}\n"


def elsewhere(run: RunView, attachment: Attachment) -> str:
    """Say which terminal has the screen now."""
    return f"attached elsewhere: {attachment.why}; {_attach(run, attachment.cwd)} brings it back here\n"


def after_a_crash(run: RunView, crash_file: Path | None, folder: str) -> str:
    """Say that the screen has failed while the run continues."""
    where = "" if crash_file is None else f"; details are in {label(crash_file, 4096)}"
    return f"dagtui: the screen failed; the run continues: {_attach(run, folder)} brings it back{where}\n"


def _attach(run: RunView, folder: str) -> str:
    path = "" if run.graph_path is None else str(path_from(folder, run.graph_path))
    return f"dagtui attach {label(path_word(path), 4096)}"
