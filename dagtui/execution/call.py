"""Calls one Python function in an interpreter of its own: python call.py MODULE:FUNCTION ARGUMENTS, these as JSON."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import traceback
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def main(target: str, arguments: str) -> None:
    """Import the module from the working directory first, call the function, and await what it returns if that waits.

    What it returns is no exit status; an exception is one, with its traceback on standard error.
    """
    sys.path[0] = os.getcwd()
    sys.argv[:] = [target]
    module, _, name = target.partition(":")
    try:
        function: Callable[..., object] = attrgetter(name)(importlib.import_module(module))
        result = function(**json.loads(arguments))
        if inspect.isawaitable(result):
            import asyncio

            asyncio.run(_wait_for(result))
    except Exception as error:  # noqa: BLE001 - whatever the function raises is to be shown
        first = error.__traceback__
        own = first.tb_next if first is not None else None  # this file is of no interest to the reader
        traceback.print_exception(error.with_traceback(own))
        sys.exit(1)


async def _wait_for(result: object) -> None:
    if inspect.isawaitable(result):
        await result


if __name__ == "__main__":
    main(*sys.argv[1:])
