"""Ownership: find the processes of an attempt, including those that try to escape.

On Linux an attempt's processes are the tree below its leader, and the trees below orphans that have its mark. The
supervisor, the reaper and the app are child subreapers: an orphan at any depth becomes a child of the nearest of them.

The mark is the hard limit of RLIMIT_LOCKS, which Linux has ignored since 2.4.25 (getrlimit(2)). The supervisor lowers
its own limit before each start, to a number that stands for the attempt. Descendants inherit it through exec, setsid,
double forks, an empty environment and closed files. Only a privileged process can raise it. The soft limit is the
supervisor's tag, by which a reaper that is not an ancestor finds all of these processes.

On other systems an attempt's processes are the process group of its leader.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Collection, Iterable, Iterator
else:
    import _signal as signal  # `signal` makes enums of its numbers, which doubles the start-up time of these processes

_PAGE = 1 << 16
_SURE = 2048  # bytes; the kernel returns these files in pages of 4096, so a shorter read is complete


def kill(pid: int) -> None:
    """Send KILL to one process."""
    _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.kill(pid, number)
    except OSError:  # ended, or a set-uid program that we may not signal
        pass


if sys.platform == "linux":
    import resource

    _RLIMIT_LOCKS = 10
    _TAGS = 1 << 39
    _LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")
    _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 15, 36

    def _prctl(option: int, argument: int | bytes) -> None:
        """Call prctl(2) by the core of `ctypes`, which takes half the start-up time of `ctypes` itself."""
        import _ctypes

        class Function(_ctypes.CFuncPtr):
            _flags_ = _ctypes.FUNCFLAG_CDECL

        Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))(option, argument, 0, 0, 0)  # type: ignore[arg-type]  # None: this program

    def become_subreaper() -> None:
        """Make orphans below this process its children, instead of children of process 1."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def set_name(name: str) -> None:
        """Set the name of this process in process lists (at most 15 bytes)."""
        _prctl(_PR_SET_NAME, name.encode()[:15])

    def children(pid: int) -> list[int]:
        """Return the children of all threads of a process, or none if it does not exist."""
        if not _LISTS_CHILDREN:
            return _search_children(pid)
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:  # it has just ended; its children are orphans, which are found later by their mark
            return []
        found: list[int] = []
        for task in tasks:
            try:
                fd = os.open(f"/proc/{pid}/task/{task}/children", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:  # this thread has just ended; another one has its children
                continue
            try:
                found += _read_pids(fd)
            except OSError:
                pass
            finally:
                os.close(fd)
        return found

    def terminate_trees(roots: Collection[int], has_ended: Callable[[int], bool] | None = None) -> None:
        """Send TERM to processes and all their descendants. Processes that are being forked may escape.

        `has_ended` is asked about each root right before its signal. It may reap the root if it returns True.
        """
        pids = list(roots)
        for pid in pids:
            pids += children(pid)
        for position, pid in enumerate(pids):
            if has_ended is not None and position < len(roots) and has_ended(pid):
                continue
            _signal(pid, signal.SIGTERM)
            _signal(pid, signal.SIGCONT)  # a stopped process must wake up to handle it

    def count_running(roots: Iterable[int]) -> int:
        """Return how many of the processes and all their descendants have not ended."""
        pids = list(roots)
        for pid in pids:
            pids += children(pid)
        return sum(map(_is_running, pids))

    def _is_running(pid: int) -> bool:
        return status_fields(pid)[:1] not in ([b"Z"], [b"X"], [])

    def kill_trees(roots: Iterable[int]) -> None:
        """Send KILL to processes and all their descendants as they are found. Call again for those that escape."""
        pids = list(roots)
        for pid in pids:
            kill(pid)
        for pid in pids:
            for child in children(pid):
                kill(child)
                pids.append(child)

    LOOK_AGAIN = 0.0
    """Seconds between looks at ending process groups. 0: not needed, because the process tree is complete."""

    def group_lives(_leader: int) -> bool:
        """Return whether a reaped leader has left processes that only its group shows: never on Linux."""
        return False

    class OwnChildren:
        """The children of this process, which must have a single thread."""

        def __init__(self) -> None:
            self._pid = os.getpid()
            path = f"/proc/self/task/{self._pid}/children"
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC) if _LISTS_CHILDREN else -1

        def pids(self) -> list[int]:
            """Return all children, including zombies."""
            return _read_pids(self._fd) if self._fd >= 0 else _search_children(self._pid)

    class Marks:
        """Assigns marks and reads them.

        A supervisor that runs inside an attempt divides that attempt's range of numbers, at most twice. Other runs
        assign the same marks. The tag, which is the soft limit, distinguishes their processes from this run's.
        """

        def __init__(self) -> None:
            limit = resource.getrlimit(_RLIMIT_LOCKS)[1]
            self._serial = 0
            self.tag = _TAGS | int.from_bytes(os.urandom(4), "big")
            """The tag of all processes of all attempts of this supervisor, and of no others."""
            if limit == resource.RLIM_INFINITY:
                self._top, self._shift, self._count = 1 << 62, 38, 1 << 24
                return
            self._shift = next((shift for shift in (19, 0) if limit % (1 << shift + 19) == 0), 0)
            self._top, self._count = limit, 1 << 19 if limit and limit % (1 << 19) == 0 else 0

        def take(self) -> int:
            """Take on the next mark, for the next child. Return 0 if none is left: owners are then told by sessions."""
            if self._serial + 1 >= self._count:
                return 0
            self._serial += 1
            mark = self._top - (self._serial << self._shift)
            resource.setrlimit(_RLIMIT_LOCKS, (min(self.tag, mark), mark))
            return self._serial

        def read(self, pid: int) -> int:
            """Return the serial number of a process's mark, or 0 if it has none of this supervisor."""
            limit = _limits(pid)[1]
            return 0 if limit == resource.RLIM_INFINITY else max(0, (self._top - limit) >> self._shift)

    def _shown_limits(pid: int) -> tuple[int, int]:
        """Return the limits of a process from /proc, which is slow but always allowed."""
        try:
            fd = os.open(f"/proc/{pid}/limits", os.O_RDONLY | os.O_CLOEXEC)
            try:
                text = os.read(fd, _PAGE)
            finally:
                os.close(fd)
            row = next(line for line in text.splitlines() if line.startswith(b"Max file locks"))
            return int(row.split()[3]), int(row.split()[4])
        except (OSError, ValueError, StopIteration):  # it has just ended, or has no limit
            return resource.RLIM_INFINITY, resource.RLIM_INFINITY

    def _search_children(pid: int) -> list[int]:
        """Return the children of a process on a kernel without lists of children, by looking at every process."""
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent(name) == pid]

    def _parent(pid: str) -> int:
        fields = status_fields(pid)
        return int(fields[1]) if fields else 0

    def status_fields(pid: int | str) -> list[bytes]:
        """Return the fields of a process's `stat` file from its state on, or none if it does not exist."""
        try:
            fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
            try:
                return os.read(fd, _PAGE).rpartition(b")")[2].split()
            finally:
                os.close(fd)
        except OSError:  # it has just ended
            return []

    def is_tag(number: int) -> bool:
        """Return whether a number may be a tag. No other program uses such limits."""
        return number >> 32 == _TAGS >> 32

    def tagged(tags: Collection[int]) -> list[int]:
        """Return the running processes with one of these tags, by looking at every process of the machine."""
        return list(each_tagged(tags))

    def each_tagged(tags: Collection[int]) -> Iterator[int]:
        """Yield them as they are found, newest first: one that forks away again and again is newer than the others."""
        for name in reversed(os.listdir("/proc")):
            if name.isdigit() and _limits(int(name))[0] in tags and _is_running(int(name)):
                yield int(name)

    def _limits(pid: int) -> tuple[int, int]:
        """Return the soft limit (the tag) and the hard limit (the mark) of a process, infinite if it has ended."""
        try:
            return resource.prlimit(pid, _RLIMIT_LOCKS)
        except PermissionError:  # a set-uid program
            return _shown_limits(pid)
        except OSError:
            return resource.RLIM_INFINITY, resource.RLIM_INFINITY

    def mark_of(pid: int) -> int:
        """Return the mark of a process, as a number that all processes of its attempt have in common."""
        return _limits(pid)[1]

    def _read_pids(fd: int) -> list[int]:
        text = os.pread(fd, _PAGE, 0)
        if len(text) > _SURE:
            while page := os.pread(fd, _PAGE, len(text)):
                text += page
        return [int(pid) for pid in text.split()]

