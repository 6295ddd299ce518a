"""Which processes belong to an attempt, whatever they did to get away.

On Linux an attempt's processes are the tree below its leader and the trees below those orphans that bear its mark. The
supervisor, the reaper and the app are child subreapers: an orphan at any depth becomes a child of the nearest of them.

The mark is a resource limit, RLIMIT_LOCKS, which Linux has not looked at since 2.4.25 (getrlimit(2)). The supervisor
lowers its own before each start, to a number that stands for the attempt. Descendants inherit it through exec, setsid,
double forks, an emptied environment and closed files; only a privileged process can raise it. The soft limit is the
supervisor's tag: by it a reaper that is no ancestor of theirs finds them all.

Elsewhere an attempt's processes are the process group of its leader.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable
else:
    import _signal as signal  # `signal` makes enums of its numbers, which doubles the start-up time of these processes

_PAGE = 1 << 16
_SURE = 2048  # bytes; the kernel hands these files out in pages of 4096: what is this short has no further page


def kill(pid: int) -> None:
    """Send KILL to one process."""
    _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.kill(pid, number)
    except OSError:  # gone, or a set-uid program beyond our reach
        pass


if sys.platform == "linux":
    import resource

    _RLIMIT_LOCKS = 10
    _LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
    _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36

    def _prctl(option: int, argument: int | bytes) -> None:
        """Call prctl(2); `ctypes` itself would cost twice as much start-up time as its core does."""
        import _ctypes

        class Function(_ctypes.CFuncPtr):
            _flags_ = _ctypes.FUNCFLAG_CDECL

        Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))(option, argument, 0, 0, 0)  # type: ignore[arg-type]  # None: this program

    def become_subreaper() -> None:
        """Have orphans below this process become its children, instead of those of process 1."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def set_name(name: str) -> None:
        """Show this process under a name (15 bytes) in process lists."""
        _prctl(_PR_SET_NAME, name.encode()[:15])

    def children(pid: int) -> list[int]:
        """The children of a process, whichever of its threads forked them; none when it does not exist."""
        if not _LISTS_CHILDREN:
            return _search_children(pid)
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:  # it ended just now; its children are orphans, which the next look finds by their mark
            return []
        found: list[int] = []
        for task in tasks:
            try:
                fd = os.open(f"/proc/{pid}/task/{task}/children", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:  # this thread ended just now; another one has its children
                continue
            try:
                found += _read_pids(fd)
            except OSError:
                pass
            finally:
                os.close(fd)
        return found

    def terminate_trees(roots: Iterable[int]) -> None:
        """Send TERM to processes and all their descendants; what forks meanwhile may slip through."""
        pids = list(roots)
        for pid in pids:
            pids += children(pid)
        for pid in pids:
            _signal(pid, signal.SIGTERM)
            _signal(pid, signal.SIGCONT)  # a stopped process has to wake up to hear it

    def count_running(roots: Iterable[int]) -> int:
        """How many of some processes and all their descendants have not ended."""
        pids = list(roots)
        for pid in pids:
            pids += children(pid)
        return sum(map(_is_running, pids))

    def _is_running(pid: int) -> bool:
        return _status_fields(pid)[:1] not in ([b"Z"], [b"X"], [])

    def kill_trees(roots: Iterable[int]) -> None:
        """Send KILL to processes and all their descendants, to each at first sight; what slips through: repeat."""
        pids = list(roots)
        for pid in pids:
            kill(pid)
        for pid in pids:
            for child in children(pid):
                kill(child)
                pids.append(child)

    LOOK_AGAIN = 0.0
    """Seconds between looks at groups that are told to end: 0, because here the tree tells all."""

    def group_lives(_leader: int) -> bool:
        """Whether a leader that was reaped has left processes that only its group tells of."""
        return False

    class OwnChildren:
        """The children of this process, which has one thread."""

        __slots__ = ("_fd", "_pid")

        def __init__(self) -> None:
            self._pid = os.getpid()
            path = f"/proc/self/task/{self._pid}/children"
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if _LISTS_CHILDREN else -1

        def pids(self) -> list[int]:
            """All children, zombies too."""
            return _read_pids(self._fd) if self._fd >= 0 else _search_children(self._pid)

    class Marks:
        """Hands out marks and reads them.

        A supervisor that runs inside an attempt divides that attempt's range of numbers, twice at most. Other runs hand
        out the same marks; the tag, which is the soft limit, tells their processes from this one's.
        """

        __slots__ = ("_count", "_serial", "_shift", "_top", "tag")

        def __init__(self) -> None:
            limit = resource.getrlimit(_RLIMIT_LOCKS)[1]
            self._serial = 0
            self.tag = 1 << 39 | int.from_bytes(os.urandom(4), "big")
            """What all processes of all attempts bear, and nobody else."""
            if limit == resource.RLIM_INFINITY:
                self._top, self._shift, self._count = 1 << 62, 38, 1 << 24
                return
            self._shift = next((shift for shift in (19, 0) if limit % (1 << shift + 19) == 0), 0)
            self._top, self._count = limit, 1 << 19 if limit and limit % (1 << 19) == 0 else 0

        def take(self) -> int:
            """Bear the next mark, for the next child; 0 when there is none left: then only sessions tell owners."""
            if self._serial + 1 >= self._count:
                return 0
            self._serial += 1
            mark = self._top - (self._serial << self._shift)
            resource.setrlimit(_RLIMIT_LOCKS, (min(self.tag, mark), mark))
            return self._serial

        def read(self, pid: int) -> int:
            """The serial number of the mark that a process bears; 0 when it bears none of ours."""
            limit = _limits(pid)[1]
            return 0 if limit == resource.RLIM_INFINITY else max(0, (self._top - limit) >> self._shift)

    def _shown_limits(pid: int) -> tuple[int, int]:
        """The same limits, read where everybody may read them: slow."""
        try:
            fd = os.open(f"/proc/{pid}/limits", os.O_RDONLY | os.O_CLOEXEC)
            try:
                text = os.read(fd, _PAGE)
            finally:
                os.close(fd)
            row = next(line for line in text.splitlines() if line.startswith(b"Max file locks"))
            return int(row.split()[3]), int(row.split()[4])
        except (OSError, ValueError, StopIteration):  # it ended just now, or has no limit
            return resource.RLIM_INFINITY, resource.RLIM_INFINITY

    def _search_children(pid: int) -> list[int]:
        """The children of a process on a kernel that keeps no lists of them: a look at every process."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == pid]

    def _parent(pid: str) -> int:
        fields = _status_fields(pid)
        return int(fields[1]) if fields else 0

    def _status_fields(pid: int | str) -> list[bytes]:
        """What the kernel tells of a process, from its state on; nothing when there is none."""
        try:
            fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.read(fd, _PAGE).rpartition(b")")[2].split()
            finally:
                os.close(fd)
        except OSError:  # it ended just now
            return []

    def tagged(tag: int) -> list[int]:
        """The processes that bear a tag and have not ended, wherever they are: a look at every process."""
        found = [int(name) for name in os.listdir("/proc") if name.isdigit() and _limits(int(name))[0] == tag]
        return [pid for pid in found if _is_running(pid)]

    def _limits(pid: int) -> tuple[int, int]:
        """The soft limit, which is the tag, and the hard one, which is the mark; no limits when it has ended."""
        try:
            return resource.prlimit(pid, _RLIMIT_LOCKS)
        except PermissionError:  # a set-uid program
            return _shown_limits(pid)
        except OSError:
            return resource.RLIM_INFINITY, resource.RLIM_INFINITY

    def _read_pids(fd: int) -> list[int]:
        text = os.pread(fd, _PAGE, 0)
        if len(text) > _SURE:
            while page := os.pread(fd, _PAGE, len(text)):
                text += page
        return [int(pid) for pid in text.split()]

else:

    def become_subreaper() -> None:
        """Orphans go to process 1 here."""

    def set_name(name: str) -> None:
        """Process lists show the command line here."""

    def children(_pid: int) -> list[int]:
        """Not to be had here; process groups stand in."""
        return []

    def terminate_trees(roots: Iterable[int]) -> None:
        """Send TERM to the process groups of leaders."""
        for leader in roots:
            _signal_group(leader, signal.SIGTERM)
            _signal_group(leader, signal.SIGCONT)  # a stopped process has to wake up to hear it

    def count_running(roots: Iterable[int]) -> int:
        """How many leaders have left processes in their groups."""
        return sum(map(group_lives, roots))

    def kill_trees(roots: Iterable[int]) -> None:
        """Send KILL to the process groups of leaders."""
        for leader in roots:
            _signal_group(leader, signal.SIGKILL)

    def _signal_group(leader: int, number: int) -> None:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.killpg(leader, number)
        except OSError:  # gone
            pass

    def tagged(_tag: int) -> list[int]:
        """Not to be had here."""
        return []

    LOOK_AGAIN = 0.05
    """Seconds between looks at groups that are told to end."""

    def group_lives(leader: int) -> bool:
        """Whether a leader that was reaped has left processes in its group."""
        try:
            os.killpg(leader, 0)
        except PermissionError:  # it exists, and is not ours to signal
            return True
        except OSError:
            return False
        return True

    class OwnChildren:
        """Not to be had here."""

        __slots__ = ()

        def pids(self) -> list[int]:
            """Nothing: orphans never become children of this process."""
            return []

    class Marks:
        """No limit serves as a mark here."""

        __slots__ = ()
        tag = 0

        def take(self) -> int:
            """No mark."""
            return 0

        def read(self, _pid: int) -> int:
            """No mark."""
            return 0
