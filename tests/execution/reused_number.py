"""A node whose orphan gets the pid of its leader. It needs a pid namespace of its own.

The leader exits with status 7. The process that it leaves waits until the leader is reaped, and forks the orphan.
"""

import os
import signal
import sys
import time
from pathlib import Path

LAST = Path("/proc/sys/kernel/ns_last_pid")
"""File of the last pid assigned in this namespace, which can be written."""


def main() -> None:
    leader = os.getpid()
    ready, say = os.pipe()
    if os.fork():
        os.read(ready, 1)
        os._exit(7)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.setsid()  # otherwise the pid stays in use as the id of a session
    os.write(say, b"x")
    while Path(f"/proc/{leader}").exists():
        time.sleep(0.001)
    while True:
        LAST.write_text(str(leader - 1))
        orphan = os.fork()
        if not orphan:
            break
        if orphan == leader:
            sys.stdout.write("reused\n")
            sys.stdout.flush()
            os._exit(0)
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
