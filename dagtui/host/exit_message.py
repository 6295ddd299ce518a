"""Text that a client prints after the screen, and facts it needs if the session process dies first."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from dagtui.report.summary import card
from dagtui.text import duration, label, plural

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.host.attachment import Attachment
    from dagtui.runs.session import Session


def in_case_of_death(session: Session, crash_file: Path | None) -> dict[str, object]:
    """Return what a client needs to know if the session process dies."""
    crash = None if crash_file is None else str(crash_file)
    return {"do": "hold", "pid": os.getpid(), "crash": crash, "graph": str(session.graph_path)}


def ended(session: Session, attachment: Attachment) -> str:
    """Return the run's summary for the client's terminal."""
    try:
        width = os.get_terminal_size(attachment.output).columns or 80
    except OSError:  # the terminal is gone
        width = 80
    colours = not attachment.environment.get("NO_COLOR")
    return card(session, width=width, colours=colours, ascii_only=attachment.ascii) + "\n"


def detached(session: Session, unwatched_seconds: float) -> str:
    """Say how to attach again."""
    back = f"{_attach(session)} brings it back"
    if session.settled:
        minutes = int(unwatched_seconds // 60)
        left = plural(minutes, "minute") if minutes else duration(unwatched_seconds)
        return f"detached; the run is settled: {back} within {left}; then its process ends\n"
    return f"detached; the run continues: {back}\n"


def elsewhere(session: Session, attachment: Attachment) -> str:
    """Say which terminal has the screen now."""
    return f"attached elsewhere: {attachment.why}; {_attach(session)} brings it back here\n"


def after_a_crash(session: Session, crash_file: Path | None) -> str:
    """Say that the screen has failed while the run continues."""
    where = "" if crash_file is None else f"; details are in {label(crash_file, 4096)}"
    return f"dagtui: the screen failed; the run continues: {_attach(session)} brings it back{where}\n"


def _attach(session: Session) -> str:
    return f"dagtui attach {label(shlex.quote(str(session.graph_path)), 4096)}"
