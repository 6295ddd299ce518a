"""A real Slurm on loopback for tests: slurmctld, some slurmd and munged, as this user, without systemd and /etc.

    python tests/support/slurm_cluster.py DIRECTORY [NODES]

brings one up for trying by hand, and prints how to use and how to end it.

All tests of a session share one cluster. The first one that needs it starts it, in whichever process of xdist. It ends
when the last process that uses it has ended, however that ended: each holds a shared lock of one file, and a process
that waits for the exclusive lock of it takes the cluster down.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

PORTS = range(24000, 24200)
"""Where the ports of a cluster are looked for."""
NODES = 4
PROCESSORS = 32
"""Processors of each node, as the cluster is told. The machine has fewer."""
ADVICE = "these tests start a real Slurm; on Debian: apt-get install --no-install-recommends slurm-wlm munge"
_PROGRAMS = ("slurmctld", "slurmd", "munged", "mungekey", "sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun")
_SECONDS = 30.0
_OURS = ("SLURM", "SBATCH", "DAGTUI", "PYTEST")
_CONFIGURATION = """\
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/%n
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=64
SchedulerType=sched/backfill
SchedulerParameters=defer_batch,batch_sched_delay=1,sched_interval=2,sched_min_interval=100000,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
MaxJobCount=200000
MaxArraySize=100001
MinJobAge=300
SlurmctldTimeout=10
SlurmdTimeout=10
InactiveLimit=0
KillWait=5
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=CANCEL
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
"""
# JobRequeue=1 is Slurm's own default, so that tests show what happens where nobody has changed it.


class MissingSlurmError(Exception):
    """Raised when a program of Slurm or munge is not installed."""


class SlurmCluster(NamedTuple):
    """A cluster that is up."""

    folder: Path

    @property
    def configuration(self) -> Path:
        """The file for SLURM_CONF."""
        return self.folder / "slurm.conf"

    @property
    def environment(self) -> dict[str, str]:
        """This process's variables, and those that lead Slurm's commands to the cluster."""
        return _environment() | {"SLURM_CONF": str(self.configuration)}

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
        return sorted(path.name for path in (self.folder / "spool").iterdir())

    def pid_of(self, daemon: str) -> int:
        """Return the process id of "slurmctld", or of the slurmd of a node."""
        return int((self.folder / f"{daemon}.pid").read_text())

    def signal(self, daemon: str, number: int) -> None:
        """Send a signal to a daemon."""
        os.kill(self.pid_of(daemon), number)

    def kill(self, daemon: str) -> None:
        """Kill a daemon, and wait until it is gone."""
        pid = self.pid_of(daemon)
        os.kill(pid, signal.SIGKILL)
        _wait_for(lambda: not os.path.exists(f"/proc/{pid}"), f"the end of {daemon}")

    def save(self) -> None:
        """Let the controller save what it knows of jobs. Otherwise it does so a few seconds after a change."""
        began, state = time.time(), self.folder / "state" / "job_state"
        self.call("scontrol", "update", f"jobid={self.jobs()[0]}", "comment=saved")
        _wait_for(lambda: state.exists() and state.stat().st_mtime > began, "a saved state")

    def start(self, daemon: str) -> None:
        """Start a daemon that was killed."""
        words = ["slurmctld"] if daemon == "slurmctld" else ["slurmd", "-N", daemon]
        self.call(*words, "-f", str(self.configuration))

    def call(self, *words: str, stdin: str = "") -> str:
        """Call one of Slurm's commands, and return what it prints."""
        done = subprocess.run(
            [_program(words[0]), *words[1:]],
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def resume_nodes(self) -> None:
        """Resume nodes that are drained, as a person would.

        A controller that was killed starts jobs again that it has no record of, and drains nodes that have them.
        """
        drained = self.call("sinfo", "-h", "-N", "-p", "main", "-t", "drain", "-o", "%N").split()
        if drained:
            with contextlib.suppress(RuntimeError):
                self.call("scontrol", "update", f"nodename={','.join(drained)}", "state=resume")

    def jobs(self, run_id: str = "") -> list[str]:
        """Return the ids of all jobs that wait or run, or of those of a run."""
        lines = [line.split() for line in self.call("squeue", "-h", "-r", "-o", "%i %j").splitlines()]
        return [job for job, name in lines if run_id in name]

    def heal(self) -> None:
        """Bring back what a test has stopped, killed or drained, and cancel all jobs."""
        for daemon in ("slurmctld", *self.nodes):
            try:
                self.signal(daemon, signal.SIGCONT)
            except (ProcessLookupError, OSError, ValueError):
                self.start(daemon)
        _wait_for(self._answers, "slurmctld")
        with contextlib.suppress(RuntimeError):
            self.call("scancel", "--user", str(os.getuid()))
            self.call("scontrol", "update", "partition=main", "state=up")
        for node in self.nodes:
            with contextlib.suppress(RuntimeError):
                self.call("scontrol", "update", f"nodename={node}", "state=resume")
        _wait_for(lambda: not self.jobs(), "the end of all jobs")
        _wait_for(self._is_idle, "idle nodes")

    def _answers(self) -> bool:
        try:
            self.call("squeue", "-h")
        except (RuntimeError, subprocess.TimeoutExpired):
            return False
        return True

    def _is_idle(self) -> bool:
        states = self.call("sinfo", "-h", "-N", "-p", "main", "-o", "%T").split()
        return len(states) == len(self.nodes) and set(states) == {"idle"}

    def down(self) -> None:
        """End all daemons, and what jobs have left: no daemon is there to kill it."""
        from support.process_listing import end_processes_told_of  # this module is also a program

        pids = []
        for path in [*self.folder.glob("*.pid"), self.folder / "munge" / "pid"]:
            with contextlib.suppress(OSError, ValueError):
                pids.append(int(path.read_text()))
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while any(os.path.exists(f"/proc/{pid}") for pid in pids):
            if time.monotonic() > deadline:
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        end_processes_told_of(self.folder)


def bring_up(folder: Path, nodes: int = NODES) -> SlurmCluster:
    """Start a cluster below a folder, and wait until its nodes are idle."""
    missing = [name for name in _PROGRAMS if _found(name) is None]
    if missing:
        raise MissingSlurmError(f"{', '.join(missing)} not found; {ADVICE}")
    for name in ("state", "log", "munge", *(f"spool/n{number}" for number in range(nodes))):
        (folder / name).mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # munged wants to be sure of all folders above its socket
    _start_munged(folder / "munge")
    cluster = SlurmCluster(folder)
    for base in range(PORTS.start, PORTS.stop - nodes - 1, nodes + 2):
        if all(_is_free(base + number) for number in range(nodes + 1)):
            _write_configuration(folder, nodes, base)
            with contextlib.suppress(RuntimeError, AssertionError):
                cluster.call("slurmctld", "-c", "-f", str(cluster.configuration))
                for node in cluster.nodes:
                    cluster.start(node)
                _wait_for(cluster._is_idle, "idle nodes", 15)
                return cluster
    cluster.down()
    raise RuntimeError(f"Slurm does not come up; its logs lie in {folder}/log")


def _start_munged(folder: Path) -> None:
    if not (folder / "key").exists():
        subprocess.run([_program("mungekey"), "-c", "-k", str(folder / "key")], check=True)
    words = [_program("munged"), "--force", "--num-threads=2"]
    words += [f"--{option}={folder / name}" for option, name in _MUNGE_FILES.items()]
    subprocess.run(words, check=True, env=_environment(), stderr=subprocess.DEVNULL)


_MUNGE_FILES = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}


