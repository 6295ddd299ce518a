"""Hints about words that are not known: right, or none."""

from __future__ import annotations

import unicodedata

import pytest
from graph.sources import problems_of
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph import keys
from dagtui.graph.check import unknown_keys
from dagtui.graph.check.suggestions import did_you_mean, slips_between


def hint_of(word: str, table: str = "tasks.a") -> str:
    (problem,) = problems_of(
        f"[tasks.a]\n[{table}]\n{word} = 1\n" if table != "tasks.a" else f"[tasks.a]\n{word} = 1\n"
    )
    assert problem.message == f'unknown key "{word}"'
    return problem.hint


SENTENCES = {
    # DVC and Task
    "outs": 'did you mean "outputs"?',
    "generates": 'did you mean "outputs"?',
    "sources": 'did you mean "inputs"?',
    "cmds": 'did you mean "run"?',
    "status": "the keys here are",
    "dotenv": '[run]: env_file = [".env"]',
    "silent": "goes into its log",
    "vars": "write [params] for values of the graph",
    "method": "up to date if its command and its files",
    # make and Snakemake
    "prerequisites": 'did you mean "needs"?',
    "recipe": 'did you mean "run"?',
    "phony": 'remove it: "inputs" and "outputs"',
    "output": 'did you mean "outputs"?',
    "input": 'did you mean "inputs"?',
    "threads": 'did you mean "slots"?',
    "conda": 'wrap = ["conda", "run", "-n", "NAME"]',
    "wildcards": 'write the values into "matrix"',
    "benchmark": "durations are always recorded",
    "log": "dagtui logs GRAPH.toml NODE",
    # GitHub Actions and GitLab
    "image": 'wrap = ["docker", "run"',
    "container": 'wrap = ["docker", "run"',
    "wrapper": 'did you mean "wrap"?',
    "services": 'did you mean "service"?',
    "cache": 'write "inputs" and "outputs"',
    "artifacts": 'did you mean "outputs"?',
    "steps": "a task is one command",
    "uses": "write the command that it runs",
    "runs-on": "for another machine, write [executors.NAME]",
    "timeout-minutes": 'write timeout = "30m"',
    "continue-on-error": 'did you mean "allow_failure"?',
    "before_script": 'at the beginning of "run"',
    "after_script": 'trigger = "all_done"',
    "stage": '"needs" orders tasks',
    "tags": '"group" puts a task into a folder',
    "when": 'did you mean "if"?',
    "fail-fast": "keep_going = false in [run]",
    "variables": "[env] for variables",
    "script": 'did you mean "run"?',
    "extends": "[defaults]",
    # Airflow and Dagu
    "schedule": "cron or a systemd timer",
    "schedule_interval": "cron or a systemd timer",
    "on_failure": 'trigger = "any_failed"',
    "on_failure_callback": 'trigger = "any_failed"',
    "on_success": "when this one has succeeded",
    "handlerOn": '"needs" puts one before the other',
    "hooks": '"needs" puts one before the other',
    "repeatPolicy": "a task runs once",
    "timeoutSec": 'write timeout = "90s"',
    "timeout_sec": 'write timeout = "90s"',
    "bash_command": 'did you mean "run"?',
    "trigger_rule": 'did you mean "trigger"?',
    "execution_timeout": 'did you mean "timeout"?',
    "pool": 'did you mean "pools"?',
    "priority_weight": "critical-path order",
    "owner": '"doc" may name them',
    "email_on_failure": "name a program in [run]: notify",
    "depends_on_past": "runs do not depend on each other",
    "retry_exponential_backoff": "retry = { backoff = 2.0 }",
    "task_id": "named by its header",
    # docker compose
    "depends_on": 'did you mean "needs"?',
    "depends-on": 'did you mean "needs"?',
    "dependsOn": 'did you mean "needs"?',
    "deps": 'did you mean "needs"? Files belong in "inputs"',
    "env_file": '[run]: env_file = [".env"]',
    "environment": 'did you mean "env"?',
    "volumes": '["docker", "run"',
    "healthcheck": '["docker", "run"',
    "restart": "write retries = 3",
    "stop_grace_period": 'did you mean "grace"?',
    "working_dir": 'did you mean "cwd"?',
    # of no tool
    "ready": "the keys here are",
    "downstream": "the other way round",
    "attempts": "one less than the number of attempts",
    "tiemout": 'did you mean "timeout"?',
    "allow_failures": 'did you mean "allow_failure"?',
    "Needs": 'did you mean "needs"?',
    "jobs": "it is a key of [run]",
    "params": "[params], for all tasks",
    "backoff": "retry = { backoff = 2.0 }",
}


@pytest.mark.parametrize("word", SENTENCES)
def test_words_of_other_tools_in_a_task(word: str):
    assert SENTENCES[word] in hint_of(word)