else:

    def status_fields(_pid: int | str) -> list[bytes]:
        """Return nothing: on this system, processes are not listed in files."""
        return []

    def become_subreaper() -> None:
        """Do nothing: on this system, orphans become children of process 1."""

    def set_name(name: str) -> None:
        """Do nothing: on this system, process lists show the command line."""

    def children(_pid: int) -> list[int]:
        """Return nothing: this system uses process groups instead."""
        return []

    def terminate_trees(roots: Collection[int], _has_ended: Callable[[int], bool] | None = None) -> None:
        """Send TERM to the process groups of leaders. The reaper does not need this here, as it has no children."""
        for leader in roots:
            _signal_group(leader, signal.SIGTERM)
            _signal_group(leader, signal.SIGCONT)  # a stopped process must wake up to handle it

    def count_running(roots: Iterable[int]) -> int:
        """Return how many leaders have left processes in their groups."""
        return sum(map(group_lives, roots))

    def kill_trees(roots: Iterable[int]) -> None:
        """Send KILL to the process groups of leaders."""
        for leader in roots:
            _signal_group(leader, signal.SIGKILL)

    def _signal_group(leader: int, number: int) -> None:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.killpg(leader, number)
        except OSError:  # ended
            pass

    def mark_of(_pid: int) -> int:
        """Return 0: there are no marks on this system."""
        return 0

    def is_tag(_number: int) -> bool:
        """Return False: there are no tags on this system."""
        return False

    def tagged(_tags: Collection[int]) -> list[int]:
        """Return nothing: there are no tags on this system."""
        return []

    def each_tagged(_tags: Collection[int]) -> Iterator[int]:
        """Yield nothing: there are no tags on this system."""
        return iter(())

    LOOK_AGAIN = 0.05
    """Seconds between looks at ending process groups."""

    def group_lives(leader: int) -> bool:
        """Return whether a reaped leader has left processes in its group."""
        try:
            os.killpg(leader, 0)
        except PermissionError:  # it exists, but we may not signal it
            return True
        except OSError:
            return False
        return True

    class OwnChildren:
        """The adopted children of this process: there are none on this system."""

        def pids(self) -> list[int]:
            """Return nothing: orphans never become children of this process."""
            return []

    class Marks:
        """Marks for a system without a limit that could serve as one."""

        tag = 0

        def take(self) -> int:
            """Return 0: no mark."""
            return 0

        def read(self, _pid: int) -> int:
            """Return 0: no mark."""
            return 0
