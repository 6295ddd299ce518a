"""A node that leaves processes in every way there is: descendants.py TOKEN (stay|leave) [KIND…]."""

import os
import signal
import sys

IDLE = "import signal\nwhile True: signal.pause()"
DEAF = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{IDLE}"
KINDS = ("child", "group", "session", "daemon", "nameless", "deaf")


def become(kind: str, token: str) -> None:
    """Get away as well as that kind can, then idle."""
    if kind == "group":
        os.setpgid(0, 0)
    if kind in ("session", "daemon", "nameless", "deaf"):
        os.setsid()
    if kind in ("daemon", "nameless", "deaf"):
        if os.fork():
            os._exit(0)
        os.chdir("/")
    if kind in ("nameless", "deaf"):
        os.closerange(0, 64)
    environment = {} if kind in ("nameless", "deaf") else dict(os.environ)
    code = DEAF if kind == "deaf" else IDLE
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code, token], environment)


def main() -> None:
    token, stay, *kinds = sys.argv[1:]
    for kind in kinds or KINDS:
        if not os.fork():
            become(kind, token)
    if stay == "leave":
        os._exit(7)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