def _write_configuration(folder: Path, nodes: int, port: int) -> None:
    host = socket.gethostname().partition(".")[0]
    lines = _CONFIGURATION.format(host=host, folder=folder, port=port, user=pwd.getpwuid(os.getuid()).pw_name)
    for number in range(nodes):
        lines += (
            f"NodeName=n{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port + 1 + number}"
            f" CPUs={PROCESSORS} RealMemory=65536 State=UNKNOWN\n"
        )
    every = f"Nodes=n[0-{nodes - 1}] MaxTime=INFINITE State=UP OverSubscribe=NO"
    lines += f"PartitionName=main {every} Default=YES PriorityTier=1\n"
    lines += f"PartitionName=urgent {every} PriorityTier=9\n"  # its jobs preempt those of the other one
    (folder / "slurm.conf").write_text(lines)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _environment() -> dict[str, str]:
    """Return variables for daemons and commands, without those that tell whose process it is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | {"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"}


def _found(program: str) -> str | None:
    return shutil.which(program, path=_environment()["PATH"])


def _program(name: str) -> str:
    found = _found(name)
    if found is None:
        raise MissingSlurmError(f"{name} not found; {ADVICE}")
    return found


def _wait_for(condition: object, what: str, seconds: float = _SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


# One cluster for all processes of a test session


class SharedCluster:
    """A cluster that several processes use, as long as they hold the lock of it."""

    def __init__(self, folder: Path) -> None:
        """Use the cluster below a folder. Start it if it is not up."""
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "starting", "w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            self._users = open(folder / "users", "w")  # noqa: SIM115 - it is the lock, and stays
            fcntl.flock(self._users, fcntl.LOCK_SH)
            self.cluster = SlurmCluster(folder / "cluster")
            if not (folder / "up").exists():
                bring_up(self.cluster.folder)
                (folder / "up").touch()
                words = ["setsid", "--fork", sys.executable, __file__, "--end", str(folder)]
                nothing = subprocess.DEVNULL
                subprocess.run(words, env=_environment(), check=True, stdin=nothing, stdout=nothing, stderr=nothing)

    def leave(self) -> None:
        """Use it no longer."""
        self._users.close()


def end_when_unused(folder: Path) -> None:
    """Wait until nobody uses a shared cluster, and take it down."""
    with open(folder / "users", "w") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        (folder / "up").unlink()
        SlurmCluster(folder / "cluster").down()
        shutil.rmtree(folder / "cluster", ignore_errors=True)


def main(words: list[str]) -> None:
    """Bring a cluster up by hand, or end a shared one."""
    if words[:1] == ["--end"]:
        end_when_unused(Path(words[1]))
        return
    cluster = bring_up(Path(words[0]).resolve(), int(words[1]) if words[1:] else NODES)
    end = f"kill $(cat {cluster.folder}/*.pid {cluster.folder}/munge/pid)"
    sys.stdout.write(f"export SLURM_CONF={cluster.configuration}\n# end: {end}\n")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    main(sys.argv[1:])
