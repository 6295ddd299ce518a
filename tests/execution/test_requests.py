"""What an attempt executes on another machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dagtui.execution.local.command import CommandError
from dagtui.execution.requests import Request, Requests, grown
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import ArgumentList, Graph, PythonCall, RetryPolicy, ShellCommand, Task
from dagtui.graph.resolution import Resolver
from dagtui.text.secrets import Secrets

SETTINGS = ExecutorSettings("far", ExecutorKind.SSH, pass_=("HF_HOME", "NOTHING", "KEY"), setup="module load x")
ENVIRONMENT = {"HF_HOME": "/hf", "HOME": "/home/ada", "KEY": "sesame-1234", "PWD": "/here"}


def made(task: Task, settings: ExecutorSettings = SETTINGS, secret: str = "sesame-1234") -> Request:
    graph = Graph([task.name], [], tasks=[task], directory=Path("/home/ada/graph"))
    requests = Requests(
        graph,
        settings,
        Resolver(graph, ENVIRONMENT),
        ENVIRONMENT,
        "run-1",
        lambda node, attempt: f"{node}.{attempt}",
        graph.labels,
        str,
        secrets=Secrets([secret]),
    )
    return requests.make(0, 2)


def test_theirs_and_what_is_passed_but_never_ours():
    request = made(Task("a", ShellCommand("x"), env={"N": "1"}, timeout=3.0, grace=2.0, colour=True))
    assert request.env == {
        "PYTHONUNBUFFERED": "1",
        "HF_HOME": "/hf",
        "N": "1",
        "DAGTUI_RUN_ID": "run-1",
        "DAGTUI_NODE": "a",
        "DAGTUI_ATTEMPT": "2",
        "FORCE_COLOR": "1",
        "CLICOLOR_FORCE": "1",
    }
    assert request.secrets == {"KEY": "sesame-1234"}
    assert request[:6] == ("0.2", "a", 2, ("sh", "-e", "-c", "x"), False, "/home/ada/graph")
    assert (request.timeout, request.grace, request.setup) == (3.0, 2.0, "module load x")
    everything = made(Task("a", ShellCommand("x")), replace(SETTINGS, environment_here=True))
    assert {**ENVIRONMENT, **everything.env, **everything.secrets} == {
        **everything.env,
        **everything.secrets,
        "PWD": "/here",
    }
    assert "PWD" not in everything.env


@pytest.mark.parametrize(
    ("task", "argv", "is_call"),
    [
        (Task("a", ArgumentList(("prog", "x"))), ("prog", "x"), False),
        (Task("a", ArgumentList(("prog",)), wrap=("nice", "-n5")), ("nice", "-n5", "prog"), False),
        (Task("a", ShellCommand("x"), shell=("bash", "-c")), ("bash", "-c", "x"), False),
        (Task("a", PythonCall("m:f", {"n": 1})), ("m:f", json.dumps({"n": 1})), True),
        (Task("a"), (), False),
    ],
)
def test_programs_are_not_looked_up_here(task: Task, argv: tuple[str, ...], is_call: bool):
    assert made(task)[3:5] == (argv, is_call)


@pytest.mark.parametrize(
    ("settings", "cwd", "there"),
    [
        (SETTINGS, "data", "/home/ada/graph/data"),
        (replace(SETTINGS, directory="~/runs"), "data", "~/runs/data"),
        (replace(SETTINGS, directory="~/runs"), ".", "~/runs"),
        (replace(SETTINGS, directory="~/runs"), "..", "/home/ada"),
        (replace(SETTINGS, directory="~/runs"), "/data", "/data"),
        (replace(SETTINGS, directory="/scratch", shared=True), "data", "/home/ada/graph/data"),
        (replace(SETTINGS, directory="/scratch", kind=ExecutorKind.SLURM), "data", "/home/ada/graph/data"),
    ],
)
def test_the_directory_there(settings: ExecutorSettings, cwd: str, there: str):
    assert made(Task("a", cwd=cwd), settings).cwd == there


@pytest.mark.parametrize(
    "task",
    [
        Task("a", ShellCommand("curl {{ env.KEY }}")),
        Task("a", PythonCall("m:f", {"key": "sesame-1234"})),
        Task("a", cwd="/tmp/sesame-1234"),
    ],
)
def test_a_text_with_a_secret_is_refused_without_it(task: Task):
    with pytest.raises(CommandError, match="contains a secret, which far would store") as error:
        made(task)
    assert "sesame" not in str(error.value)
    assert error.value.lasting


def test_amounts_grow_with_each_try():
    resources = {"mem": 1000, "cpus": 2, "partition": "main"}
    assert grown(resources, {"mem": 1.5, "partition": 2}, 1) == resources
    assert grown(resources, {"mem": 1.5, "cpus": 2}, 3) == {"mem": 2250, "cpus": 8, "partition": "main"}
    assert grown(resources, {"mem": 1e300}, 1000)["mem"] == 1 << 62
    task = Task("a", resources=resources, retry=RetryPolicy(grow={"mem": 2.0}))
    assert made(task).resources["mem"] == 2000
