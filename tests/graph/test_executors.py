"""Executors and resources as a graph file states them: read, merged, refused and written again."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema
import pytest

from dagtui.graph.definition import changed_parts
from dagtui.graph.errors import GraphError, Problem
from dagtui.graph.executors import ExecutorKind, Jobqueue, resource_words
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load, load_recorded, load_text
from dagtui.graph.schema import schema

HEAD = "version = 1\nname = 'rna/seq'\n"
TABLES = """
[params]
user = "ada"
key = "k3yk3yk3y"

[executors.cluster]
kind = "slurm"
jobs = 500
directory = "/scratch/{{ params.user }}/{{ run.graph }}"
setup = "module load python/3.12"
pass = ["HF_HOME"]
environment = "here"
resources = { partition = "main", time = "1h" }
options = ["--mail-type=NONE"]
group = "off"
poll = "5s"

[executors.gpubox]
kind = "ssh"
hosts = ["a", "ada@b"]
jobs = 2
directory = "~/runs/{{ run.graph }}"
orphans = "stop"
shared = true

[executors.dask]
kind = "dask"
address = "tls://{{ params.user }}:8786"
tls = { ca = "ca.pem" }
"""
FARM = "[executors.c]\nkind = 'dask'\n"
FILE = (
    HEAD
    + TABLES
    + """
[defaults]
executor = "cluster"
resources = { cpus = 2, mem = "1G" }

[tasks.prepare]
executor = "local"
run = "true"

[tasks.train]
needs = ["prepare"]
resources = { mem = "8GiB", time = "90m", gpus = 1, gpu_type = "a100" }
retry = { lost = 3, outside = 2, grow = { mem = 2, time = 1.5 } }
run = "true"

[tasks.score]
executor = "gpubox"
slots = 1
run = "true"

[tasks.many]
executor = "dask"
run = "true"

[tasks.go]
ask = "Go?"

