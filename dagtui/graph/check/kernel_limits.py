"""Limits for the arguments and variables that a program is started with."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

TOGETHER = os.sysconf("SC_ARG_MAX")
"""Total bytes of the arguments and variables of a program."""
ONE = 32 * os.sysconf("SC_PAGE_SIZE") - 1 if sys.platform == "linux" else TOGETHER
"""Bytes of a single argument, or of a variable with its name."""
_PLACEHOLDER = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}", re.DOTALL)
"""Never reads beyond the next pair of braces, so that each is read once in a text of nothing but openings."""
_POINTER = 8
"""Bytes that the kernel counts for each argument in addition to its characters."""


def check_script(text: str) -> None:
    """Raise ValueProblem for a shell string too long for the shell, regardless of the values of its placeholders."""
    size = least_size(text)
    if size <= ONE:
        return
    from dagtui.graph.shell_bypass import simple_words

    words = simple_words(_PLACEHOLDER.sub("x", text))
    if words is not None:
        check_arguments(words)
        return
    hint = 'put it in a file beside this one: run = "sh -e FILE"'
    raise ValueProblem(f"has {size:,} bytes; the kernel takes at most {ONE:,} in one argument", hint)


def check_arguments(arguments: tuple[str, ...]) -> None:
    """Raise ValueProblem for arguments that a program can't be started with."""
    sizes = [least_size(argument) for argument in arguments]
    for index, size in enumerate(sizes):
        check_argument(size, index)
    together = sum(sizes) + (1 + _POINTER) * len(sizes)
    if together > TOGETHER:
        message = f"has {together:,} bytes in all; the kernel takes at most {TOGETHER:,}"
        raise ValueProblem(message, "put the arguments in a file")


def check_environment(variables: Mapping[str, str]) -> None:
    """Raise ValueProblem for variables that a program can't be started with."""
    for name, text in variables.items():
        check_argument(least_size(name) + 1 + least_size(text), name)
    check_arguments(tuple(f"{name}={text}" for name, text in variables.items()))


def check_argument(size: int, *inside: str | int) -> None:
    """Raise ValueProblem if `size` bytes are too long for one argument or variable."""
    if size > ONE:
        message = f"has {size:,} bytes; the kernel takes at most {ONE:,}"
        raise ValueProblem(message, "put it in a file, and pass the name of the file", inside=inside)


def check_data(data: Mapping[str, object]) -> None:
    """Raise ValueProblem for arguments of a call that are too long as JSON, which is a single argument."""
    import json

    check_argument(least_size(json.dumps(data)))


def least_size(text: str) -> int:
    """Return the bytes of a text without its placeholders, whose values may be empty."""
    return len(_PLACEHOLDER.sub("", text).encode("utf-8", "replace"))
