"""Read values of keys that are more than one string or number. Each function raises ValueProblem."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.actions import SHORT
from dagtui.graph.check.suggestions import called_elsewhere, did_you_mean
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.expressions.braces import SHELLS
from dagtui.graph.expressions.templates import parameter_texts, value_text
from dagtui.graph.model import Trigger
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.executors import Resources
    from dagtui.graph.model import ParameterValue, Value
    from dagtui.graph.pools import Wants
    from dagtui.graph.services import Service

PARAMETER_TYPES = ("str", "int", "float", "bool", "list")
"""What the text of a parameter on the command line can be read as."""

_ODD = frozenset(("", " ", "~"))
"""Beginnings of paths that are read more closely."""
LONGEST_PATH = 4096
"""Characters of a path, as on Linux."""
RETRIED_WORDS = ("timeout", "lost", "outside")
"""Ends without an exit status that `exit_codes` can name."""
_PREFIX = r"""(?:[^\s{}\[\]()"'*?/=!<>,&|]+/)+"""
"""Nothing that ends a path in a placeholder or a condition."""
_OTHER_TYPES = {
    "str": "string text char path file choice",
    "int": "integer number long int64",
    "float": "double real decimal float64",
    "bool": "boolean flag switch",
    "list": "array tuple set sequence list[str] list[int] strings",
}
"""What types are called elsewhere."""


def read_needs(value: object) -> tuple[str, ...]:
    """Read the entries of `needs`, each once."""
    hint = f"write [{quoted(value)}]" if isinstance(value, str) else 'write ["a", "b"]'
    found = values.each(values.filled_text, values.items(value, hint))
    if len(found) > 1:
        _refuse_repeated(found)
    return found


def read_wants(value: object) -> Wants:
    """Read what an attempt takes of pools."""
    from dagtui.graph import pool_values

    return pool_values.read_wants(value)


def read_executor(value: object) -> str:
    """Read the name of an executor."""
    return values.name(values.filled_text(value))


def read_resources(value: object) -> Resources:
    """Read what an attempt asks its executor for."""
    from dagtui.graph import resource_values

    return resource_values.read_resources(value)


def read_growth(value: object) -> Mapping[str, float]:
    """Read by which factors resources grow."""
    from dagtui.graph import resource_values

    return resource_values.read_growth(value)


def read_service(value: object) -> Service:
    """Read what makes a task a service."""
    from dagtui.graph import service_values

    return service_values.read_service(value)


def read_default(value: object) -> tuple[str, ...]:
    """Read what runs if no node is named, at least one entry."""
    found = read_needs(value)
    if not found:
        raise ValueProblem("must not be empty", 'name what runs, or remove it and write "default = false" in tasks')
    return found


def read_inputs(value: object) -> tuple[str, ...]:
    """Read the paths of what a task reads, at least one."""
    return _paths(value, 'write ["in.csv"]')


def read_outputs(value: object) -> tuple[str, ...]:
    """Read the paths of what a task writes, at least one."""
    found = _paths(value, 'write ["out.csv"]')
    for index, path in enumerate(found):
        file, inside, key = path.rpartition("#")
        if inside and file.endswith((".toml", ".json", ".yaml", ".yml")):
            hint = f"write {quoted(file)}: only inputs can name a value in a file"
            raise ValueProblem(f"names the value {quoted(key)} in a file", hint, inside=(index,))
    return found


def _paths(value: object, hint: str) -> tuple[str, ...]:
    if isinstance(value, list) and len(value) == 1:
        text = value[0]
        if isinstance(text, str) and text[:1] not in _ODD and text.isprintable() and len(text) <= LONGEST_PATH:
            return (text,)  # the fast path of most tasks
    found = values.each(_path, values.items(value, f"write [{quoted(value)}]" if isinstance(value, str) else hint))
    if not found:
        raise ValueProblem("must not be empty", f"leave it out, or {hint}")
    if len(found) > 1:
        _refuse_repeated(found)
    return found


def _path(value: object) -> str:
    found = values.path(value)
    if len(found) > LONGEST_PATH:
        raise ValueProblem(f"can have at most {LONGEST_PATH:,} characters, not {len(found):,}")
    if found[0] == "~" and (found == "~" or found.startswith("~/")):
        raise ValueProblem("begins with ~, which is not expanded", f'write "{{{{ env.HOME }}}}{found[1:]}"')
    return found


def _refuse_repeated(entries: tuple[str, ...]) -> None:
    """Raise ValueProblem about the first entry that repeats an earlier one."""
    if len(set(entries)) == len(entries):
        return
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry in seen:
            raise ValueProblem(f"repeats {quoted(entry)}", "remove it", inside=(index,))
        seen.add(entry)


def read_group(value: object) -> str:
    """Read a folder of the tree."""
    group = values.printable(value)
    if group and any(not part.strip() for part in group.split("/")):
        raise ValueProblem("has a folder without a name", 'write "data/raw"')
    return group


def read_env(value: object) -> dict[str, str]:
    """Read a table of variables: strings, numbers, true, false. Raises ValueProblem."""
    found = {key: _variable(key, entry) for key, entry in values.table(value, 'write { NAME = "value" }').items()}
    if sum(map(len, found.values())) > SHORT:
        from dagtui.graph.check.kernel_limits import check_environment

        check_environment(found)
    return found


def _variable(key: str, value: object) -> str:
    if not key or "=" in key or "\0" in key:
        raise ValueProblem('is not a valid name for a variable: it must not be empty or contain "="', inside=(key,))
    return value_text(read_inside((key,), values.scalar, value))


def read_shell(value: object) -> tuple[str, ...]:
    """Read the program and options that run shell lines."""
    hint = 'write ["bash", "-c"]'
    if isinstance(value, str) and " " in value:
        hint = f'write a command line as "run"; {hint} for the shell that runs it'
    shell = values.each(values.filled_text, values.items(value, hint))
    if not shell:
        raise ValueProblem("must not be empty", hint)
    if any("{{" in argument for argument in shell):
        raise ValueProblem("can't contain placeholders", f"write the words as they are: {hint[6:]}")
    name = shell[0].rpartition("/")[2]
    if name in SHELLS and not any(re.match(r"-[A-Za-z]*c", argument) for argument in shell[1:]):
        raise ValueProblem("lacks the option that takes a command", f'write ["{name}", "-c"]')
    return shell


def read_exit_codes(value: object) -> tuple[int | str, ...]:
    """Read the failures that are repeated."""
    entries = values.items(value, "write [7, 28]")
    if not entries:
        raise ValueProblem("must not be empty", "leave it out to retry after every failure")
    return tuple(dict.fromkeys(values.each(_exit_code, entries)))


def _exit_code(entry: object) -> int | str:
    if not isinstance(entry, str):
        return values.whole(entry, 1, 255)
    if entry in RETRIED_WORDS:
        return entry
    import signal

    number = getattr(signal, f"SIG{entry.upper().removeprefix('SIG')}", None)
    hint = f"write {128 + number}: the end by a signal counts as 128 plus its number" if number else ""
    hint = hint or did_you_mean(entry, RETRIED_WORDS)
    raise ValueProblem('must be an exit status from 1 to 255, "timeout", "lost" or "outside"', hint)


def read_trigger(value: object) -> Trigger:
    """Read the name of a trigger."""
    word = values.text(value)
    for trigger in Trigger:
        if trigger.value == word:
            return trigger
    from dagtui.graph.check.other_tools import Where, same_here, sentence_for

    known = [trigger.value for trigger in Trigger]
    same = same_here(word, Where.TRIGGER)
    hint = f"did you mean {quoted(same)}?" if same else sentence_for(word, Where.TRIGGER) or did_you_mean(word, known)
    raise ValueProblem("names an unknown trigger", hint or f"the triggers are {', '.join(known)}")


def read_files(value: object) -> tuple[str, ...]:
    """Read paths of files, each once."""
    hint = f"write [{quoted(value)}]" if isinstance(value, str) else 'write [".env"]'
    found = values.each(values.path, values.items(value, hint))
    _refuse_repeated(found)
    return found


def read_prefix(value: object) -> str:
    """Read what stands before the names of included tasks: words that end in a slash."""
    prefix = values.printable(value)
    if re.fullmatch(_PREFIX, prefix):
        return prefix
    bare = prefix.strip("/ ") + "/"
    raise ValueProblem(
        "must be words that end in a slash", f"write {quoted(bare if re.fullmatch(_PREFIX, bare) else 'qc/')}"
    )


def read_condition(value: object) -> str:
    """Read the condition of a task. Its paths are checked later."""
    if isinstance(value, bool):
        return value_text(value)
    text = values.text(value)
    from dagtui.graph.expressions.conditions import parse_condition

    try:
        parse_condition(text)
    except ValueProblem as wrong:
        message = f"has a wrong part: {wrong.message}" if wrong.message.startswith('"') else wrong.message
        raise ValueProblem(message, wrong.hint, needle=wrong.needle, lead=wrong.lead) from None
    return text


def read_names(value: object) -> tuple[str, ...]:
    """Read a list of different names. Raises ValueProblem."""
    found: dict[str, None] = {}
    for index, entry in enumerate(values.items(value, 'write ["API_TOKEN"]')):
        try:
            name = values.name(values.text(entry))
        except ValueProblem as wrong:
            raise ValueProblem(f"has an entry that {wrong.message}", wrong.hint, inside=(index,)) from None
        if name in found:
            raise ValueProblem(f"names {quoted(name)} twice", "remove it", inside=(index,))
        found[name] = None
    return tuple(found)


def read_parameter_value(value: object) -> ParameterValue:
    """Read the value of a parameter: a string, a number, a boolean, or a list of them."""
    return values.each(values.scalar, value) if isinstance(value, list) else values.scalar(value)


def read_choices(value: object) -> tuple[Value, ...]:
    """Read the values that a parameter may have."""
    found = values.each(values.scalar, values.items(value, 'write ["a", "b"]'))
    if not found:
        raise ValueProblem("must not be empty", "leave it out to allow every value")
    _refuse_repeated(parameter_texts(found))
    return found


def read_type(value: object) -> str:
    """Read the type of a parameter."""
    word = values.text(value)
    if word in PARAMETER_TYPES:
        return word
    hint = called_elsewhere(word, _OTHER_TYPES) or did_you_mean(word, PARAMETER_TYPES)
    raise ValueProblem("names an unknown type", hint or f"the types are {', '.join(PARAMETER_TYPES)}")
