"""What squeue and scontrol print, and what becomes of it."""

from __future__ import annotations

import pytest

from dagtui.execution.slurm.commands import CommandResult
from dagtui.execution.slurm.job_options import job_options, time_of
from dagtui.execution.slurm.job_queue import final_words, parse_details, parse_indices, parse_queue


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("N/A", [0]),
        ("7", [7]),
        ("0-3,7", [0, 1, 2, 3, 7]),
        ("[1-2,5%3]", [1, 2, 5]),
        ("[0-8:4]", [0, 4, 8]),
        ("[0-1,...]", [0, 1]),
        ("[]", []),
    ],
)
def test_lists_of_indices(text: str, indices: list[int]) -> None:
    assert [index for span in parse_indices(text) for index in span] == indices


def test_a_queue_has_our_jobs_and_no_others() -> None:
    text = "dagtui-r.1|10|[4-5]|10|PENDING||Resources|of | it\nother|11|N/A|11|RUNNING|n0|None\ndagtui-r.2|short\n"
    (job,) = parse_queue(text, "dagtui-r.")
    assert (job.name, job.array, job.indices, job.state, job.reason) == (
        "dagtui-r.1",
        "10",
        (range(4, 6),),
        "PENDING",
        "Resources|of | it",
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("JobId=1 JobState=NODE_FAIL Reason=None ExitCode=0:0 NodeList=n2", "NODE_FAIL on n2"),
        ("JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15 NodeList=n[1-2]", "TIMEOUT (TimeLimit) on n[1-2]"),
        ("JobState=FAILED Reason=NonZeroExitCode ExitCode=7:0", "FAILED (NonZeroExitCode), exit code 7:0"),
        ("JobState=CANCELLED Reason=JobHeldUser NodeList=(null)", "CANCELLED"),
        ("", "it is gone"),
        (
            "JobId=4 JobState=FAILED Reason=None ExitCode=0:9 NodeList=n0",
            "FAILED on n0: ended by signal 9, as at a limit of memory",
        ),
    ],
)
def test_how_a_job_ended_in_words(line: str, words: str) -> None:
    assert final_words(parse_details(line)) == words


@pytest.mark.parametrize(
    ("errors", "is_answer"),
    [
        ("squeue: error: slurm_load_jobs error: Unable to contact slurm controller (connect failure)", False),
        ("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", False),
        ("sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received", False),
        ("sbatch: error: Batch job submission failed: Invalid account or account/partition combination", True),
        (
            "sbatch: error: Batch job submission failed: Requested time limit is invalid",
            True,
        ),
    ],
)
def test_an_error_of_the_way_to_slurm_is_not_an_answer(errors: str, *, is_answer: bool) -> None:
    assert CommandResult(1, "", errors).is_answer is is_answer
    assert not CommandResult(-1, "", "squeue took more than 30 s").is_answer


@pytest.mark.parametrize(
    ("errors", "is_lasting"),
    [
        ("sbatch: error: Batch job submission failed: Requested node configuration is not available", True),
        ("sbatch: error: Batch job submission failed: Memory required by task is not available", True),
        ("sbatch: error: Batch job submission failed: User's group not permitted to use this partition", True),
        ("sbatch: error: Batch job submission failed: More processors requested than permitted", True),
        ("sbatch: error: Invalid --time specification", True),
        ("sbatch: error: Batch job submission failed: Required partition not available (inactive or drain)", False),
        ("sbatch: error: Batch job submission failed: Requested partition configuration not available now", False),
        ("sbatch: error: Batch job submission failed: System submissions disabled", False),
        ("sbatch: error: Batch job submission failed: I/O error writing script/environment to file", False),
        ("sbatch: error: Batch job submission failed: Invalid job credential", False),
        ("sbatch: error: Batch job submission failed: Invalid user id", False),
        ("sbatch: fatal: Could not establish a configuration source", False),
        ("sbatch: error: Batch job submission failed: Unspecified error", False),
    ],
)
def test_a_refusal_is_lasting_if_it_is_about_what_a_job_asks_for(errors: str, *, is_lasting: bool) -> None:
    assert CommandResult(1, "", errors).is_lasting is is_lasting
    assert CommandResult(1, "", errors).is_answer


def test_words_of_a_refusal_come_without_the_names_of_programs() -> None:
    errors = (
        "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job submission failed: Invalid partition"
    )
    assert CommandResult(1, "", errors).words == (
        "invalid partition specified: x; Batch job submission failed: Invalid partition"
    )


def test_resources_become_options() -> None:
    resources = {"cpus": 4, "mem": 8_000_000_000, "time": 7200, "gpus": 2, "gpu_type": "a100", "nodes": 2, "qos": "low"}
    assert list(job_options(resources)) == [
        "--cpus-per-task=4",
        "--mem=7630M",
        "--gpus=a100:2",
        "--nodes=2",
        "--qos=low",
        "--ntasks-per-node=1",
    ]
    assert (time_of(resources, 65.0), time_of({}, 65.0)) == (7265.0, None)