@pytest.mark.parametrize(
    ("table", "word", "said"),
    [
        ("run", "max_parallel", 'did you mean "jobs"?'),
        ("run", "fail_fast", "keep_going = false"),
        ("run", "dotenv", 'did you mean "env_file"?'),
        ("run", "retries", "it is a key of [tasks.NAME] and of [defaults]"),
        ("run", "schedule", "cron or a systemd timer"),
        ("run", "tasks", "it belongs at the top of the file"),
        ("defaults", "image", '["docker", "run"'),
        ("defaults", "outs", 'did you mean "outputs"?'),
        ("defaults", "jobs", "it is a key of [run]"),
    ],
)
def test_words_of_other_tools_in_other_tables(table: str, word: str, said: str):
    assert said in hint_of(word, table)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeout = 1\n[tasks.a]", "of [run] for the whole run, and of [tasks.NAME] and [defaults]"),
        ("schedule = 'x'\n[tasks.a]", "cron or a systemd timer"),
        ("vars = 1\n[tasks.a]", "write [params]"),
        ("[on]\npush = 1\n[tasks.a]", "cron or a systemd timer"),
        ("[volumes]\nx = 1\n[tasks.a]", '["docker", "run"'),
        ("includes = []\n[tasks.a]", 'did you mean "include"?'),
        ("[tasks.a]\nimport = 1", "at the top of the file: include ="),
        ("[defualts]\nretries = 1\n[tasks.a]", 'did you mean "defaults"?'),
        ("[tasks.a.hooks]\nbefore = 'x'", '"needs" puts one before the other'),
        ("[tasks.a.retry]\nattempts = 3", "the number of retries is a key of the task"),
        *(
            (f"[tasks.a.retry]\n{word} = 3", "the number of retries is a key of the task")
            for word in ("count", "limit", "max", "maxAttempts", "maximum", "times", "max-retries", "tries")
        ),
        ("[tasks.a.retry]\ninterval = 3", 'did you mean "delay"?'),
        ("[tasks.a.retry]\nexit_code = 3", 'did you mean "exit_codes"?'),
        ("[tasks.a]\ntrigger = 'one_failed'", 'did you mean "any_failed"?'),
        ("[tasks.a]\ntrigger = 'all_failed'", '"any_failed" runs at the first failure'),
        ("[tasks.a]\ntrigger = 'none_failed_or_skipped'", 'did you mean "none_failed_min_one_success"?'),
        ("[tasks.a]\ntrigger = 'none_skipped'", "no trigger tests for skipped parents"),
    ],
)
def test_words_of_other_tools_elsewhere(text: str, said: str):
    (problem,) = problems_of(text)
    assert said in problem.hint


WORDS = [
    *[
        "schedule",
        "on_failure",
        "cache",
        "ready",
        "trace",
        "user",
        "name",
        "host",
        "rule",
        "size",
        "type",
    ],
    *[
        "path",
        "file",
        "files",
        "mode",
        "color_mode",
        "debug",
        "level",
        "limit",
        "model",
        "input_data",
        "result",
        "weights",
    ],
    *[
        "script_args",
        "preset",
        "entry",
        "batch",
        "epochs",
        "grade",
        "shelf",
        "grape",
        "spots",
        "shots",
        "tents",
    ],
]


@pytest.mark.parametrize("word", WORDS)
def test_no_known_key_is_named_for_a_word_of_another_meaning(word: str):
    hint = unknown_keys.key_hint(("tasks", "a", word), keys.TASK)
    named = [key for key in keys.TASK if f'did you mean "{key}"?' in hint]
    assert all(slips_between(word, key, 2) is not None and abs(len(word) - len(key)) < 2 for key in named)
    assert named == [] or word in {"grade", "grape", "spots", "shots", "shelf"}


@given(st.sampled_from([key for key in keys.TASK if len(key) > 2]), st.data())
def test_one_slip_is_understood(key: str, data: st.DataObject):
    at = data.draw(st.integers(0, len(key) - 1))
    slip = data.draw(st.sampled_from(["missing", "doubled", "exchanged"]))
    if slip == "exchanged" and at + 1 < len(key):
        word = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
    elif slip == "missing":
        word = key[:at] + key[at + 1 :]
    else:
        word = key[:at] + key[at] + key[at:]
    if word in keys.TASK:
        return
    hint = did_you_mean(word, keys.TASK)
    assert hint.startswith("did you mean")
    assert slips_between(word, hint.split('"')[1], 1) == 1


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        ('[tasks."@"]\n[tasks.b]\nneeds = ["$"]', {}),
        ('[params]\n"@" = 1\n[tasks.b]\nrun = "{{ params.$ }}"', {}),
        ('[tasks.b]\nmatrix = { "@" = [1] }\nrun = "{{ matrix.$ }}"', {}),
        ('[tasks."@"]\n[tasks.b]\nrun = "{{ needs.$.status }}"', {}),
        ('[tasks.a]\nmatrix = { x = ["@"] }\n[tasks.b]\nneeds = ["a[x=$]"]', {}),
        ('[tasks.a]\nmatrix = { x = ["@"], exclude = [{ x = "$" }] }', {}),
        ('[tasks.a]\nmatrix = { "@" = [1, 2], exclude = [{ "$" = 1 }] }', {}),
        ('[params]\n"@" = 1\n[tasks.b]', {"$": "1"}),
    ],
)
def test_the_same_word_in_another_unicode_form(body: str, parameters: dict[str, str], form: str):
    there = unicodedata.normalize(form, "café")
    here = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "café")
    given_here = {name.replace("$", here): value for name, value in parameters.items()}
    problem = problems_of(body.replace("@", there).replace("$", here), given_here)[0]
    forms = {"NFC": "composed (NFC)", "NFD": "decomposed (NFD)"}
    other = forms["NFD" if form == "NFC" else "NFC"]
    assert f"the same word in another Unicode form: here it is {other}, there {forms[form]}" in problem.hint
    assert "did you mean" not in problem.hint
