"""Words of other tools: what they are called here, or what to do if they have no equivalent.

They come from make, Task, Snakemake, DVC, Airflow, Dagu, GitHub Actions, GitLab CI and docker compose. The module is
imported only for an unknown key.
"""

from __future__ import annotations

import enum
import re
from functools import cache


class Where(enum.Enum):
    """The kind of table that a key is in."""

    TOP = "top"
    RUN = "run"
    TASK = "task"
    RETRY = "retry"
    PARAMETER = "parameter"
    TRIGGER = "trigger"
    """A value, not a key."""


_SAME = {
    Where.TOP: {
        "tasks": "jobs nodes rules stages steps targets task",
        "params": "inputs parameters config args arguments",
        "env": "environ environment env_vars",
        "defaults": "default default_args default_task common",
        "include": "import imports includes subgraphs",
        "name": "dag dag_id id pipeline project title workflow",
        "pools": "pool resource resources semaphores",
        "executors": "clusters executor machines profiles",
    },
    Where.RUN: {
        "jobs": "concurrency cores max_active_tasks max_jobs max_parallel max_workers parallel parallelism slots "
        "threads workers",
        "keep_going": "continue continue_on_error continue_on_failure keepgoing",
        "timeout": "dagrun_timeout deadline execution_timeout max_run_time max_time time_limit",
        "secrets": "mask masked redact secret",
        "env_file": "dotenv env_files env_from envfile environment_file load_env",
    },
    Where.TASK: {
        "needs": "after dep depend dependencies dependencies_on depends depends_on dependson deps need parents "
        "prerequisites prereqs require requires upstream upstream_tasks waits_for wants",
        "inputs": "file_inputs in input reads sources src srcs",
        "outputs": "artifact artifacts creates file_outputs generates out output outs outs_persist produces products "
        "target targets writes",
        "run": "bash bash_command cmd cmds command commands exec exe program recipe script sh shell_command",
        "call": "callable entry_point func function python python_callable",
        "args": "kwargs op_kwargs",
        "doc": "comment desc description doc_md help info message summary title",
        "cwd": "chdir dir directory work_dir workdir working_dir working_directory",
        "env": "environ environment env_vars",
        "retry": "retry_policy retry_strategy",
        "retries": "max_retries num_retries retry_count tries",
        "retry_delay": "delay retry_after retry_backoff retry_interval retry_wait",
        "timeout": "deadline execution_timeout max_runtime max_time time_limit",
        "grace": "cancel_timeout grace_period kill_after kill_timeout max_clean_up_time stop_grace_period stop_timeout",
        "slots": "cores cpu cpus jobs_needed ncpus nproc pool_slots threads",
        "allow_failure": "allow_fail allow_failures can_fail continue_on continue_on_error continue_on_failure "
        "ignore_error ignore_errors ignore_failure ignore_failures optional soft_fail",
        "trigger": "run_if trigger_rule triggers",
        "matrix": "each expand for for_each foreach items loop_over matrices strategy with_items",
        "group": "folder namespace section task_group",
        "colour": "color colors colours force_color",
        "wrap": "command_prefix container_command exec_prefix launcher prefix wrapper",
        "if": "condition conditions only_if precondition preconditions unless when",
        "service": "daemon services sidecar",
        "tty": "pseudo_terminal pty terminal",
        "ask": "approval approve confirm gate manual prompt",
        "executor": "operator runner",
        "pools": "lock locks mutex pool resource resource_group resources semaphore semaphores",
    },
    Where.RETRY: {
        "delay": "after initial_delay initial_interval interval interval_sec wait",
        "backoff": "base exponent exponential factor multiplier rate",
        "max_delay": "cap max_backoff max_interval max_wait",
        "jitter": "random randomize",
        "exit_codes": "codes exit_code exit_status on statuses when",
    },
    Where.PARAMETER: {
        "default": "value initial fallback",
        "type": "kind format",
        "choices": "allowed allowed_values enum one_of options values",
        "doc": "about comment desc description help info message prompt title",
    },
    Where.TRIGGER: {
        "all_success": "all_succeeded all_succeed default on_success succeeded success",
        "none_failed_min_one_success": "none_failed_or_skipped",
        "any_success": "any_succeeded one_success",
        "any_failed": "any_failure failed failure on_error on_failure one_failed",
        "all_done": "all_completed all_finished all_settled always completed done dummy finally finished",
    },
}
"""Words of other tools by the word used here. A key may be one that only a later version has."""

