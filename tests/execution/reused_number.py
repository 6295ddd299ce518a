"""A node whose orphan has the number that its leader had: reused_number.py; it needs a process namespace of its own.

The leader ends with status 7; what it leaves waits until that is known, and forks the orphan.
"""

import os
import signal
import sys
import time
from pathlib import Path

LAST = Path("/proc/sys/kernel/ns_last_pid")
"""The number that was given last in this namespace; it can be set there."""


def main() -> None:
    leader = os.getpid()
    ready, say = os.pipe()
    if os.fork():
        os.read(ready, 1)
        os._exit(7)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.setsid()  # else the number stays that of a session
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
