"""The program of the zip file: `python3 -I -S agent.zip ...`. Any Python 3 must be able to read it, however old."""

import sys

if sys.version_info < (3, 8):  # noqa: UP036 - this one runs on the other machine
    words = "dagtui agent: Python 3.8 or newer is needed on this machine, and {} is {}.{}"
    sys.exit(words.format(sys.executable, *sys.version_info[:2]))

import os
import stat

VERSION = ""


def compiled_path() -> str:
    """Return the path of the zip file with the modules of this one, compiled by this Python and only for this user."""
    path = "{}.{}.{}".format(os.path.abspath(sys.argv[0]), VERSION, sys.implementation.cache_tag)  # noqa: UP032
    try:
        found = os.lstat(path)
    except OSError:
        return write_compiled(path)
    is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
    return path if is_ours else sys.argv[0]


def write_compiled(path: str) -> str:
    """Compile the modules. Return the path of the file, or of this one if it can't be written."""
    import marshal
    import zipfile
    from importlib.util import MAGIC_NUMBER

    new = "{}.{}-{}".format(path, os.uname()[1], os.getpid())  # noqa: UP032
    head = MAGIC_NUMBER + b"\1" + bytes(11)  # not to be compared with its source
    try:
        with zipfile.ZipFile(sys.argv[0]) as source, zipfile.ZipFile(new, "w") as target:
            for name in source.namelist():
                text = source.read(name)
                target.writestr(name, text)
                code = compile(text, name, "exec", 0, True)
                target.writestr(name + "c", head + marshal.dumps(code))
        os.chmod(new, 0o600)
        os.rename(new, path)
    except OSError:
        return sys.argv[0]
    return path


if __name__ == "__main__":
    sys.path[0] = compiled_path()
    from dagtui.execution.agent.main import main

    main()
