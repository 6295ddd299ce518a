"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dagtui.graph.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Collection

COMPARED = 2000
"""Names that a word is compared with at most."""

_OTHER_TOOLS = {
    "needs": (
        "after children depend dependencies dependencies_on depends depends_on dependson deps parents prerequisites "
        "prereqs requires upstream upstream_tasks wants"
    ),
    "run": "bash bash_command cmd cmds command commands exec script sh shell_command steps",
    "call": "callable entry_point function python python_callable",
    "args": "arguments kwargs op_kwargs parameters",
    "doc": "desc description help summary title",
    "cwd": "chdir dir directory work_dir workdir working_dir working_directory working-directory",
    "env": "environment env_vars environ variables vars",
    "retries": "attempts max_attempts max_retries retry_count tries",
    "retry_delay": "backoff delay retry_after retry_interval",
    "timeout": "deadline execution_timeout max_time time_limit timeout_minutes timeout-minutes",
    "grace": "grace_period kill_timeout stop_timeout",
    "slots": "cores cpu cpus pool_slots threads weight",
    "allow_failure": "allow_fail continue_on_error continue-on-error ignore_error ignore_errors ignore_failure",
    "colour": "ansi clicolor_force color colored colors coloured colours force_color",
    "trigger": "run_if trigger_rule",
    "matrix": "expand foreach matrices strategy",
    "group": "folder namespace section stage tag tags task_group",
    "jobs": "concurrency max_jobs max_parallel max_workers parallel parallelism workers",
    "keep_going": "fail_fast fail-fast keepgoing",
    "params": "inputs parameters variables vars",
    "tasks": "jobs nodes steps targets",
    "if": "condition only_if unless when",
    "all_success": "on_success success all_succeeded",
    "none_failed": "none_failed_min_one_success",
    "any_success": "one_success",
    "any_failed": "on_error on_failure one_failed failed failure",
    "all_done": "always completed finally",
}
_MEANT_BY: dict[str, list[str]] = {}
for _key, _words in _OTHER_TOOLS.items():
    for _word in _words.split():
        _MEANT_BY.setdefault(_word, []).append(_key)


def meant(word: str, known: Collection[str]) -> str | None:
    """The known word that is meant: by its name in other tools, else by its spelling."""
    folded = word.lower()
    for candidate in _MEANT_BY.get(folded, ()):
        if candidate in known:
            return candidate
    if folded in known:
        return folded
    return _alike(word, known)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A hint: the nearest of the known words; empty when nothing is near."""
    found = meant(word, known)
    return f"did you mean {quoted(found)}?" if found is not None else ""


def _alike(word: str, known: Collection[str]) -> str | None:
    if not word or len(word) > 100:
        return None
    near = [name for name in known if abs(len(name) - len(word)) <= 3]
    if len(near) > COMPARED:
        near = [name for name in near if name[:2] == word[:2] or name[-3:] == word[-3:]][:COMPARED]
    from difflib import get_close_matches

    matches = get_close_matches(word, near, n=1, cutoff=0.6)
    return matches[0] if matches else None


def listed(names: Collection[str], most: int = 10) -> str:
    """The first of several names, for messages."""
    shown = ", ".join([quoted(name, 40) for name in islice(names, most)])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