_CLOCK = "dagtui has no scheduler: call dagtui run from cron or a systemd timer"
_CACHE = 'write "inputs" and "outputs": a node is up to date if its command and its files did not change'
_CONTAINER = 'let the engine start the command of the task: wrap = ["docker", "run", "--rm", "IMAGE"]'
_ENVIRONMENT_MANAGER = 'let it start the command of the task: wrap = ["conda", "run", "-n", "NAME"], or ["uv", "run"]'
_DOTENV = 'name such files in [run]: env_file = [".env"]'
_ON_FAILURE = 'write a task that needs this one, with trigger = "any_failed"'
_ON_SUCCESS = "write a task that needs this one: it runs when this one has succeeded"
_ON_END = 'write a task that needs this one, with trigger = "all_done"'
_HOOKS = 'write tasks for them: "needs" puts one before the other, trigger = "any_failed" runs one after a failure'
_CHILDREN = 'write it the other way round: the later task names this one in "needs"'
_NOTIFY = 'name a program in [run]: notify = ["./notify.sh"] is told of the first failure, of questions and of the end'
_LOGS = "each attempt has a log of its own: dagtui logs GRAPH.toml NODE"
_STEPS = "a task is one command: write the steps as lines of one string, or as tasks of their own"
_TAGS = 'tasks have no tags: "group" puts a task into a folder of the tree'
_PRIORITY = "remove it: ready nodes start in critical-path order"
_SLOTS = '"slots" is how many of the "jobs" of [run] a task takes; [pools] counts what else tasks share'
_GPUS = "write resources = { gpus = 1 } for another machine; for this one, [pools] gpu = 2, and pools = { gpu = 1 }"
_MEMORY = 'write resources = { mem = "8G" } for another machine; here, [pools] mem = "32G", and pools = { mem = "8G" }'
_HERE = 'tasks run as the current user: for another machine, write [executors.NAME], and executor = "NAME" in tasks'
_OF_SLURM = 'write it into "resources": resources = { partition = "main", time = "2h" }'
_FILES = 'remove it: "inputs" and "outputs" are all that is known of files'
_INCLUDE = 'it belongs at the top of the file: include = [{ path = "other.toml", prefix = "other/" }]'
_VARIABLES = "write [params] for values of the graph, [env] for variables of its tasks"
_KEEP_GOING = "write keep_going = false in [run] to stop at the first failure"
_OF_THE_FAILURE = 'there are no handlers: write a task with trigger = "any_failed" or "all_done"'

