"""What the file says about a node's attempts, in words for Details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import duration
from dagtui.tui.log.log_footer import tries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.model import NodeIndex, RetryPolicy, Task
    from dagtui.runs.view import RunView


def executor_words(run: RunView, task: Task) -> str:
    """Say where a task runs, and what it asks for there. Safe to show."""
    from dagtui.graph.executors import executor_words as words_of  # most graphs have none

    found = run.graph.executors.get(task.executor)
    words = words_of(task.executor, task.resources)
    return words if found is None else f"{words} ({found.kind.value})"


def retries_words(run: RunView, node: NodeIndex, policy: RetryPolicy) -> str:
    """Say how often and when attempts of a node are repeated, and how often the present one was."""
    if not policy.retries:
        return ", ".join(_own_retries(policy)) or "none"
    words = f"{policy.retries}, after {duration(policy.delay)}"
    if policy.backoff != 1:
        words += f", each time x {policy.backoff:g}"
        words += f", at most {duration(policy.max_delay)}"
    if policy.jitter:
        words += f", give or take {policy.jitter:.0%}"
    if policy.exit_codes:
        statuses = [str(code) for code in policy.exit_codes if isinstance(code, int)]
        named = [code for code in policy.exit_codes if isinstance(code, str)]
        words += f", only for {', '.join(['exit ' + ', '.join(statuses)] * bool(statuses) + named)}"
    words = ", ".join([words, *_own_retries(policy)])
    attempt = run.state.attempt[node]
    return f"{words}; attempt {attempt} of {tries(run, node)}" if attempt else words


def _own_retries(policy: RetryPolicy) -> Iterator[str]:
    """Yield the numbers of retries that only attempts on other machines have, and how what they ask for grows."""
    if policy.lost is not None:
        yield f"{policy.lost} if lost"
    if policy.outside is not None:
        yield f"{policy.outside} if ended from outside"
    if policy.grow:
        yield "each time " + " and ".join(f"{word} x {factor:g}" for word, factor in policy.grow.items())
