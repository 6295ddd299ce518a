"""Random graph files that are right, as the tables they are made of."""

from __future__ import annotations

from hypothesis import strategies as st

from dagtui.graph.model import Trigger

_WANT_PARENTS = {"none_failed_min_one_success", "any_success", "any_failed"}
NAMES = st.text(
    alphabet=st.characters(categories=["L", "N", "P", "S"], exclude_characters="{}[]") | st.just(" "),
    min_size=1,
    max_size=8,
).filter(lambda name: bool(name.strip()) and name.isprintable())
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(
    lambda text: text.replace("{", "{ ")
)
FILLED = TEXTS.filter(lambda text: bool(text.strip()))
# A program with a space in its name is taken for a command line, unless its folder is named.
PROGRAMS = FILLED.filter(lambda text: " " not in text.strip())
ARGUMENTS = st.lists(TEXTS.filter(lambda text: text not in {"&&", "||"}), max_size=3)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
SCALARS = TEXTS | NUMBERS | st.booleans() | st.floats(allow_nan=False)
SECONDS = st.floats(0.001, 1e6) | st.sampled_from(["90s", "1h30m", "250ms", 3])
DATA = st.recursive(
    TEXTS | NUMBERS | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
MATRICES = st.fixed_dictionaries(
    {"x": st.lists(NAMES, min_size=1, max_size=3, unique=True)},
    optional={"y": st.lists(st.integers(), min_size=1, max_size=3, unique=True).map(lambda ns: [n % 97 for n in ns])},
).map(lambda table: {axis: list(dict.fromkeys(entries)) for axis, entries in table.items()})
LISTED = st.sampled_from(
    [
        {"include": [{"in": "a", "out": "b"}, {"in": "c"}]},
        {"x": ["a", 2], "include": [{"y": 1.5}, {"x": 2, "z": True}, {"x": "other"}], "exclude": [{"x": "a"}]},
        {"from": [{"sample": "a", "file": "x y"}, {"sample": "b"}], "x": [1, 2], "exclude": [{"sample": "b", "x": 2}]},
    ]
)
LISTS = st.lists(NAMES, min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.sampled_from(
        [names, {"default": names}, {"default": names[:1], "choices": names, "type": "list", "doc": "Names"}]
    )
)
ACTIONS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"run": FILLED}),
    st.fixed_dictionaries({"run": st.builds(lambda first, rest: [first, *rest], PROGRAMS, ARGUMENTS)}),
    st.fixed_dictionaries({"call": st.just("a.b:c")}, optional={"args": st.dictionaries(TEXTS, DATA, max_size=3)}),
    st.just({"run": ["echo", "{{ params.p }}", "{{ env.HOME }}"]}),
    st.just({"run": ["echo", "{{ params.names }}"]}),
    st.just({"run": "for name in {{ params.names }}; do echo {{ params.p }} $name; done"}),
)


def with_one_delay(task: dict[str, object]) -> dict[str, object]:
    """Both forms at once are an error."""
    retry = task.get("retry")
    return {
        key: task[key] for key in task if key != "retry_delay" or not isinstance(retry, dict) or "delay" not in retry
    }


def as_service(task: dict[str, object]) -> dict[str, object]:
    """A service executes something, and takes nothing that others share."""
    unwanted = {"slots", "pools"} if "run" in task or "call" in task else {"service"}
    return {key: task[key] for key in task if key not in unwanted or ("service" not in task)}


