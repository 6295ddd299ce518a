"""The steps of release.toml. They hand values on by $DAGTUI_OUTPUT."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tarfile
from pathlib import Path

STAGE = Path(os.environ.get("STAGE", "releases/next"))
PUBLISHED = Path(os.environ.get("TO", "releases"))
VERSION = os.environ.get("VERSION", "")
SOURCES = ["project.toml", "CHANGES.md", "build.py", "units.tsv", "src", "cases"]


def hand_on(**values: object) -> None:
    """Write values for the tasks below."""
    with open(os.environ.get("DAGTUI_OUTPUT", os.devnull), "a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def numbers(version: str) -> list[int]:
    """Return the parts of a version, which compare as versions do."""
    return [int(part) for part in version.split(".")]


def changes(version: str) -> list[str]:
    """Return what the changes say of a version, a line for each."""
    text = Path("CHANGES.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip().splitlines() if found else []


def version() -> None:
    (new,) = re.findall(r'^version = "(.*)"$', Path("project.toml").read_text(encoding="utf-8"), re.MULTILINE)
    released = sorted((path.name for path in PUBLISHED.glob("*.*.*")), key=numbers)
    last = released[-1] if released else ""
    if last and numbers(new) <= numbers(last):
        sys.exit(f"{last} is published: raise the version in units/project.toml, which is {new}")
    if not changes(new):
        sys.exit(f"units/CHANGES.md has no part about {new}: begin it with the line ## {new}")
    hand_on(version=new, last=last, changes=len(changes(new)))
    print(f"{last or 'nothing'} → {new}, {len(changes(new))} changes")


def source() -> None:
    STAGE.mkdir(parents=True, exist_ok=True)
    with tarfile.open(STAGE / f"units-{VERSION}.tar.gz", "w:gz") as archive:
        for path in SOURCES:
            archive.add(path, f"units-{VERSION}/{path}")
        print(*archive.getnames(), sep="\n")


def notes() -> None:
    STAGE.mkdir(parents=True, exist_ok=True)
    text = f"# units {VERSION}\n\n" + "\n".join(changes(VERSION)) + "\n"
    (STAGE / "NOTES.md").write_text(text, encoding="utf-8")
    print(text)


def sums() -> None:
    files = sorted(path for path in STAGE.iterdir() if path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (STAGE / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    hand_on(files=len(files), size=sum(path.stat().st_size for path in files))
    print("".join(lines), end="")


if __name__ == "__main__":
    {"version": version, "source": source, "notes": notes, "sums": sums}[sys.argv[1]]()
