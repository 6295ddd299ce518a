from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.executor_harness import served

from dagtui.engine.messages import EndKind
from dagtui.graph.model import PythonCall, Task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

MODULE = """
import asyncio, contextlib, sys

def add(a, b):
    print(a + b)
    return 5

async def wait(text):
    await asyncio.sleep(0)
    print(text)

def fail():
    raise ValueError("no good")

def leave(status):
    sys.exit(status)

def numbers(count=3):
    print("counting")
    for number in range(count):
        yield number

async def later():
    print("later")
    yield 1

def lazy():
    return map(print, [1, 2])

def forgotten():
    return [wait("text"), 1]

def forgotten_by_name():
    return {"a": wait("text")}

async def forgotten_inside():
    return wait("text")

def delegated():
    return numbers(2)

def used_up():
    found = numbers(2)
    list(found)
    return found

@contextlib.contextmanager
def managed():
    print("entered")
    yield

async def gathered():
    tasks = [asyncio.create_task(wait("one")), asyncio.create_task(wait("two"))]
    await asyncio.wait(tasks)
    return tasks

class Tools:
    @staticmethod
    def use():
        print("used")
"""


async def call(folder: Path, target: str, **arguments: object) -> tuple[int, bytes]:
    (folder / "json.py").write_text("raise SystemExit('the standard library comes first for us')")
    (folder / "own").mkdir(exist_ok=True)
    (folder / "own" / "steps.py").write_text(MODULE)
    async with served(folder, Task("x", PythonCall(target, arguments), cwd="own")) as harness:
        harness.start(0)
        end = await harness.ended()
        assert end.kind is EndKind.EXIT
        return end.value, await harness.log()


async def test_a_function_is_called_and_its_result_is_not_a_status(tmp_path: Path):
    assert await call(tmp_path, "steps:add", a=2, b=3) == (0, b"5\n")


async def test_a_coroutine_is_awaited(tmp_path: Path):
    assert await call(tmp_path, "steps:wait", text="ünï 'quoted'\n") == (0, "ünï 'quoted'\n\n".encode())


async def test_an_attribute_of_an_attribute(tmp_path: Path):
    assert await call(tmp_path, "steps:Tools.use") == (0, b"used\n")


@pytest.mark.parametrize(("status", "expected"), [(0, 0), (3, 3), (None, 0)])
async def test_leaving_says_the_status(tmp_path: Path, status: int | None, expected: int):
    assert (await call(tmp_path, "steps:leave", status=status))[0] == expected


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("steps:fail", b"ValueError: no good"),
        ("steps:gone", b"has no attribute 'gone'"),
        ("gone:fail", b"No module named 'gone'"),
        ("steps:add", b"missing 2 required positional arguments"),
    ],
)
async def test_an_exception_is_a_failure_with_its_traceback(tmp_path: Path, target: str, message: bytes):
    status, log = await call(tmp_path, target)
    assert status == 1
    assert message in log
    assert b"call.py" not in log
    assert (b"Traceback" in log) == (b"steps.py" in log or b"importlib" in log)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("numbers", "returns a generator, which does nothing until it is iterated"),
        ("delegated", "returns a generator, which does nothing until it is iterated"),
        ("later", "returns a generator, which does nothing until it is iterated"),
        ("lazy", "returns an iterator, which does nothing until it is iterated"),
        ("managed", "returns a context manager that was not entered"),
        ("forgotten", "returns a coroutine that was not awaited"),
        ("forgotten_by_name", "returns a coroutine that was not awaited"),
        ("forgotten_inside", "returns a coroutine that was not awaited"),
        ("Tools", "is a class, and not a function"),
    ],
)
async def test_work_that_was_only_prepared_is_a_failure(tmp_path: Path, target: str, message: str):
    status, log = await call(tmp_path, f"steps:{target}")
    assert status == 1
    assert f"dagtui: steps:{target} {message}" in log.decode()
    assert b"Traceback" not in log


@pytest.mark.parametrize(("target", "printed"), [("used_up", b"counting\n"), ("gathered", b"one\ntwo\n")])
async def test_work_that_is_done_may_be_returned(tmp_path: Path, target: str, printed: bytes):
    assert await call(tmp_path, f"steps:{target}") == (0, printed)
