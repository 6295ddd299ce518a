"""Slurm's commands. None of them is waited for by anything but its own caller, and none takes longer than its limit."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import tempfile
import threading
from subprocess import PIPE, Popen, TimeoutExpired
from typing import IO, TYPE_CHECKING, NamedTuple

from anyio import to_thread

from dagtui.execution.slurm.job_queue import QUEUE_FORMAT, parse_details

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.text.amounts import Seconds

MOST_SECONDS: Seconds = 30.0
"""How long a command may take. Those of Slurm wait 10 s for an answer, and try again."""
MISSING = 127
_MOST_JOBS = 500  # in one call of scancel
_LATER = re.compile(
    "unable to contact|socket timed out|connection (?:refused|timed out|reset)|temporarily unable|zero bytes"
    "|communication|took more than|temporarily unavailable|backup controller|slurm_receive|persist"
    "|try again|not responding|munge|unexpected message|protocol authentication",
    re.IGNORECASE,
)
_LIMIT = re.compile("submit limit|QOSMaxSubmit|AssocMaxSubmit|MaxJobCount|too many jobs|job limit", re.IGNORECASE)
_LASTING = re.compile(
    r"(?<!credential )\binvalid\b(?! (?:job credential|auth|user id|group id))|not permitted|permission denied"
    r"|access denied|specification|is not available|not supported|unrecognized option|requires an argument|--help"
    r"|more \w+ (?:requested )?than|exceed|too long|not specified|no partition|not in this partition|circular",
    re.IGNORECASE,
)
"""What sbatch says of jobs that no later try would let pass. Anything else may be about a state of the cluster."""
_PREFIXES = re.compile(r"^(?:sbatch|squeue|scancel|scontrol|srun): (?:error: )?", re.MULTILINE)
_OPTIONS = ("SBATCH_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SALLOC_", "SRUN_")
"""Variables that act as options of the commands. Those of a person's shell are not meant for a run."""
_OF_A_JOB = re.compile(r"SLURM_(?!CONF$|CLUSTERS$|UMASK$|DEBUG_FLAGS$)")
"""Variables that Slurm sets in a job: dagtui may run in one itself, and its attempts are not steps of it."""


class CommandResult(NamedTuple):
    """How one of Slurm's commands ended."""

    status: int
    """Its exit status. -1: it took too long. 127: it is not there."""
    output: str
    errors: str

    @property
    def is_answer(self) -> bool:
        """Whether Slurm answered. An error of the way to it is not an answer, and says nothing about any job."""
        return self.status == 0 or (self.status > 0 and not _LATER.search(self.errors))

    @property
    def is_full(self) -> bool:
        """Whether Slurm has refused a job because there are too many. A later try may succeed."""
        return self.status > 0 and _LIMIT.search(self.errors) is not None

    @property
    def is_lasting(self) -> bool:
        """Whether a job was refused for what it asks for, so that a later try would be refused, too."""
        return self.status > 0 and not self.is_full and _LASTING.search(self.errors) is not None

    @property
    def words(self) -> str:
        """What it says is wrong: the last line, which is the most general one, and what precedes it."""
        lines = [line.strip() for line in _PREFIXES.sub("", self.errors).splitlines() if line.strip()]
        return "; ".join(dict.fromkeys(lines)) or f"exit status {self.status}"


