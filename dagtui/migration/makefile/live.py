"""Values that are found anew in each run, not once by the import: parameters, and what commands print.

make is asked again, with a sign in the place of each value. Where the lines that it then says differ by nothing but the
signs, a sign can be replaced by what gives the value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.expressions.braces import MARK, SHELLS, TemplatePlace, doubled
from dagtui.graph.expressions.quoting import places
from dagtui.graph.expressions.shell_places import QUOTABLE
from dagtui.migration.makefile.calls import MakeError
from dagtui.migration.makefile.dry_run import dry_run
from dagtui.migration.values import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagtui.migration.makefile.calls import Make
    from dagtui.migration.makefile.dry_run import DryRun, FirstLook
    from dagtui.migration.makefile.source_text import SourceText

_MOST_ROUNDS = 4
_MOST_VARIABLES = 50
_SIGN = re.compile(r"v[0-9a-f]{12}v?[0-9]+e")


class LiveValues(NamedTuple):
    """The signs of values, and the lines that have them."""

    lines: dict[str, list[str]]
    """By target. Those without signs are left out."""
    params: dict[str, str]
    """The names of parameters, by their signs."""
    commands: dict[str, str]
    """The commands of `$(shell …)`, by their signs."""
    variables: frozenset[str]
    """The variables whose values are found anew."""


NOTHING_LIVE = LiveValues({}, {}, {}, frozenset())


class _Signs(NamedTuple):
    """The signs of variables, and what they stand for."""

    values: dict[str, str]
    """The value that each sign stands for now."""
    names: dict[str, str]
    """The variable of each sign."""


def live_values(make: Make, look: FirstLook, run: DryRun, goals: Sequence[str], text: SourceText) -> LiveValues:
    """Return the values of a file that can be found anew in each run."""
    known = look.database.variables
    params = {
        name: value
        for name, value in text.defaults.items()
        if value
        and PLAIN.fullmatch(value)
        and name in known
        and known[name].origin == "makefile"
        and known[name].value == value
    }
    shells = {name: command for name, command in text.shells.items() if name in known and known[name].is_expanded}
    candidates = [*params, *shells][:_MOST_VARIABLES]
    for _ in range(_MOST_ROUNDS):
        if not candidates and not run.shells:
            break  # nothing has a sign
        signs = _Signs({}, {})
        for number, name in enumerate(candidates):
            signs.values[f"{make.token}v{number}e"] = known[name].value
            signs.names[f"{make.token}v{number}e"] = name
        try:
            other = dry_run(
                make,
                look,
                goals,
                {name: sign for sign, name in signs.names.items()},
                ask={name: shells[name] for name in candidates if name in shells},
                execute=False,
            )
        except MakeError:
            other = None
        if other is None:
            bent = set(candidates)
        else:
            commands = _commands(make, run, other, signs)
            bent = _bent(make, run, other, signs, set(params))
            if not bent:
                return _found(make, run, other, signs, set(params), commands)
        if not candidates:
            break
        candidates = [name for name in candidates if name not in bent]
    return NOTHING_LIVE


def _bent(make: Make, run: DryRun, other: DryRun, signs: _Signs, params: set[str]) -> set[str]:
    """Return the variables that do more than stand in lines."""
    if run.blocks.keys() != other.blocks.keys():
        found = _within(signs, [*other.blocks, *other.missing, *other.database.targets])
        return found or set(signs.names.values())
    found = set[str]()
    for name, block in other.blocks.items():
        found |= _within(signs, [*block.needs, *block.order_only, block.shell_flags])
        if [_filled(line, signs.values) for line in block.lines] != run.blocks[name].lines:
            different = _within(signs, block.lines)
            has_signs = any(make.token in line for line in block.lines)
            found |= different & params if has_signs else set(signs.names.values())
    return found


def _within(signs: _Signs, texts: Iterable[str]) -> set[str]:
    whole = "\n".join(texts)
    return {name for sign, name in signs.names.items() if sign in whole}


def _commands(make: Make, run: DryRun, other: DryRun, signs: _Signs) -> dict[str, str]:
    """Return the commands of `$(shell …)` by their signs, and add what they printed to the values of signs."""
    printed = dict(pair.partition("\x1f")[::2] for pair in run.shells.split("\x1e") if pair)
    commands, at = dict[str, str](), 0
    for command in other.shells.encode("utf-8", "surrogateescape").split(b"\x1e")[:-1]:
        sign, text = f"{make.token}{at}e", command.decode("utf-8", "surrogateescape")
        at += len(command) + 1
        out = printed.get(text)
        if out is not None and make.token not in text:
            commands[sign] = text
            signs.values[sign] = out.rstrip("\n").replace("\n", " ")
    return commands


def _found(
    make: Make, run: DryRun, other: DryRun, signs: _Signs, params: set[str], commands: dict[str, str]
) -> LiveValues:
    commands = commands | {sign: other.asked[name] for sign, name in signs.names.items() if name in other.asked}
    lines = {
        name: block.lines
        for name, block in other.blocks.items()
        if any(make.token in line for line in block.lines)
        and [_filled(line, signs.values) for line in block.lines] == run.blocks[name].lines
    }
    used = "\n".join(line for block in lines.values() for line in block)
    names = {sign: name for sign, name in signs.names.items() if sign in used}
    return LiveValues(
        lines,
        {sign: name for sign, name in names.items() if name in params},
        {sign: command for sign, command in commands.items() if sign in used},
        frozenset(names.values()),
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with values in the places of signs."""
    return _SIGN.sub(lambda sign: values.get(sign[0], sign[0]), text)


def written(script: str, shell: str, live: LiveValues) -> str | None:
    """Return a script with placeholders and variables in place of signs, or None if one stands where it can't.

    Args:
        script: A script for a shell, with signs.
        shell: The name of the shell.
        live: What signs stand for.
    """
    if shell not in SHELLS:
        return None
    signs = _SIGN.findall(script)
    around = places(_SIGN.sub(MARK, script), shell)
    if len(around) != len(signs) or not set(around) <= QUOTABLE:
        return None
    variables = {command: f"shell_{number}" for number, command in enumerate(_used(signs, live), 1)}
    parts = [f"{variable}=$({doubled(command)}) || :\n" for command, variable in variables.items()]
    texts = _SIGN.split(script)
    for text, sign, place in zip(texts, [*signs, ""], [*around, None], strict=True):
        parts.append(doubled(text))
        if sign in live.params:
            parts.append(f"{{{{ params.{live.params[sign]} }}}}")
        elif sign in live.commands:
            value = f"${{{variables[live.commands[sign]]}}}"
            parts.append(f"'\"{value}\"'" if place is TemplatePlace.SINGLE else value)
        elif sign:
            return None
    return re.sub(r"''(\"\$\{shell_\d+\}\")''", r"\1", "".join(parts))  # quotes with nothing in them


def _used(signs: Iterable[str], live: LiveValues) -> dict[str, None]:
    """Return the commands of signs, each once."""
    return dict.fromkeys(live.commands[sign] for sign in signs if sign in live.commands)
