"""What is wrong with a condition that can't be read, and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import ROOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.expressions.condition_tokens import ConditionToken

_BEGINNINGS = "paths begin with params., matrix., env., needs. or run."
_SIGNS = {
    "&&": 'write "and"',
    "||": 'write "or"',
    "&": 'write "and"',
    "|": 'write "or"',
    "!": 'write "not"',
    "<>": 'write "!="',
    "=~": 'texts are not matched with patterns; "in" looks for a text in another one',
    "~": 'texts are not matched with patterns; "in" looks for a text in another one',
    "{": 'it needs no braces: write the path alone, as in params.size == "s"',
    "$": "write env.NAME for a variable of the environment",
    "=": 'write "==" to compare',
}
"""What to write, by the beginning of a sign."""
_CALLS = {
    "always": 'nothing can be called: write trigger = "all_done"',
    "failure": 'nothing can be called: write trigger = "any_failed"',
    "success": "nothing can be called: without a trigger, a task runs when all that it needs succeeded",
    "cancelled": 'nothing can be called: write trigger = "all_done", and compare needs.TASK.status',
    "contains": "nothing can be called: write 'x' in params.list",
    "defined": "nothing can be called: write env.NAME alone; it is false if the variable is not set or empty",
    "len": "nothing can be called: a list alone is false if it is empty",
}
_WORDS = {
    "True": "write true",
    "False": "write false",
    "None": "write '': what is not set is an empty text",
    "null": "write '': what is not set is an empty text",
    "is": "write ==",
    "eq": "write ==",
    "ne": "write !=",
}
_ELSEWHERE = {
    **dict.fromkeys(("github", "inputs", "vars", "secrets"), "write params.NAME or env.NAME"),
    **dict.fromkeys(("steps", "jobs", "tasks"), "write needs.TASK.status or needs.TASK.outputs.KEY"),
    **dict.fromkeys(("os", "ENV", "environment"), "write env.NAME"),
    "item": "write matrix.AXIS",
}
"""What to write for the first words of other tools' paths."""
_KEYWORDS = ("and", "or", "not", "in")


def unexpected(text: str, tokens: Sequence[ConditionToken], position: int) -> ValueProblem:
    """Return the error for a token that can't stand where it does."""
    token = tokens[position]
    before = tokens[position - 1].text if position else ""
    lead = text[: token.start]
    if token.kind == "end":
        hint = _unclosed(tokens) or (f"write something behind {quoted(before)}" if before else "")
        return ValueProblem("ends too early", hint, needle=before, lead=text[: text.rfind(before)])
    message, hint = f"{quoted(token.text)} can't stand here", ""
    if token.text[0] in "\"'" and token.kind == "other":
        return ValueProblem(
            "has a text without its closing quote", f"write {token.text}text{token.text}", needle="", lead=""
        )
    if token.kind == "other":
        hint = next((hint for sign, hint in _SIGNS.items() if token.text.startswith(sign)), "")
        hint = hint or "the operators are ==, !=, <, <=, >, >=, in, not in, and, or, not"
    elif token.kind == "word":
        message, hint = _word(token.text, tokens[position + 1].text, behind_value=_ends_a_value(tokens, position))
    elif _ends_a_value(tokens, position) and token.kind in {"string", "number", "path"}:
        hint = f"write an operator between {quoted(before)} and {quoted(token.text)}, for example =="
    elif token.text == ")":
        hint = "nothing opens it" if not _unclosed(tokens[:position]) else "a value is missing before it"
    elif before in _KEYWORDS or not _ends_a_value(tokens, position):
        hint = f"a value is missing before {quoted(token.text)}"
    return ValueProblem(message, hint, needle=token.text, lead=lead)


def path_error(source: str, root: str) -> ValueProblem:
    """Return the error for a path that begins with an unknown word."""
    hint = _ELSEWHERE.get(root) or did_you_mean(root, ROOTS)
    return ValueProblem(f"{quoted(source)}: {quoted(root)} is not known here", hint or _BEGINNINGS, needle=source)


def _ends_a_value(tokens: Sequence[ConditionToken], position: int) -> bool:
    """Return whether a value ends before a token."""
    if not position:
        return False
    token = tokens[position - 1]
    return token.kind in {"string", "number", "path"} or token.text in {")", "]", "true", "false"}


def _word(word: str, following: str, *, behind_value: bool) -> tuple[str, str]:
    """Return message and hint for a word that is neither a path nor a literal."""
    if following == "(":
        return f"{quoted(word)} can't be called", _CALLS.get(word, "nothing can be called in a condition")
    if word.lower() in _KEYWORDS and word not in _KEYWORDS:
        return f"{quoted(word)} is not known here", f"write {quoted(word.lower())}"
    if word in _KEYWORDS:
        return f"{quoted(word)} can't stand here", f"a value is missing before {quoted(word)}"
    if word in ROOTS:
        return f"{quoted(word)} is not a value", f"write {word}.NAME"
    hint = _WORDS.get(word, "")
    if not hint and behind_value:
        hint = did_you_mean(word, _KEYWORDS) or "write an operator before it, for example =="
    return f"{quoted(word)} is not known here", hint or f"write '{word}' for a text; {_BEGINNINGS}"


def _unclosed(tokens: Sequence[ConditionToken]) -> str:
    """Return the hint for parentheses that are not closed. Empty if there are none."""
    for opening, closing in (("(", ")"), ("[", "]")):
        signs = [token.text for token in tokens if token.kind == "sign"]
        if signs.count(opening) > signs.count(closing):
            return f"{quoted(opening)} is not closed"
    return ""
