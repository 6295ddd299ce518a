"""Where a list may stand in a text. Its elements are words or arguments of their own, so it can't be a part of one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import TemplatePlace
from dagtui.graph.expressions.templates import value_text

if TYPE_CHECKING:
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.templates import Parts
    from dagtui.graph.model import Value

_QUOTES = frozenset({TemplatePlace.SINGLE, TemplatePlace.DOUBLE, TemplatePlace.DOUBLE_APART})
_REDIRECTED = re.compile(r"[<>][|&]?[ \t]*\Z")
_ENDS_BEFORE = " \t\n;&|("
_BEGINS_AFTER = " \t\n;&|)<>"


def _in_command(parts: Parts, position: int, part: Placeholder) -> ValueProblem | None:
    """Return what is wrong with a list at a position of a command line. Its elements are quoted one by one."""
    source = part.source
    if part.place in _QUOTES:
        hint = (
            "write it without the quotes: each element is quoted for you, with spaces between them; "
            f'for one text put env = {{ LIST = "{source}" }} in the task, and write "$LIST"'
        )
        return ValueProblem(f"the list {quoted(source)} is inside quotes", hint, needle=source)
    before = _text_before(parts, position)
    if _REDIRECTED.search(before):
        return ValueProblem(f"the list {quoted(source)} is in the place of one file", "name one file", needle=source)
    after = _text_after(parts, position)
    if _is_word_end(before) and (not after or after[0] in _BEGINS_AFTER):
        return None
    hint = "put spaces around it: each element becomes a word of its own"
    return ValueProblem(f"the list {quoted(source)} is a part of a word", hint, needle=source)


def _in_arguments(parts: Parts, part: Placeholder) -> ValueProblem | None:
    """Return what is wrong with a list in an element of an argv list or of `args`."""
    if _is_alone(parts):
        return None
    hint = f'write "{part.source}" as an element of its own: each of its elements becomes an argument'
    return ValueProblem(f"the list {quoted(part.source)} is a part of a text", hint, needle=part.source)


def _in_variable(parts: Parts, part: Placeholder, elements: tuple[Value, ...]) -> ValueProblem | None:
    """Return what is wrong with a list in a variable, whose elements are separated by spaces."""
    source = part.source
    if not _is_alone(parts):
        hint = f'write "{source}" as the whole value: its elements are separated by spaces'
        return ValueProblem(f"the list {quoted(source)} is a part of a text", hint, needle=source)
    spaced = next((text for text in map(value_text, elements) if len(text.split()) != 1), None)
    if spaced is None:
        return None
    message = f"the list {quoted(source)} has the element {quoted(spaced)}, and spaces separate elements in a variable"
    return ValueProblem(message, 'write the list into "run": there each element is quoted', needle=source)


def wrong_list(
    place: tuple[str | int, ...], parts: Parts, position: int, part: Placeholder, elements: tuple[Value, ...]
) -> ValueProblem | None:
    """Return what is wrong with the list at a position of the text that a place of a task has."""
    if place == ("run",):
        return _in_command(parts, position, part)
    if place[0] == "env":
        return _in_variable(parts, part, elements)
    if place[0] == "cwd":
        message = f"the list {quoted(part.source)} can't be a part of a path"
        return ValueProblem(message, "use a parameter with one value", needle=part.source)
    if place in {("run", 0), ("wrap", 0)} and not elements and part.default is None:
        message = f"the list {quoted(part.source)} is empty, and its first element would be the program"
        return ValueProblem(message, "name the program", needle=part.source)
    return _in_arguments(parts, part)


def _is_alone(parts: Parts) -> bool:
    return sum(not isinstance(part, str) or bool(part) for part in parts) == 1


def _text_before(parts: Parts, position: int) -> str:
    """Return the text before a part, with a character for another placeholder, and joined lines joined."""
    text = ""
    for part in reversed(parts[:position]):
        text = (part if isinstance(part, str) else "x") + text
        if text.replace("\\\n", ""):
            break
    return text.replace("\\\n", "")


def _text_after(parts: Parts, position: int) -> str:
    for part in parts[position + 1 :]:
        if not isinstance(part, str):
            return "x"
        if part:
            return part.replace("\\\n", "")
    return ""


def _is_word_end(before: str) -> bool:
    """Return whether a word that follows this text stands alone."""
    if not before:
        return True
    escaped = (len(before) - 1 - len(before[:-1].rstrip("\\"))) % 2 == 1
    return before[-1] in _ENDS_BEFORE and not escaped