_EVERYWHERE = {
    _CLOCK: "at calendar catchup cron crontab end_date every interval on schedule schedule_interval schedules start "
    "start_at start_date start_in timer timetable",
    _DOTENV: "dotenv env_file env_files env_from envfile environment_file load_env",
    _NOTIFY: "alert callback callbacks email email_on_failure email_on_retry mail mail_on notifications notifier "
    "notify on_retry on_retry_callback slack webhook",
    _CONTAINER: "apptainer build cap_add container container_name containers docker docker_image dockerfile entrypoint "
    "healthcheck image kubernetes labels links networks network pod podman ports privileged singularity volume "
    "volumes",
    _ENVIRONMENT_MANAGER: "conda envmodules modules nix_shell venv virtualenv",
    _CACHE: "cache cached caches caching checksum fingerprint memoize method skip_if_unchanged up_to_date",
    _PRIORITY: "priority priority_weight weight_rule",
    _HERE: "agent become host hosts node_selector remote run_as runs_on server sudo user",
    _INCLUDE: "import imports include includes",
    _LOGS: "log log_dir log_file logging logs stderr stdout",
    _KEEP_GOING: "fail_fast stop_on_error stop_on_failure",
    _VARIABLES: "variables vars",
    "remove it: runs do not depend on each other": "depends_on_past wait_for_downstream",
    "remove it: each run has a directory of its own, and the last 50 are kept": "hist_retention_days retention",
    "remove it: the output of a task goes into its log, not to the terminal": "quiet silent verbose",
    'write "set -x" at the beginning of "run"': "debug trace xtrace",
}
_OF_TASKS = {
    _ON_FAILURE: "catch errback failure on_error on_errors on_fail on_failure on_failure_callback rescue",
    _ON_SUCCESS: "on_success on_success_callback success",
    _ON_END: "after_script always cleanup clean_up defer ensure finalizer finally on_complete on_end on_exit on_finish "
    "post teardown",
    _HOOKS: "handler handler_on handlers hook hooks",
    _CHILDREN: "before children downstream followed_by next then trigger_next",
    _STEPS: "step steps",
    _TAGS: "label tag tags",
    _SLOTS: "concurrency max_parallel weight",
    _GPUS: "accelerator accelerators cuda_devices gpu gpu_count gpus ngpus",
    _OF_SLURM: "account clusteroptions constraint nodes partition qos queue runtime walltime",
    _MEMORY: "mem mem_gb mem_mb memory memory_limit mem_limit ram",
    _FILES: "ancient checkpoint deps_file localrule phony protected shadow temp wildcard_constraints",
    'write it at the beginning of "run"': "before_script pre pre_run setup",
    'write timeout = "90s"': "timeout_s timeout_sec timeout_secs timeout_seconds",
    'write timeout = "30m"': "timeout_min timeout_mins timeout_minutes",
    'write timeout = "2h"': "sla timeout_hours",
    'write retries = N, one less than the number of attempts; "retry" has more options': "attempts "
    "max_attempts max_tries",
    "write retries = 3": "restart restarts",
    "write retry = { backoff = 2.0 }": "backoff exponential_backoff retry_exponential_backoff",
    'write retry = { max_delay = "1m" }': "max_delay max_retry_delay",
    "write retry = { jitter = 0.2 }": "jitter",
    "write retry = { exit_codes = [7] }": "exit_codes retry_exit_codes retry_on",
    "a task runs once in a run: write the loop into the command": "loop repeat repeat_policy until while",
    "standard input is empty: put the text in the command, or write tty = true": "interactive stdin stdin_open",
    "remove it: durations are always recorded, and dagtui plan shows them": "benchmark profile",
    "write the command that it runs": "action plugin uses with",
    'put what tasks share in [defaults], and what differs in "matrix"': "extends from inherit inherits template",
    'write the values into "matrix", and refer to one as {{ matrix.NAME }}': "parallel wildcards",
    '"needs" orders tasks, "group" puts them into a folder of the tree': "stage stages",
    "parameters belong in [params], for all tasks: {{ params.NAME }}": "arguments parameters params",
    "remove it: a run does not stop older or newer ones": "interruptible",
    'a task is stopped with TERM, then KILL after "grace"': "signal_on_stop stop_signal",
    'a task is named by its header: [tasks.NAME]; "doc" says what it is for': "id step_id task task_id",
    '"doc" may name them': "maintainer owner",
}
_OF_TRIGGERS = {
    'no trigger waits for all to fail: "any_failed" runs at the first failure': "all_failed all_failure",
    'no trigger tests for skipped parents: "all_done" runs however they end': "all_skipped any_skipped none_skipped "
    "one_skipped",
    '"any_success" and "any_failed" run at the first of either kind': "one_done any_done",
    'write ask = "Go on?" in a task that this one needs: it waits for a person': "manual",
}
_OF_PARAMETERS = {
    'leave "default" out: a parameter without one must be given': "mandatory must optional required",
    "remove it: a number is not limited": "ge gt le lt max maximum min minimum range",
    "remove it: a text is not compared with a pattern": "pattern regex",
    'name it in [run]: secrets = ["NAME"]': "hidden secret sensitive",
}
_OF_THE_TOP = {
    "the graph has no description: write a comment, # …": "desc description doc summary",
    "it belongs in [tasks.NAME] or, for all of them, in [defaults]": "working_directory working_dir workdir script",
    _OF_THE_FAILURE: "handler_on handlers hooks on_error on_exit on_failure on_success",
    "it is a key of [run]: jobs = 4": "concurrency max_active_runs max_active_tasks max_parallel parallelism",
    "write each of them as [tasks.NAME]": "services stage",
    _TAGS: "tag tags",
}


def same_here(word: str, where: Where) -> str:
    """Return what a word of another tool is called here, or an empty string if it is not known."""
    return _same(where).get(folded(word), "")


def sentence_for(word: str, where: Where) -> str:
    """Return what to do about a word of another tool without an equivalent, or an empty string if it is not known."""
    return _sentences(where).get(folded(word), "")


def means_children(word: str) -> bool:
    """Return whether a key of another tool names what comes after a task."""
    return _sentences(Where.TASK).get(folded(word)) == _CHILDREN


def folded(word: str) -> str:
    """Normalise a word for these tables: `dependsOn` and `depends-on` become `depends_on`."""
    if len(word) > 40:
        return word
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", "_", word).lower()


@cache
def _same(where: Where) -> dict[str, str]:
    return {word: key for key, words in _SAME[where].items() for word in words.split()}


@cache
def _sentences(where: Where) -> dict[str, str]:
    own = {
        Where.TOP: _OF_THE_TOP,
        Where.TASK: _OF_TASKS,
        Where.PARAMETER: _OF_PARAMETERS,
        Where.TRIGGER: _OF_TRIGGERS,
    }.get(where, {})
    groups = (own,) if where is Where.TRIGGER else (_EVERYWHERE, own)
    return {word: sentence for group in groups for sentence, words in group.items() for word in words.split()}
