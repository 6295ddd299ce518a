"""The keys of a graph file, one row for each: what reads its value, what the value may be, and what it is for.

`check`, the reader of tasks, export, suggestions and `dagtui schema` follow these tables. The defaults are those
of `model.Task`, `model.RetryPolicy` and `model.RunSettings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.actions import read_args, read_call, read_notify, read_run, read_wrap
from dagtui.graph.gate_values import LONGEST_QUESTION, MOST_CHOICES, read_answers, read_ask
from dagtui.graph.key_values import (
    PARAMETER_TYPES,
    RETRIED_WORDS,
    read_choices,
    read_condition,
    read_default,
    read_env,
    read_executor,
    read_exit_codes,
    read_files,
    read_group,
    read_growth,
    read_inputs,
    read_names,
    read_needs,
    read_outputs,
    read_parameter_value,
    read_prefix,
    read_resources,
    read_service,
    read_shell,
    read_trigger,
    read_type,
    read_wants,
)
from dagtui.graph.matrix.matrices import read_matrix
from dagtui.graph.model import Trigger
from dagtui.graph.toml import values
from dagtui.text.amounts import MOST_SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Schema = Mapping[str, object]

MOST_RETRIES = 1_000_000
SIZE_PATTERN = r"^\s*[0-9]+(\.[0-9]+)? ?([KMGTPkmgtp][Ii]?)?[Bb]?\s*$"


class Key(NamedTuple):
    """A key of a table of a graph file."""

    read: Callable[[object], object]
    """Returns what the value means, or raises ValueProblem."""
    schema: Schema
    """The values that it may have, as JSON Schema."""
    doc: str
    """What it is for, in one line."""
    is_field: bool = False
    """Whether a task has a field of that name."""
    is_plain: bool = False
    """Whether the field is written to a file as it is."""
    inner: Mapping[str, Key] = {}
    """The keys of a value that is a table."""


TEXT: Schema = {"type": "string"}
FILLED_TEXT: Schema = {"type": "string", "pattern": r"\S"}
BOOLEAN: Schema = {"type": "boolean"}
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
SCALARS: Schema = {"type": "array", "items": SCALAR}
CHOICES: Schema = {
    "type": "array",
    "minItems": 1,
    "uniqueItems": True,
    "anyOf": [{"items": {"type": kind}} for kind in ("string", "number", "boolean")],
}
DURATION: Schema = {"type": ["string", "number"], "pattern": r"^\s*[0-9]", "minimum": 0}
TEXTS: Schema = {"type": "array", "items": TEXT, "minItems": 1}
VARIABLES: Schema = {"type": "object", "additionalProperties": SCALAR, "propertyNames": {"pattern": "^[^=]+$"}}
DATA: Schema = {"type": ["string", "number", "boolean", "array", "object"]}
LIST_OF_PARAMS: Schema = {"type": "string", "pattern": r"^\s*\{\{\s*params\s*\..*\}\}\s*$"}
PATHS: Schema = {"type": "array", "items": FILLED_TEXT, "uniqueItems": True, "minItems": 1}
CELLS: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "object", "minProperties": 1, "additionalProperties": SCALAR},
}
AMOUNT: Schema = {"type": ["integer", "string"], "pattern": SIZE_PATTERN, "minimum": 1, "maximum": 2**60}
AMOUNTS: Schema = {"type": "object", "additionalProperties": AMOUNT, "propertyNames": {"pattern": r"\S"}}
AXIS: Schema = {**SCALARS, "minItems": 1}
MATRIX_KEYS: Mapping[str, Key] = {
    "from": Key(
        read_matrix,
        {"anyOf": [{"type": "string", "pattern": r"\S"}, CELLS, AXIS]},
        "Sheet whose rows are cells and whose columns are axes: a .tsv, .csv, .json or .toml file.",
    ),
    "include": Key(read_matrix, {"anyOf": [CELLS, AXIS]}, "Cells that are listed, and values for the cells they fit."),
    "exclude": Key(
        read_matrix,
        {"type": "array", "items": {"type": "object", "minProperties": 1, "additionalProperties": SCALAR}},
        "Cells that are left out, by some of their values.",
    ),
}
"""The keys of a matrix that are not axes."""
MATRIX: Schema = {
    "type": "object",
    "minProperties": 1,
    "properties": {name: {**key.schema, "description": key.doc} for name, key in MATRIX_KEYS.items()},
    "additionalProperties": {"anyOf": [AXIS, LIST_OF_PARAMS]},
}


def _whole(least: int, most: int) -> tuple[Callable[[object], object], Schema]:
    return (lambda value: values.whole(value, least, most)), {"type": "integer", "minimum": least, "maximum": most}


def _number(least: float, most: float) -> tuple[Callable[[object], object], Schema]:
    return (lambda value: values.number(value, least, most)), {"type": "number", "minimum": least, "maximum": most}


RETRY: Mapping[str, Key] = {
    "delay": Key(values.duration, DURATION, "Time before the second attempt."),
    "backoff": Key(*_number(1, 1000), "Factor by which the delay grows with each attempt."),
    "max_delay": Key(values.duration, DURATION, "Longest delay."),
    "jitter": Key(*_number(0, 1), "Part of the delay that varies from attempt to attempt."),
    "exit_codes": Key(
        read_exit_codes,
        {
            "type": "array",
            "minItems": 1,
            "items": {
                "anyOf": [{"type": "integer", "minimum": 1, "maximum": 255}, {"enum": sorted(RETRIED_WORDS)}],
            },
        },
        "Failures that are repeated. Without it, every failure is.",
    ),
    "lost": Key(*_whole(0, MOST_RETRIES), "How often an attempt is repeated that its executor lost."),
    "outside": Key(*_whole(0, MOST_RETRIES), "How often one is repeated that something else than the run ended."),
    "grow": Key(
        read_growth,
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "number", "minimum": 1}},
        "Factors by which amounts of resources grow with each attempt.",
    ),
}

TASK: Mapping[str, Key] = {
    "group": Key(read_group, TEXT, "Folder in the tree. Slashes nest.", is_field=True, is_plain=True),
    "doc": Key(values.text, TEXT, "What the task is for.", is_field=True, is_plain=True),
    "run": Key(read_run, {"anyOf": [FILLED_TEXT, TEXTS]}, "Lines for the shell, or a program and its arguments."),
    "call": Key(read_call, {"type": "string", "pattern": ":"}, 'Python function to call, as "module:function".'),
    "args": Key(read_args, {"type": "object", "additionalProperties": DATA}, "Arguments of the function, by name."),
    "ask": Key(
        read_ask,
        {**FILLED_TEXT, "maxLength": LONGEST_QUESTION},
        "Question that a person answers. The task executes nothing, and waits for the answer.",
    ),
    "choices": Key(
        read_answers,
        {
            "type": "array",
            "minItems": 2,
            "maxItems": MOST_CHOICES,
            "uniqueItems": True,
            "items": {**FILLED_TEXT, "maxLength": values.LONGEST_NAME},
        },
        'Answers to the question. Without it: "approve", or "reject", which makes the task fail.',
    ),
    "needs": Key(
        read_needs,
        {"type": "array", "items": FILLED_TEXT, "uniqueItems": True},
        'What comes before: tasks, cells of them, patterns of names, groups as "data/".',
        is_field=True,
    ),
    "inputs": Key(
        read_inputs,
        PATHS,
        'What it reads: files, patterns, "folders/", "params.yaml#value".',
        is_field=True,
        is_plain=True,
    ),
    "outputs": Key(read_outputs, PATHS, 'What it writes: files, patterns, "folders/".', is_field=True, is_plain=True),
    "matrix": Key(read_matrix, MATRIX, "Axes. The task has a node for each combination of values.", is_field=True),
    "cwd": Key(
        values.filled_text, FILLED_TEXT, "Working directory, relative to the file.", is_field=True, is_plain=True
    ),
    "env": Key(read_env, VARIABLES, "Variables of the environment."),
    "shell": Key(read_shell, TEXTS, "Program and options that run shell lines.", is_field=True),
    "wrap": Key(
        read_wrap,
        {"type": "array", "items": TEXT},
        "Program and arguments that start the command, such as a container engine.",
        is_field=True,
        is_plain=True,
    ),
    "retries": Key(*_whole(0, MOST_RETRIES), "How often a failed attempt is repeated."),
    "retry_delay": Key(values.duration, DURATION, 'Time before the second attempt. Short for "retry.delay".'),
    "retry": Key(values.table, {"type": "object"}, "Delays, and which failures are repeated.", inner=RETRY),
    "timeout": Key(
        values.some_duration,
        {**DURATION, "exclusiveMinimum": 0},
        "Longest time that one attempt may take.",
        is_field=True,
        is_plain=True,
    ),
    "grace": Key(values.duration, DURATION, "Time between TERM and KILL.", is_field=True, is_plain=True),
    "slots": Key(*_whole(1, MOST_SLOTS), "Slots that an attempt takes.", is_field=True, is_plain=True),
    "pools": Key(read_wants, AMOUNTS, "Amounts of pools that an attempt takes, by name.", is_field=True),
    "executor": Key(
        read_executor, FILLED_TEXT, "Executor that its nodes run on, by name.", is_field=True, is_plain=True
    ),
    "resources": Key(
        read_resources,
        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        "What an attempt asks its executor for: cpus, mem, time, gpus …",
        is_field=True,
    ),
    "service": Key(
        read_service,
        {
            "type": "object",
            "required": ["ready"],
            "additionalProperties": False,
            "properties": {
                "ready": {"type": "string", "pattern": r"^\s*(port|run|log)\s+\S"},
                "timeout": {**DURATION, "exclusiveMinimum": 0},
            },
        },
        "Makes it a service, which others need running. Says when it is ready.",
        is_field=True,
    ),
    "trigger": Key(
        read_trigger,
        {"enum": [trigger.value for trigger in Trigger]},
        "Which outcomes of its parents let a node run.",
        is_field=True,
    ),
    "if": Key(
        read_condition,
        {"type": ["string", "boolean"], "pattern": r"\S"},
        "Condition under which it runs, such as params.size == 's'.",
    ),
    "finally": Key(values.boolean, BOOLEAN, "Whether it runs when all other nodes of the run have ended."),
    "allow_failure": Key(
        values.boolean, BOOLEAN, "Whether a failure counts as a success for the rest.", is_field=True, is_plain=True
    ),
    "default": Key(
        values.boolean, BOOLEAN, "Whether it runs without being named or needed.", is_field=True, is_plain=True
    ),
    "tty": Key(
        values.boolean, BOOLEAN, "Whether an attempt runs on a terminal of its own.", is_field=True, is_plain=True
    ),
    "colour": Key(
        values.boolean, BOOLEAN, "Whether programs are asked for colours in logs.", is_field=True, is_plain=True
    ),
}
FIELDS = frozenset(name for name, key in TASK.items() if key.is_field)
"""Keys whose values are fields of a task."""

INCLUDE: Mapping[str, Key] = {
    "path": Key(values.path, FILLED_TEXT, "The file, relative to this one."),
    "prefix": Key(read_prefix, {"type": "string", "pattern": "/$"}, 'Stands before the names of its tasks, as "qc/".'),
}
"""The keys of an element of `include`."""

PARAMETER: Mapping[str, Key] = {
    "default": Key(
        read_parameter_value, {"anyOf": [SCALAR, SCALARS]}, "Value unless -p gives one. Without it, -p must give one."
    ),
    "type": Key(
        read_type,
        {"enum": list(PARAMETER_TYPES)},
        "What -p is read as. Without it, the type of the default or of the choices.",
    ),
    "choices": Key(read_choices, CHOICES, "The only values, or elements of a list."),
    "doc": Key(values.text, TEXT, "What the parameter is for."),
}
"""The keys of a parameter that is a table."""

RUN: Mapping[str, Key] = {
    "jobs": Key(*_whole(1, MOST_SLOTS), "Slots of a run. Without it, the number of processors."),
    "keep_going": Key(values.boolean, BOOLEAN, "Whether the rest runs on after a failure."),
    "default": Key(
        read_default,
        {"type": "array", "items": FILLED_TEXT, "uniqueItems": True, "minItems": 1},
        "What runs if no node is named, with all that it needs.",
    ),
    "timeout": Key(
        values.some_duration,
        {**DURATION, "exclusiveMinimum": 0},
        "Longest active time of the whole run. Then it is cancelled, and has failed.",
    ),
    "exclusive": Key(values.boolean, BOOLEAN, "Whether a run is refused while another one of the graph is live."),
    "env_file": Key(
        read_files,
        {"type": "array", "items": FILLED_TEXT, "uniqueItems": True},
        'Files of variables for all tasks, NAME=VALUE lines. A name that ends in "?" may be missing.',
    ),
    "secrets": Key(
        read_names,
        {"type": "array", "items": FILLED_TEXT, "uniqueItems": True},
        "Variables and parameters whose values are redacted.",
    ),
    "notify": Key(
        read_notify,
        TEXTS,
        "Program that gets the facts on its input at the first failure, at a gate and at the end.",
    ),
    "state": Key(values.folder, FILLED_TEXT, "Directory that keeps the runs, relative to the file."),
}

DOCUMENT: Mapping[str, str] = {
    "version": "Version of the format.",
    "name": "Name of the graph. Without it, that of the file.",
    "include": "Other graph files, whose tasks become tasks of this one.",
    "params": "Parameters and their defaults. -p sets them for a run.",
    "env": "Variables of the environment of all tasks.",
    "defaults": "Keys of all tasks that do not have them.",
    "run": "Settings of a run.",
    "pools": "What nodes share besides slots, and how much of it there is.",
    "executors": "Where nodes run besides this machine, by name.",
    "tasks": "The tasks, by name.",
}
"""The keys at the top of the file, and what they are for."""

RESERVED_DOCUMENT = ()
RESERVED_RUN = ("load_average",)
RESERVED_TASK = ()
"""Keys that a later version will have. Using one now would silently do nothing."""
