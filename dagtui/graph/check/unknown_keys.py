"""Messages about keys that a table of a graph file does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import meant
from dagtui.graph.errors import quoted
from dagtui.graph.keys import DOCUMENT, RESERVED_DOCUMENT, RESERVED_RUN, RUN, TASK

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.graph.check.diagnostics import Diagnostics, Lost
    from dagtui.graph.check.other_tools import Where
    from dagtui.graph.toml.positions import KeyPath

_SECRETS = 'it is a key of [run]: secrets = ["NAME"]'
_OF_RUN = "it is a key of [run]"
_AT_THE_TOP = "it belongs at the top of the file, before the first [table]"
_RETRIES = 'the number of retries is a key of the task: "retries = 3" beside "retry"'
HABITS = {
    "": {
        "secrets": _SECRETS,
        "keep_going": _OF_RUN,
        "timeout": "it is a key of [run] for the whole run, and of [tasks.NAME] and [defaults] for each attempt",
    },
    "defaults": {"secrets": _SECRETS},
    "tasks": {
        "secrets": _SECRETS,
        "version": _AT_THE_TOP,
        "name": 'a task is named by its header: [tasks.NAME]; "doc" says what it is for',
        "deps": 'did you mean "needs"? Files belong in "inputs"',
        "jobs": _OF_RUN,
        "keep_going": _OF_RUN,
    },
    "retry": {
        "retries": 'it is a key of the task: "retries = 3" beside "retry"',
        **dict.fromkeys(
            ("attempts", "count", "limit", "max", "max_attempts", "max_retries", "maximum", "times", "tries"), _RETRIES
        ),
    },
}
"""Hints for keys of other programs, or of other tables, by table. "" is the top of the file."""


_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(name: str) -> str:
    """Return a name as a key is written in a file, in quotation marks where it needs them."""
    return name if _BARE.fullmatch(name) else quoted(name)


def check_document(diagnostics: Diagnostics, document: dict[str, object]) -> None:
    """Record every unknown key at the top of the file."""
    for key, value in document.items():
        if key in DOCUMENT:
            continue
        if isinstance(value, dict) and key not in RESERVED_DOCUMENT and not value.keys().isdisjoint(("run", "needs")):
            diagnostics.key((key,), f"unknown table {quoted(key)}", f"write a task as [tasks.{written(key)}]")
            diagnostics.lost.tasks.add(key)
        elif key in RUN and not isinstance(value, dict):
            diagnostics.key((key,), f"unknown key {quoted(key)}", HABITS[""].get(key, _OF_RUN))
        else:
            unknown_key(diagnostics, (key,), DOCUMENT, RESERVED_DOCUMENT)
            if not diagnostics.full:
                lose_table(diagnostics.lost, meant_key((key,), DOCUMENT))


def lose_table(lost: Lost, key: str) -> None:
    """Record that a table at the top of the file can't be read, or has another name."""
    lost.all_parameters = lost.all_parameters or key == "params"
    lost.all_variables = lost.all_variables or key == "env"
    lost.all_tasks = lost.all_tasks or key == "tasks"
    lost.all_pools = lost.all_pools or key == "pools"
    lost.all_executors = lost.all_executors or key == "executors"


def check_keys(diagnostics: Diagnostics, at: KeyPath, table: dict[str, object], known: Collection[str]) -> None:
    """Record every unknown key of a table."""
    for key in table:
        if key not in known:
            unknown_key(diagnostics, (*at, key), known, ())


def check_run(diagnostics: Diagnostics, table: dict[str, object]) -> None:
    """Record every unknown key of `[run]`."""
    for key in table.keys() - RUN.keys():
        at = ("run", key)
        unknown_key(diagnostics, at, RUN, RESERVED_RUN)
        diagnostics.lost.all_variables |= meant_key(at, RUN) == "env_file"


def unknown_key(diagnostics: Diagnostics, at: KeyPath, known: Collection[str], reserved: Collection[str]) -> None:
    """Record an unknown key, with the key that was meant."""
    from dagtui.graph.check.other_tools import sentence_for

    key = str(at[-1])
    if key in reserved:
        hint = sentence_for(key, _where(at)) or "remove it"
        diagnostics.key(at, f"this version of dagtui does not support {quoted(key)} yet", hint)
        return
    hint = "" if diagnostics.full else key_hint(at, known, reserved)
    diagnostics.key(at, f"unknown key {quoted(key)}", hint or f"the keys here are {', '.join(known)}")


def means_children(key: str) -> bool:
    """Return whether an unknown key names what comes after a task."""
    from dagtui.graph.check.other_tools import means_children as means

    return key not in TASK and means(key)


def meant_key(at: KeyPath, known: Collection[str]) -> str:
    """Return the known key that was meant, or an empty string if that is unclear."""
    from dagtui.graph.check.other_tools import folded, same_here, sentence_for

    key, where = str(at[-1]), _where(at)
    word = folded(key)
    same = word if word in known else same_here(key, where)
    if same or sentence_for(key, where):
        return same if same in known else ""
    return meant(key, known) or ""


def key_hint(at: KeyPath, known: Collection[str], reserved: Collection[str] = ()) -> str:
    """Return what was meant by an unknown key, or an empty string if that is unclear.

    A key of the same spelling comes first, then what other tools mean by the word, then one of similar spelling.
    """
    from dagtui.graph.check.other_tools import folded, same_here, sentence_for

    key, where = str(at[-1]), _where(at)
    word = folded(key)
    hint = HABITS.get(_kind_of_table(at), {}).get(word, "")
    if hint:
        return hint
    same = word if word in known or word in reserved else same_here(key, where)
    if same in known:
        return f"did you mean {quoted(same)}?"
    hint = "" if same else sentence_for(key, where)
    if hint:
        return hint
    near = "" if same else meant(key, known)
    if near:
        return f"did you mean {quoted(near)}?"
    later = same or meant(key, reserved)
    if later:
        return f"did you mean {quoted(later)}? This version of dagtui does not support it yet"
    return _of_another_table(word, where)


def _of_another_table(word: str, where: Where) -> str:
    """Return where a key belongs that is in the wrong table, or an empty string if it belongs nowhere."""
    from dagtui.graph.check.other_tools import Where

    if where is Where.PARAMETER:
        return ""
    if word in TASK and where is not Where.TASK:
        return "it is a key of [tasks.NAME] and of [defaults]"
    if word in RUN and where is not Where.RUN:
        return _OF_RUN
    return _AT_THE_TOP if word in DOCUMENT and where is not Where.TOP else ""


def _where(at: KeyPath) -> Where:
    from dagtui.graph.check.other_tools import Where

    kind = _kind_of_table(at)
    if not kind:
        return Where.TOP
    return Where(kind) if kind in {"run", "retry", "parameter"} else Where.TASK


def _kind_of_table(at: KeyPath) -> str:
    """Return the kind of table that a key is in, regardless of the name of a task."""
    if len(at) == 3 and at[0] in {"tasks", "params"}:
        return "tasks" if at[0] == "tasks" else "parameter"
    return str(at[-2]) if len(at) > 1 else ""
