"""Call one Python function in an interpreter of its own: `python call.py MODULE:FUNCTION ARGUMENTS_AS_JSON`."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import traceback
from operator import attrgetter
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def main(target: str, arguments: str) -> None:
    """Import the module, preferably from the working directory, call the function, and await an awaitable result.

    The returned value does not set the exit status. An exception prints its traceback and exits with status 1.
    """
    if "LC_CTYPE" in os.environ:
        _restore_locale()
    sys.path[0] = os.getcwd()
    sys.argv[:] = [target]
    module, _, name = target.partition(":")
    try:
        function: Callable[..., object] = attrgetter(name)(importlib.import_module(module))
        if inspect.isclass(function):
            _refuse(target, "is a class, and not a function: name a function that makes one and uses it")
        result = function(**json.loads(arguments))
        if inspect.isawaitable(result):
            import asyncio

            result = asyncio.run(_wait_for(result))
        _check_has_run(target, result)
    except Exception as error:  # noqa: BLE001 - any exception of the function is shown
        first = error.__traceback__
        own = first.tb_next if first is not None else None  # leave this file out of the traceback
        traceback.print_exception(error.with_traceback(own))
        sys.exit(1)


def _restore_locale() -> None:
    """Give the function and its child processes the caller's locale. dagtui may not be in the function's sys.path."""
    from importlib.util import module_from_spec, spec_from_file_location

    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coerced_locale.py")
    spec = spec_from_file_location("dagtui_coerced_locale", path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        module.restore()


async def _wait_for(result: object) -> object:
    return await result if inspect.isawaitable(result) else result


def _check_has_run(target: str, result: object) -> None:
    """Exit with status 1 if the function returned work that has not run, because nothing iterated or awaited it."""
    managed = getattr(result, "gen", None)  # the generator of a context manager made by contextlib
    if _is_open_generator(managed):
        _refuse(target, "returns a context manager that was not entered: name a function that uses it")
    if _is_open_generator(result):
        _refuse(target, 'returns a generator, which does nothing until it is iterated: remove "yield", or iterate it')
    if isinstance(result, (map, filter)):
        _refuse(target, "returns an iterator, which does nothing until it is iterated: use a loop or list(...)")
    if isinstance(result, dict):
        result = list(result.values())
    for entry in result if isinstance(result, (list, tuple, set)) else [result]:
        if inspect.iscoroutine(entry) and inspect.getcoroutinestate(entry) == inspect.CORO_CREATED:
            _refuse(target, 'returns a coroutine that was not awaited: use "await", or asyncio.gather for several')


def _is_open_generator(result: object) -> bool:
    """Return whether a value is an unfinished generator or asynchronous generator."""
    if inspect.isasyncgen(result):
        return result.ag_frame is not None
    return inspect.isgenerator(result) and result.gi_frame is not None


def _refuse(target: str, why: str) -> NoReturn:
    sys.stderr.write(f"dagtui: {target} {why}\n")
    sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
