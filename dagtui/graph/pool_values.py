"""Read `[pools]`, and what tasks want of them.

Only graphs with pools import this module.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.check.diagnostics import Origins
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.model import numbered_tasks
from dagtui.graph.pools import PREFIXES, Pool
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import Task
    from dagtui.graph.pools import Wants
    from dagtui.graph.toml.positions import KeyPath

MOST = 2**60
_SIZE = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,12}))? ?(?:([KMGTP])(I?))?(B?)", re.ASCII | re.IGNORECASE)
_SIZE_HINT = 'write a whole number, or a size such as "32G" or "512MiB"'


def read_amount(value: object) -> tuple[int, int]:
    """Read a number or a size. Return the amount, and the base of its unit or 0 for a number. Raises ValueProblem."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise values.expected("an integer or a size", value, _SIZE_HINT)
    amount, base = (value, 0) if isinstance(value, int) else _read_size(value)
    if amount < 1:
        raise ValueProblem("must be greater than zero", "remove it if nothing is wanted or shared")
    if amount > MOST:
        raise ValueProblem("must not be more than 2^60")
    return amount, base


def _read_size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text.strip()) if len(text) <= 50 else None
    if match is None:
        if text.strip().startswith("-"):
            raise ValueProblem("must be greater than zero", _SIZE_HINT)
        placeholder = "{{" in text
        raise ValueProblem("can't contain placeholders" if placeholder else "is not a size", _SIZE_HINT)
    number, decimals, prefix, binary, _ = match.groups()
    base = 1024 if binary else 1000
    unit = base ** PREFIXES.index((prefix or " ").upper())
    decimals = decimals or ""
    amount, rest = divmod(int(number + decimals) * unit, 10 ** len(decimals))
    if rest:
        raise ValueProblem("is not a whole number of bytes", _SIZE_HINT)
    return amount, base


def read_pools(
    table: Mapping[str, object],
    included: Sequence[Pool],
    tasks: Sequence[Task],
    document: dict[str, object],
    diagnostics: Diagnostics,
) -> tuple[Pool, ...]:
    """Read `[pools]`, and check what tasks want of them. Record what is wrong, and leave it out.

    Of the included pools those count that have another name than the file's own and the earlier ones.
    """
    pools: list[Pool] = []
    for name, value in table.items():
        try:
            values.name(name)
        except ValueProblem as wrong:
            diagnostics.wrong_name(("pools", name), wrong, "a pool")
            diagnostics.lost.pools.add(name)
            continue
        try:
            pools.append(Pool(name, *read_amount(value)))
        except ValueProblem as wrong:
            diagnostics.wrong(("pools", name), wrong, quoted(name))
            diagnostics.lost.pools.add(name)
    known: dict[str, Pool] = {}
    for pool in (*pools, *included):
        known.setdefault(pool.name, pool)
    _check_wants(known, tasks, diagnostics, document)
    return tuple(known.values())


def read_wants(value: object) -> Wants:
    """Read the `pools` of a task. Raises ValueProblem."""
    hint = f"write {{ {value} = 1 }}" if isinstance(value, str) and value.isidentifier() else "write { gpu = 1 }"
    table = values.table(value, hint)
    return tuple([(name, read_inside((name,), read_amount, entry)[0]) for name, entry in table.items()])


def _check_wants(
    known: Mapping[str, Pool], tasks: Sequence[Task], diagnostics: Diagnostics, document: dict[str, object]
) -> None:
    """Record wants of pools that do not exist, that exceed their pool, or that forgot a unit."""
    origins = Origins(document, tasks)
    for number, task in numbered_tasks(tasks):
        for name, amount in task.pools:
            pool, at = known.get(name), origins.of(number, "pools", name)
            if pool is None:
                if not diagnostics.lost.has_pool(name):
                    hint = (
                        diagnostics.suggestion(name, known, "[pools] has")
                        or f"add [pools] with {_key(name)} = {amount}"
                    )
                    diagnostics.key(at, f"{_who(task, at)} wants the unknown pool {quoted(name)}", hint)
                continue
            written = _value_at(document, at)
            if amount > pool.size:
                _note_excess(diagnostics, at, task, pool, amount, is_size=isinstance(written, str))
            elif pool.base and isinstance(written, int) and written < pool.base:
                message = f"{_who(task, at)} wants {written} bytes of {quoted(name)}"
                diagnostics.value(at, message, f'write "{written}G" for gigabytes, or "{written}B" for bytes')


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("-", "_").isidentifier() else quoted(name)


def _note_excess(diagnostics: Diagnostics, at: KeyPath, task: Task, pool: Pool, amount: int, *, is_size: bool) -> None:
    shown = Pool(pool.name, amount, 1000) if is_size and not pool.base else pool
    message = f"{_who(task, at)} wants {shown.wanted(amount)}, more than the {pool.amount(pool.size)} in [pools]"
    hint = f"lower it, or raise {quoted(pool.name)} in [pools]"
    if shown is not pool:
        hint = f'[pools] gives {quoted(pool.name)} as a number: write a size there, such as "{pool.size}G"'
    diagnostics.value(at, message, hint)


def _who(task: Task, at: KeyPath) -> str:
    return "[defaults]" if at[0] == "defaults" else f"task {quoted(task.name)}"


def _value_at(document: object, at: KeyPath) -> object:
    for key in at:
        document = document.get(key) if isinstance(document, dict) else None
    return document
