"""Text for what is not the screen: titles and notifications of a terminal, and programs that a run tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.labels import label
from dagtui.text.look import IN_UNICODE

if TYPE_CHECKING:
    from dagtui.text.look import Look

MOST_CHARACTERS = 200


def announced(text: object, cap: int = MOST_CHARACTERS, look: Look = IN_UNICODE) -> str:
    """Return one line of at most `cap` characters, of which each is a space or has a picture of its own.

    This is the only way for text to get into a control code. Unlike `label`, it is a list of what may pass: no control
    character, no separator, no format character, nothing unassigned or private, and ASCII only where the terminal shows
    nothing else. There, the bytes of other characters could be control codes.
    """
    shown = "".join([character for character in label(text, cap) if character == " " or character.isprintable()])
    return shown.encode("ascii", "replace").decode("ascii") if look.ascii else shown