[tasks.joined]
needs = ["train"]
"""
)


@pytest.fixture(autouse=True)
def users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGTUI_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def problem_of(body: str, **options: object) -> Problem:
    with pytest.raises(GraphError) as caught:
        load_text(f"{HEAD}{body}", "g.toml", **options)
    (problem,) = caught.value.problems
    return problem


def test_tables_and_tasks():
    graph = load_text(FILE, "g.toml")
    tasks = {task.name: task for task in graph.tasks}
    cluster, gpubox, dask = (graph.executors[name] for name in ("cluster", "gpubox", "dask"))
    assert (cluster.kind, cluster.jobs, cluster.directory) == (ExecutorKind.SLURM, 500, "/scratch/ada/rna_seq")
    assert (cluster.setup, cluster.pass_, cluster.environment_here) == ("module load python/3.12", ("HF_HOME",), True)
    assert (cluster.group, cluster.poll, cluster.shared) == (None, 5.0, True)
    assert (gpubox.hosts, gpubox.directory, gpubox.orphans) == (("a", "ada@b"), "~/runs/rna_seq", None)
    assert (gpubox.shared, dask.shared, dask.orphans, dask.tls) == (
        True,
        False,
        86_400.0,
        {"ca": str(Path("ca.pem").absolute())},
    )
    assert dask.address == "tls://ada:8786"
    assert graph.any_remote
    assert {name: task.executor for name, task in tasks.items()} == {
        "prepare": "local",
        "train": "cluster",
        "score": "gpubox",
        "many": "dask",
        "go": "local",
        "joined": "local",
    }
    assert tasks["train"].resources == {
        "partition": "main",
        "time": 5400,
        "cpus": 2,
        "mem": 8 * 2**30,
        "gpus": 1,
        "gpu_type": "a100",
    }
    assert (tasks["train"].slots, tasks["score"].slots, tasks["joined"].resources) == (2, 1, {})
    retry = tasks["train"].retry
    assert (retry.retries, retry.lost, retry.outside, retry.grow) == (0, 3, 2, {"mem": 2.0, "time": 1.5})


def test_what_is_written_loads_as_the_same_graph(tmp_path: Path):
    graph = load_text(FILE, "g.toml")
    text = to_toml(graph)
    (tmp_path / "graph.toml").write_text(text)
    for again in (load_text(text, "g.toml"), load_recorded(tmp_path / "graph.toml")):
        assert again.executors == graph.executors
        assert [(task.executor, task.resources, task.retry) for task in again.tasks] == [
            (task.executor, task.resources, task.retry) for task in graph.tasks
        ]


def test_workers_that_are_jobs_are_read_and_written_again():
    table = (
        f"{FARM}orphans = '2h'\njobqueue = {{ system = 'slurm', maximum_jobs = 8, cores = 8, memory = '16GB',"
        " account = '{{ params.user }}', job_extra_directives = ['--qos={{ params.user }}'], idle = '1m' }\n"
    )
    text = f"{HEAD}[params]\nuser = 'ada'\n{table}[tasks.a]\nexecutor = 'c'\nrun = 'true'\n"
    graph = load_text(text, "g.toml")
    options = {"cores": 8, "memory": "16GB", "account": "ada", "job_extra_directives": ["--qos=ada"]}
    assert graph.executors["c"].jobqueue == Jobqueue("slurm", options, 0, 8, None, 60.0)
    assert load_text(to_toml(graph), "g.toml").executors == graph.executors
    assert list(jsonschema.Draft7Validator(schema()).iter_errors(tomllib.loads(text))) == []


def test_what_stays_on_this_machine_stays_there_once_exported():
    exported = to_toml(load_text(FILE, "g.toml"))
    again = load_text(exported, "g.toml", executor="gpubox")
    assert [task.executor for task in again.tasks] == ["local", "gpubox", "gpubox", "gpubox", "local", "local"]


def test_where_a_node_runs_does_not_change_its_definition():
    graph = load_text(FILE, "g.toml")
    assert changed_parts(graph, load_text(FILE, "g.toml", executor="local")) == {}


def test_a_graph_without_executors_has_none():
    graph = load_text(f"{HEAD}[tasks.a]\nrun = 'true'\n", "g.toml")
    assert (graph.executors, graph.any_remote, graph.tasks[0].executor) == ({}, False, "local")


def test_the_executor_of_the_call():
    graph = load_text(FILE, "g.toml", executor="gpubox")
    assert [task.executor for task in graph.tasks] == ["local", "gpubox", "gpubox", "gpubox", "local", "local"]
    assert graph.tasks[1].resources == {"cpus": 2, "gpus": 1}
    assert graph.remarks == ("--executor gpubox: ignored there, of resources: mem, time, gpu_type",)
    here = load_text(FILE, "g.toml", executor="local")
    assert not here.any_remote
    assert {task.executor for task in here.tasks} == {"local"}
    assert here.tasks[1].resources == {"cpus": 2}
    assert (graph.executor_given, here.executor_given) == ("gpubox", "local")


def test_the_executor_of_the_call_is_recorded(tmp_path: Path):
    recorded = tmp_path / "graph.toml"
    recorded.write_text(to_toml(load_text(FILE, "g.toml", executor="gpubox")))
    again = load_recorded(recorded)
    assert (again.executor_given, again.tasks[0].executor) == ("gpubox", "local")


def test_included_tasks_run_on_executors_of_the_including_file(tmp_path: Path):
    (tmp_path / "qc.toml").write_text(
        "version = 1\n[executors.own]\nkind = 'ssh'\nhost = 'h'\n[executors.cluster]\nkind = 'ssh'\nhost = 'h'\n"
        "[tasks.trim]\nexecutor = 'cluster'\nresources = { partition = 'p' }\nrun = 'true'\n"
        "[tasks.count]\nexecutor = 'own'\nrun = 'true'\n"
    )
    main = tmp_path / "g.toml"
    main.write_text(
        "version = 1\ninclude = [{ path = 'qc.toml', prefix = 'qc/' }]\n"
        "[executors.cluster]\nkind = 'slurm'\nresources = { time = '1h' }\n"
    )
    graph = load(main)
    assert [(task.executor, task.resources) for task in graph.tasks] == [
        ("cluster", {"time": 3600, "partition": "p"}),
        ("own", {}),
    ]
    assert {name: found.kind.value for name, found in graph.executors.items()} == {"cluster": "slurm", "own": "ssh"}
    main.write_text(main.read_text().replace("executors.cluster", "executors.custer"))
    with pytest.raises(GraphError, match='does not know "partition"'):
        load(main)


def test_executors_of_the_user(users_folder: Path):
    own = users_folder / "executors.toml"
    own.write_text("[executors.lab]\nkind = 'slurm'\nresources = { account = 'lab' }\n[executors.bad]\nkind = 'ssh'\n")
    file = f"{HEAD}[tasks.a]\nexecutor = 'lab'\nrun = 'true'\n"
    graph = load_text(file, "g.toml")
    assert (graph.executors["lab"].defined_in, graph.tasks[0].resources) == (str(own), {"account": "lab"})
    shadowed = load_text(f"{file}[executors.lab]\nkind = 'ssh'\nhost = 'h'\n", "g.toml")
    assert shadowed.executors["lab"].kind is ExecutorKind.SSH
    assert load_text(f"{HEAD}[tasks.a]\nrun = 'true'\n", "g.toml", executor="lab").tasks[0].executor == "lab"
    problem = problem_of("[tasks.a]\nexecutor = 'bad'\nrun = 'true'\n")
    assert (problem.path, problem.line) == (str(own), 4)
    assert "does not say where it is" in problem.message
    assert 'did you mean "lab"?' in problem_of("[tasks.a]\nexecutor = 'lb'\nrun = 'true'\n").hint


@pytest.mark.parametrize(
    ("body", "line", "message", "hint"),
    [
        ("[executors.c]\nkind = 'slrum'\n", 4, "names an unknown kind", 'did you mean "slurm"?'),
        ("[executors.c]\nkind = 'local'\n", 4, 'can\'t be "local"', 'write executor = "local" in tasks'),
        ("[executors.local]\nkind = 'slurm'\n", 3, "is this machine", '"jobs" of [run]'),
        ("[executors.c]\njobs = 3\n", 3, "has no kind", '"ssh", "slurm", "dask"'),
        ("[executors.c]\nkind = 'ssh'\n", 3, "does not say where it is", 'host = "gpubox", or hosts'),
        ("[executors.c]\nkind = 'ssh'\nhost = 'a'\nhosts = ['b']\n", 6, "are both given", "remove"),
        ("[executors.c]\nkind = 'ssh'\nhost = '-oProxyCommand=x'\n", 5, "not the name of a host", "gpubox"),
        ("[executors.c]\nkind = 'slurm'\nhost = 'a'\n", 5, '"host" is not a key of kind = "slurm"', 'kind = "ssh"'),
        ("[executors.c]\nkind = 'slurm'\nqueue = 'a'\n", 5, 'unknown key "queue"', "belongs in resources"),
        ("[executors.c]\nkind = 'slurm'\nmax_jobs = 3\n", 5, 'unknown key "max_jobs"', 'did you mean "jobs"?'),
        ("[executors.c]\nkind = 'slurm'\npass = ['A=1']\n", 5, "which is not a variable", "names only"),
        ("[executors.c]\nkind = 'slurm'\nenvironment = 'hre'\n", 5, 'must be "there" or "here"', 'mean "here"'),
        ("[executors.c]\nkind = 'ssh'\nhost = 'a'\nresources = { qos = 'x' }\n", 6, "does not know", "slurm knows"),
        ("[executors.c]\nkind = 'dask'\naddress = 'a:1'\n", 5, "has no protocol", "tcp://a:1"),
        (
            f"{FARM}address = 'tcp://a:1'\njobqueue = {{ system = 'pbs', jobs = 1 }}\n",
            6,
            "are both given",
            "remove one",
        ),
        (f"{FARM}jobqueue = {{ jobs = 1 }}\n", 5, "does not name its queueing system", '"slurm", "pbs"'),
        (f"{FARM}jobqueue = {{ system = 'slrum', jobs = 1 }}\n", 5, "an unknown queueing system", 'mean "slurm"?'),
        (f"{FARM}jobqueue = {{ system = 'pbs' }}\n", 5, "does not say how many jobs", "jobs = 4"),
        (f"{FARM}jobqueue = {{ system = 'pbs', jobs = 1, name = 'x' }}\n", 5, "is set by dagtui", "remove it"),
        (f"{FARM}jobqueue = {{ system = 'pbs', jobs = 1, maximum_jobs = 2 }}\n", 5, 'beside "jobs"', "remove one"),
        (f"{FARM}address = 'tcp://a:1'\ntls = {{ ca = 'c' }}\n", 5, "is not encrypted", "tls://a:1"),
        (f"{FARM}address = 'tcp://a:1'\norphans = '1h'\n", 6, "that is there already", "belongs to jobqueue"),
    ],
)
def test_wrong_tables(body: str, line: int, message: str, hint: str):
    problem = problem_of(f"{body}[tasks.a]\nrun = 'true'\n")
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == line


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        ("executor = 'clster'", 'unknown executor "clster"', 'did you mean "cluster"?'),
        ("executor = 'gpubox'\nresources = { partition = 'p' }", 'does not know "partition"', "slurm knows it"),
        ("resources = { qos = 'p' }", 'does not know "qos"', "slurm knows it"),
        ("executor = 'dask'\ntty = true", "its terminal would be on this machine", 'write executor = "local"'),
        ("executor = 'dask'\nservice = { ready = 'port 80' }", "whether a service is ready", 'executor = "local"'),
        ("executor = 'dask'\ninputs = ['a.csv']", "does not see the files", "shared = true"),
        ("executor = 'dask'\noutputs = ['a.csv']", "does not see the files", "shared = true"),
        ("executor = 'dask'\nenv = { A = '{{ params.key }}' }\nwrap = ['{{ params.key }}']", "the secret", "$TOKEN"),
    ],
)
def test_tasks_that_ask_too_much(keys: str, message: str, hint: str):
    problem = problem_of(f"[run]\nsecrets = ['key']\n{TABLES}[tasks.a]\nrun = 'true'\n{keys}\n")
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line > 0


@pytest.mark.parametrize(
    ("directory", "message"),
    [
        ("{{ matrix.x }}", "can't have"),
        ("{{ env.NOT_SET_HERE }}", "which has no value"),
        ("{{ params.key }}", "has the secret"),
        ("~eve/x", "home of another user"),
    ],
)
def test_wrong_directories(directory: str, message: str):
    body = (
        f"[params]\nkey = 'k3yk3y'\n[run]\nsecrets = ['key']\n[executors.c]\nkind = 'ssh'\nhost = 'h'\n"
        f"directory = '{directory}'\n[tasks.a]\nexecutor = 'c'\nrun = 'true'\n"
    )
    with pytest.raises(GraphError) as caught:
        load_text(HEAD + body, "g.toml", environment={})
    assert message in caught.value.problems[0].message


def test_hosts_of_parameters():
    table = "[params]\nbox = 'a1'\n[executors.c]\nkind = 'ssh'\n"
    task = "\n[tasks.a]\nexecutor = 'c'\nrun = 'true'\n"
    one, two = (f"{table}{key}{task}" for key in ("host = '{{ params.box }}'", "hosts = ['b', 'x{{ params.box }}']"))
    assert load_text(HEAD + one, "g.toml").executors["c"].hosts == ("a1",)
    assert load_text(HEAD + two, "g.toml").executors["c"].hosts == ("b", "xa1")
    for body, box, message in [
        (one, "-oProxyCommand=x", '"host" of executor "c" is not the name of a host'),
        (one, "", '"host" of executor "c" is not the name of a host'),
        (two, "a b", '"hosts" of executor "c" is not the name of a host'),
        (two.replace("x{{", "{{"), "b", '"hosts" of executor "c" repeats "b"'),
    ]:
        problem = problem_of(body, parameters={"box": box})
        assert message in problem.message
        assert problem.line == 7


def test_files_are_seen_from_both_machines_where_a_directory_is_shared():
    body = "outputs = ['a.csv']\nrun = 'true'\n"
    tasks = f"[tasks.a]\nexecutor = 'cluster'\n{body}[tasks.b]\nexecutor = 'gpubox'\n{body.replace('a.', 'b.')}"
    assert load_text(HEAD + TABLES + tasks, "g.toml").tasks[1].outputs == ("b.csv",)


def test_an_unknown_executor_of_the_call_is_said_once():
    body = f"{TABLES}[tasks.a]\nrun = 'true'\n[tasks.b]\nrun = 'true'\n"
    problem = problem_of(body, executor="clustr")
    assert '--executor "clustr": there is no such executor' in problem.message
    assert problem.hint == 'did you mean "cluster"?'


def test_words_for_people():
    train = load_text(FILE, "g.toml").tasks[1]
    assert resource_words(train.resources) == "2 cpus, 8 GiB, 1 h 30 m, 1 gpu (a100), partition main"


def test_the_schema_accepts_what_check_accepts():
    judge = jsonschema.Draft7Validator(schema())
    document = tomllib.loads(FILE)
    assert list(judge.iter_errors(document)) == []
    document["executors"]["gpubox"]["kind"] = "sssh"
    assert [list(error.path) for error in judge.iter_errors(document)] == [["executors", "gpubox", "kind"]]
