"""Reading what a task executes: `run`, `call` and `args`."""

from __future__ import annotations

import re

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.model import ArgumentList, ShellCommand
from dagtui.graph.toml import values

MOST_ARGUMENTS = 100_000
"""Number of arguments of a program: more than systems accept."""
SHORT = 10_000
"""Characters that any kernel accepts as an argument, in any encoding."""
_CALL = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_BRACES = re.compile(r"\{\{[^{}\n]*\}\}")
_WORDS = r"(?:\{\{[^{}\n]*\}\}|[^\s{]|\{(?!\{))+"
_INTERPRETED = r"[|&;<>()$`\\\"'*?]"
"""What a shell would interpret."""


def read_run(value: object) -> ShellCommand | ArgumentList:
    """Read a line for the shell, or a program and its arguments. Raises ValueProblem."""
    if isinstance(value, str):
        if len(value) > SHORT:
            from dagtui.graph.check.kernel_limits import check_script

            check_script(value)
        return ShellCommand(values.filled_text(value))
    if not isinstance(value, list):
        raise values.expected("a string or an array of strings", value)
    if value and isinstance(value[0], (list, dict)):
        hint = "a task is one command: write a string of several lines, or a task for each"
        raise ValueProblem("must be one command, not an array of commands", hint)
    if not value:
        raise ValueProblem("must not be empty")
    if len(value) > MOST_ARGUMENTS:
        raise ValueProblem(f"can have at most {MOST_ARGUMENTS:,} arguments, not {len(value):,}", "put them in a file")
    arguments = _arguments(value)
    _check_program(arguments)
    return ArgumentList(arguments)


def read_wrap(value: object) -> tuple[str, ...]:
    """Read a program and arguments that the command of a task is appended to. Raises ValueProblem."""
    words = value.split() if isinstance(value, str) and value.strip() else ["nice", "-n", "5"]
    entries = values.items(value, _as_list(words))
    if not entries:
        return ()
    arguments = _arguments(entries)
    if _is_command_line(arguments[0]):
        words = re.findall(_WORDS, arguments[0])
        raise ValueProblem("is a command line, not a program", _as_list([*words, *arguments[1:]]), inside=(0,))
    return arguments


def read_notify(value: object) -> tuple[str, ...]:
    """Read a program and arguments that are told of a run. Raises ValueProblem."""
    words = value.split() if isinstance(value, str) and value.strip() else ["./notify.sh"]
    entries = values.items(value, _as_list(words))
    if not entries:
        raise ValueProblem("must start with a program", 'write notify = ["./notify.sh"]')
    arguments = _arguments(entries)
    for at, argument in enumerate(arguments):
        if "{{" in argument:
            hint = "the program reads the facts from its standard input, as JSON"
            raise ValueProblem("can't have placeholders", hint, inside=(at,))
    if _is_command_line(arguments[0]):
        words = re.findall(_WORDS, arguments[0])
        raise ValueProblem("is a command line, not a program", _as_list([*words, *arguments[1:]]), inside=(0,))
    return arguments


def _arguments(entries: list[object]) -> tuple[str, ...]:
    """Read a program and its arguments. Raises ValueProblem."""
    arguments = values.each(values.text, entries)
    if not arguments[0].strip():
        raise ValueProblem("must start with a program", inside=(0,))
    if sum(map(len, arguments)) > SHORT:
        from dagtui.graph.check.kernel_limits import check_arguments

        check_arguments(arguments)
    return arguments


def _check_program(arguments: tuple[str, ...]) -> None:
    """Refuse a command line where a program is expected. Raises ValueProblem."""
    operator = next((index for index, argument in enumerate(arguments) if argument in {"&&", "||"}), None)
    if operator is not None:
        line = " ".join(arguments)
        hint = f"write it as one string: run = {quoted(line)}"
        raise ValueProblem("is a shell operator, but a list runs without a shell", hint, inside=(operator,))
    if _is_command_line(arguments[0]):
        raise ValueProblem("is a command line, not a program", _as_commands(arguments), inside=(0,))


def _is_command_line(program: str) -> bool:
    """Return whether the name of a program has spaces. It may if its folder is named too and no option follows."""
    name, _, rest = _BRACES.sub("x", program).strip().partition(" ")
    return bool(rest) and ("/" not in name or rest.lstrip().startswith("-"))


def _as_list(words: list[str]) -> str:
    return f"write [{', '.join(map(quoted, words[:20]))}]"


def _as_commands(arguments: tuple[str, ...]) -> str:
    """Return how to write a list of command lines, or a program with its arguments, as `run`."""
    first, *others = arguments
    if others and not any(argument.startswith("-") for argument in others) and not first.split()[1].startswith("-"):
        lines = "\\n".join(arguments)
        return f'a list is one program and its arguments: write one string, "{lines}", or a task for each'
    words = [*re.findall(_WORDS, first), *others]
    shown = ", ".join(map(quoted, words))
    if re.search(_INTERPRETED, _BRACES.sub("x", first)):
        return f"write run = {quoted(first, 200)}: a string is a line for the shell"
    return f"write [{shown}]" if others else f"write run = {quoted(first, 200)}, or [{shown}]"


def read_call(value: object) -> str:
    """Read `module:function`. Raises ValueProblem."""
    target = values.text(value)
    if not re.fullmatch(_CALL, target):
        meant = target.strip().removesuffix("()")
        meant = meant if ":" in meant else ":".join(meant.rsplit(".", 1))
        hint = quoted(meant) if re.fullmatch(_CALL, meant) else '"package.module:function"'
        raise ValueProblem("must be a function in a module", f"write {hint}")
    return target


def read_args(value: object) -> dict[str, object]:
    """Read the arguments of a call. Raises ValueProblem."""
    table = values.table(value, "write { metric = 1 }")
    found = {key: values.plain_data(entry, (key,)) for key, entry in table.items()}
    if len(repr(found)) > SHORT:
        from dagtui.graph.check.kernel_limits import check_data

        check_data(found)
    return found
