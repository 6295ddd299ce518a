"""The command that goes on with a run as it was begun."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dagtui.text import label
from dagtui.text.masking import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.session.session import Session

_LONGEST = 4096


def way_back(session: Session, *, ascii_only: bool) -> str:
    """A line for a shell, with the parameters and slots that were given: without them, definitions would differ.

    Of a parameter that holds a secret there is only the name, with dots for a person to fill in.
    """
    words = ["dagtui", shlex.quote(str(session.graph_path)), "--resume", *_given(session, ascii_only=ascii_only)]
    return " ".join(label(word, _LONGEST) for word in words)


def _given(session: Session, *, ascii_only: bool) -> Iterator[str]:
    hidden = "..." if ascii_only else "…"
    for name, text in session.graph.given.items():
        secret = MARK.decode() in text
        yield "-p"
        yield shlex.quote(f"{name}=") + hidden if secret else shlex.quote(f"{name}={text}")
    if session.jobs_given is not None:
        yield f"-j {session.jobs_given}"
