"""What all tests share: a folder of their own for sockets, and nobody who outlives them."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from support.process_listing import end_all, end_processes_told_of, fresh_token, processes_told_of, reap_orphans
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.session_harness import SessionHarness

# The same examples in every run, and no clock over them; `--hypothesis-profile default` and the long forms try others.
settings.register_profile("fixed", max_examples=50, derandomize=True, database=None, deadline=None)
settings.load_profile("fixed")

# What is started in the background, or by nohup, ignores one of these; what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _folder_of_these_tests() -> Iterator[Path]:
    """Sockets lie in here, never among a person's runs; whoever has it in its environment was started by a test."""
    # Below /tmp itself, because the path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="dagtui-tests-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGTUI_SOCKET_DIR", str(folder / "sockets"))
        patch.setenv("DAGTUI_CONFIG_DIR", "/dev/null/none")  # no settings: not those of the person who tests
        yield folder
    try:
        wait_for(lambda: not processes_told_of(folder), "the end of everything that tests have started")
    except AssertionError as failure:
        failure.add_note("\n".join(processes_told_of(folder).values()))
        raise
    finally:
        end_processes_told_of(folder)
        shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _orphans() -> Iterator[None]:
    """What a test leaves to this process, whose executors adopt orphans, is no burden to the next one."""
    yield
    reap_orphans()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def token() -> Iterator[str]:
    """A word that only processes of this test have among their arguments. They are killed after the test."""
    word = fresh_token()
    yield word
    end_all(word)


@pytest.fixture
def terminals() -> Iterator[ExitStack]:
    """The terminals that are entered in it end with the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def harness(tmp_path: Path, short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionHarness]:
    """Sessions and terminals on the graph of this test. They end with it. This process can reach them, too."""
    from support.session_harness import SessionHarness  # its terminals are of no use to most tests

    monkeypatch.setenv("DAGTUI_SOCKET_DIR", str(short_path))
    made = SessionHarness(tmp_path, short_path)
    yield made
    made.clear()


@pytest.fixture
def short_path(_folder_of_these_tests: Path) -> Iterator[Path]:
    """A folder for sockets: the paths of `tmp_path` may be too long for them."""
    path = Path(tempfile.mkdtemp(dir=_folder_of_these_tests))
    yield path
    shutil.rmtree(path, ignore_errors=True)  # who still writes is waited for at the end


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Share the work of making a first set of modules for pytest's assertions among the processes of xdist.

    All of them collect all tests in the same order, so that each would make each module. Those of the screen have to
    wait for a conftest.py that comes before Textual.
    """
    worker = getattr(session.config, "workerinput", None)
    hook = next((finder for finder in sys.meta_path if type(finder).__name__ == "AssertionRewritingHook"), None)
    if worker is None or hook is None or sys.dont_write_bytecode:
        return
    number, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    paths = [path for folder in session.config.args for path in Path(folder).rglob("test_*.py")]
    of_the_screen = Path(__file__).parent / "tui"
    for path in sorted(path for path in paths if of_the_screen not in path.absolute().parents)[number::workers]:
        spec = hook.find_spec(path.stem, [os.fspath(path.parent)])
        if spec is not None and not list(path.parent.glob(f"__pycache__/{path.stem}.*pytest*")):
            with contextlib.suppress(Exception, pytest.skip.Exception):  # it is told where it is collected
                spec.loader.exec_module(module_from_spec(spec))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over the tests themselves: they are many objects, and never garbage.

    It also looks less often: each test of a screen makes hundreds of thousands of objects, and ends soon.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long forms take as long as they take."""
    for item in items:
        if item.get_closest_marker("torture"):
            item.add_marker(pytest.mark.timeout(0))
