"""A node that leaves processes behind in every way: descendants.py TOKEN (stay|leave|flee|PIPE) [KIND…].

The leader stays, or exits with status 7: when all descendants are ready (leave), at once (flee), or when a pipe is
opened.
"""

import os
import signal
import sys

IDLE = "import signal\nwhile True: signal.pause()"
HOP = (
    "import os, time\n"
    "end = time.monotonic() + 120\n"  # in case a test leaves it alive
    "while time.monotonic() < end:\n"
    "    time.sleep(0.01)\n"  # without a pause it would use all processor time
    "    if os.fork(): os._exit(0)\n"
    "    os.setsid()"
)
KINDS = {
    "child": "a plain child",
    "ignorer": "a child that ignores TERM",
    "group": "a child in a process group of its own",
    "session": "a child in a session of its own",
    "daemon": "a grandchild without parent, in a session of its own, in another directory",
    "nameless": "a daemon with an empty environment and all descriptors closed",
    "deaf": "such a daemon that ignores TERM",
    "hopper": "a daemon that ignores TERM and forks away to a new process, session and all, a hundred times a second",
}
_DAEMONS = ("daemon", "nameless", "deaf", "hopper")


def become(kind: str, token: str) -> None:
    """Escape as this kind does, then idle."""
    if kind in ("ignorer", "deaf", "hopper"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind == "group":
        os.setpgid(0, 0)
    if kind == "session" or kind in _DAEMONS:
        os.setsid()
    if kind in _DAEMONS:
        if os.fork():
            os._exit(0)
        os.chdir("/")
    environment = dict(os.environ)
    if kind in ("nameless", "deaf"):
        os.closerange(0, 64)
        environment = {}
    code = HOP if kind == "hopper" else IDLE
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code, token, kind], environment)


def main() -> None:
    token, manner, *kinds = sys.argv[1:]
    all_there, becoming = os.pipe()  # closed by exec in each descendant
    for kind in kinds or KINDS:
        if not os.fork():
            become(kind, token)
    os.close(becoming)
    if manner == "leave":
        os.read(all_there, 1)
    elif manner != "flee":
        while manner == "stay":
            signal.pause()
        os.open(manner, os.O_RDONLY)
    os._exit(7)


if __name__ == "__main__":
    main()