class SlurmCommands:
    """Calls Slurm's commands with the variables of one person, without those that change what they do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._path = environment.get("PATH", os.defpath)
        self.environment = {
            name: value
            for name, value in environment.items()
            if not name.startswith(_OPTIONS) and not _OF_A_JOB.match(name)
        } | {"SLURM_BITSTR_LEN": "0"}  # otherwise long lists of indices end with "..."

    async def submit(self, options: Sequence[str], script: str, variables: Mapping[str, str]) -> CommandResult:
        """Submit a job whose environment consists of `variables`. The output begins with its id."""
        needed = {name: value for name, value in self.environment.items() if name.startswith("SLURM_")}
        words = ["sbatch", "--parsable", *options]
        return await self._call(words, stdin=script.encode(), environment={**variables, **needed})

    async def queue(self, user: int) -> CommandResult:
        """List the jobs of a user that wait, run or end, in lines for `parse_queue`."""
        return await self._call(["squeue", "--noheader", f"--user={user}", f"--format={QUEUE_FORMAT}"])

    async def find(self, name: str) -> CommandResult:
        """List the ids of all jobs of a name that Slurm knows, those that are over included."""
        return await self._call(["squeue", "--noheader", "--states=all", f"--name={name}", "--format=%F"])

    async def details(self, job: str) -> dict[str, str] | None:
        """Return what Slurm knows of a job, also some minutes after its end. None: there was no answer."""
        result = await self._call(["scontrol", "-o", "show", "job", job])
        if not result.is_answer:
            return None
        lines = result.output.splitlines()
        return parse_details(lines[0]) if not result.status and lines else {}

    async def cancel(self, jobs: Sequence[str], *, softly: bool) -> CommandResult:
        """End jobs. `softly` sends TERM to the agent alone, which ends the attempt with its grace."""
        result = CommandResult(0, "", "")
        options = ["--signal=TERM", "--batch"] if softly else []
        for at in range(0, len(jobs), _MOST_JOBS):
            result = await self._call(["scancel", "--quiet", *options, *jobs[at : at + _MOST_JOBS]])
            if not result.is_answer:
                break
        return result

    async def _call(
        self, words: list[str], stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> CommandResult:
        program = shutil.which(words[0], path=self._path)
        if program is None:
            return CommandResult(MISSING, "", f"{words[0]} not found in PATH")
        call = _Call([program, *words[1:]], stdin, self.environment if environment is None else environment)
        try:
            return await to_thread.run_sync(call.run, abandon_on_cancel=True)
        finally:
            call.end()  # nobody waits for it any more


class _Call:
    """One call of a command, in a thread: that takes half of the time that the event loop needs for a process."""

    def __init__(self, words: Sequence[str], stdin: bytes | None, environment: Mapping[str, str]) -> None:
        self._words = words
        self._stdin = stdin
        self._environment = environment
        self._process: Popen[bytes] | None = None
        self._is_over = threading.Event()

    def run(self) -> CommandResult:
        """Start it, and wait until it ends or has taken too long."""
        name = os.path.basename(self._words[0])
        try:
            with _file_of(self._stdin) as source:
                process = self._start(source)
        except OSError as error:
            return CommandResult(-1, "", f"{name} can't be started: {(error.strerror or str(error)).lower()}")
        if process is None:
            return CommandResult(-1, "", "")
        with process:
            try:
                output, errors = process.communicate(timeout=MOST_SECONDS)
            except TimeoutExpired:
                return CommandResult(-1, "", f"{name} took more than {MOST_SECONDS:.0f} s")
            finally:
                self.end()
        status = process.returncode
        return CommandResult(status, output.decode(errors="replace"), errors.decode(errors="replace").strip())

    def _start(self, source: IO[bytes]) -> Popen[bytes] | None:
        if self._is_over.is_set():
            return None
        process = self._process = Popen(  # this hangs while the disk of the program does
            self._words,
            stdin=source,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment,
            cwd="/",
            start_new_session=True,  # a person's Ctrl+C is not meant for it
        )
        if self._is_over.is_set():
            self.end()
        return process

    def end(self) -> None:
        """Kill it if it runs, and start it no more. Waits for nothing: one that starts now is killed by its thread."""
        self._is_over.set()
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a site's command may be a script


def _file_of(content: bytes | None) -> IO[bytes]:
    """Return a file to read input from. A pipe breaks if sbatch refuses an option before it has read anything."""
    if content is None:
        return open(os.devnull, "rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.seek(0)
    return file