TASKS = st.builds(
    lambda action, rest: as_service(with_one_delay({**action, **rest})),
    ACTIONS,
    st.fixed_dictionaries(
        {},
        optional={
            "group": st.lists(NAMES.filter(lambda name: "/" not in name), max_size=2).map("/".join),
            "doc": TEXTS,
            "cwd": FILLED,
            "env": st.dictionaries(NAMES.filter(lambda name: "=" not in name), SCALARS, max_size=3),
            "shell": st.just(["bash", "-c"]),
            "retries": st.integers(0, 10),
            "retry_delay": SECONDS,
            "retry": st.fixed_dictionaries(
                {},
                optional={
                    "delay": SECONDS,
                    "jitter": st.floats(0, 1),
                    "exit_codes": st.just([7, "lost"]),
                    "grow": st.just({"mem": 2}),
                },
            ),
            "timeout": SECONDS,
            "grace": SECONDS,
            "slots": st.integers(1, 9),
            "pools": st.sampled_from([{}, {"gpu": 1}, {"mem": "1.5GiB", "gpu": 2}]),
            "service": st.sampled_from([{"ready": "port [::1]:80"}, {"ready": "log up {}", "timeout": "5s"}]),
            "trigger": st.sampled_from([trigger.value for trigger in Trigger]),
            "allow_failure": st.booleans(),
            "finally": st.just(value=False),
            "if": st.booleans() | st.sampled_from(["env.CI != 'true' and not params.p", "'a' in params.names"]),
            "colour": st.booleans(),
            "tty": st.booleans(),
            "wrap": st.builds(lambda first, rest: [first, *rest], PROGRAMS, ARGUMENTS)
            | st.sampled_from([[], ["env", "-u", "{{ env.HOME }}"], ["nice", "{{ params.names }}"]]),
            "default": st.booleans(),
            "executor": st.just("local"),
            "resources": st.sampled_from([{}, {"cpus": 2, "mem": "1.5GiB", "time": "90m"}, {"gpu_type": "a100"}]),
            "matrix": MATRICES | LISTED | st.just({"x": "{{ params.names }}", "y": [1, 2]}),
        },
    ),
)


RUN = {
    "jobs": st.integers(9, 99),
    "keep_going": st.booleans(),
    "exclusive": st.booleans(),
    "timeout": SECONDS,
    "env_file": st.just(["gone.env?"]),
}


GATES = st.fixed_dictionaries(
    {"ask": FILLED | st.just("Go on with {{ params.p }}?")},
    optional={
        "choices": st.lists(NAMES.filter(lambda name: name == name.strip()), min_size=2, max_size=4, unique=True),
        "doc": TEXTS,
        "allow_failure": st.booleans(),
        "matrix": MATRICES,
    },
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """The tables of a valid file: tasks need only earlier ones."""
    tasks = draw(st.dictionaries(NAMES, TASKS | GATES, min_size=1, max_size=5))
    names = list(tasks)
    for position, name in enumerate(names):
        if position:
            tasks[name]["needs"] = draw(st.lists(st.sampled_from(names[:position]), unique=True))
    made: list[str] = []
    for position, task in enumerate(tasks.values()):
        if "ask" in task or "service" in task:
            continue
        wanted = draw(st.lists(st.sampled_from(["src/", "*.txt", "[*].c", "p.yaml#a.b", "../x", *made]), unique=True))
        if wanted:
            task["inputs"] = wanted
        if "matrix" not in task and draw(st.booleans()):
            task["outputs"] = [f"out/{position}.csv", f"out/{position}/", f"{position}-*.json"]
            made += [f"out/{position}.csv", f"out/{position}/a", f"./{position}-b.json"]
    for task in tasks.values():
        if not task.get("needs") and task.get("trigger") in _WANT_PARENTS:
            del task["trigger"]  # nothing comes before it: an error
    top = st.fixed_dictionaries(
        {
            "params": st.fixed_dictionaries(
                {"p": SCALARS, "names": LISTS}, optional={"q": SCALARS | st.lists(SCALARS)}
            ),
            "pools": st.fixed_dictionaries({"gpu": st.integers(2, 9), "mem": st.sampled_from(["32G", "2TiB"])}),
        },
        optional={
            "name": NAMES,
            "env": st.dictionaries(st.sampled_from(["A", "B"]), SCALARS),
            "run": st.fixed_dictionaries({}, optional=RUN),
            "defaults": st.fixed_dictionaries({}, optional={"retries": st.integers(0, 3), "timeout": SECONDS}),
        },
    )
    return {"version": 1, **draw(top), "tasks": tasks}
