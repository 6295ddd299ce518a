"""Entry point of `dagtui` and `python -m dagtui`."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


_OBJECTS = 30_000
"""Number of new objects after which the garbage collector looks for unreachable cycles."""

_NOTICES = (signal.SIGCHLD, signal.SIGWINCH, signal.SIGCONT)
"""Signals that only notify. A caller that ignored or blocked one (`trap '' CHLD`) did not mean this program."""
_COMPLETING = "_DAGTUI_COMPLETE"  # set by a shell that asks for completions
_BAD_CALL = 2
_NO_FILES = b"dagtui: too few files may be open at once: raise the limit (ulimit -n)\n"


def main() -> None:
    """Run the command line and exit with its status."""
    sys.excepthook = _print_safely
    # Modules and graphs are many objects and not garbage: a collection after every 700 delays the first node.
    gc.set_threshold(_OBJECTS)
    try:
        if "LC_CTYPE" in os.environ:
            from dagtui.execution.local.coerced_locale import restore

            restore()
        _open_standard_descriptors()
        _hear_notices()
        _carry_out_plain()
        from dagtui.cli.main import command

        command(prog_name="dagtui")
    except Exception as error:
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            os.write(2, _NO_FILES)  # no module with a better message could be read
            raise SystemExit(_BAD_CALL) from None
        from dagtui.cli.error_boundary import end_with_sentence

        raise SystemExit(end_with_sentence(error)) from error


def _carry_out_plain() -> None:
    """Carry out `dagtui GRAPH.toml` or `dagtui run GRAPH.toml` without importing a parser, and exit.

    The import takes a tenth of the time to the first node's start. Returns for calls with options, or with anything
    irregular, which are left to the parser.
    """
    *command, graph_file = sys.argv[1:] or ("",)
    if command not in ([], ["run"]) or _COMPLETING in os.environ:
        return
    if graph_file.startswith("-") or not graph_file.endswith(".toml"):
        return
    if not os.path.isfile(graph_file) or os.path.islink(graph_file):
        return
    from pathlib import Path

    from dagtui.cli.graph_file import GraphFile

    try:
        if command:
            from dagtui.cli.headless import run_graph

            run_graph(GraphFile(Path(graph_file)))
        else:
            from dagtui.cli.screen import show_graph

            show_graph(GraphFile(Path(graph_file)))
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


def _print_safely(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """Print an unexpected error as Python does, but sanitised, because it may quote a file or a task."""
    from traceback import format_exception

    from dagtui.text import block

    if sys.stderr is not None:
        sys.stderr.write(block("".join(format_exception(kind, error, where)), 100_000))


def _open_standard_descriptors() -> None:
    """Open /dev/null where standard input, output or error is closed.

    Otherwise the next file to be opened, such as the journal, gets that number, and printed text goes into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            try:
                os.open(os.devnull, os.O_RDWR)
            except OSError:  # there is none: a folder can be neither read nor written as a file
                os.open("/", os.O_RDONLY)


def _hear_notices() -> None:
    """Receive signals about children and the terminal. Without SIGCHLD, no child can be waited for."""
    for number in _NOTICES:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOTICES)


if __name__ == "__main__":
    main()
