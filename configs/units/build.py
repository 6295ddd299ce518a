"""The steps of units.toml: make modules, shrink them, pack them, test the program."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
import zipfile
from pathlib import Path

MADE, SMALL, DIST = Path("made"), Path("small"), Path("dist")
PROGRAM = DIST / "units.pyz"
THE_SAME_DAY = (1980, 1, 1, 0, 0, 0)


def write(path: Path, content: str | bytes) -> None:
    """Write a file, and say so."""
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"{path}: {len(data):,} bytes")


def units() -> list[dict[str, str]]:
    """Return the rows of the sheet."""
    with open("units.tsv", encoding="utf-8", newline="") as sheet:
        return list(csv.DictReader(sheet, delimiter="\t"))


def table() -> None:
    rows = (f"    {row['unit']!r}: ({row['dimension']!r}, {float(row['in base'])!r}),\n" for row in units())
    write(MADE / "table.py", "UNITS = {\n" + "".join(rows) + "}\n")


def version() -> None:
    project = Path("project.toml").read_text(encoding="utf-8")
    (number,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    write(MADE / "version.py", f"VERSION = {number!r}\n")


def shrink(source: str) -> None:
    module = ast.parse(Path(source).read_bytes(), source)
    for part in ast.walk(module):
        if isinstance(part, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(part) is not None:
            part.body[:1] = [] if part.body[1:] else [ast.Pass()]
    write(SMALL / source, ast.unparse(module) + "\n")


def pack() -> None:
    DIST.mkdir(exist_ok=True)
    with PROGRAM.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(file, "w") as archive:
            for path in sorted(SMALL.rglob("*.py")):
                archive.writestr(zipfile.ZipInfo(path.name, THE_SAME_DAY), path.read_bytes())
                print("packed", path)
    PROGRAM.chmod(0o755)


def page() -> None:
    rows = (f"| {row['unit']} | {row['name']} | {row['dimension']} |\n" for row in units())
    write(DIST / "UNITS.md", "# Units\n\n| unit | name | dimension |\n|---|---|---|\n" + "".join(rows))


def test(cases: str) -> None:
    wrong = 0
    for line in Path("cases", f"{cases}.txt").read_text(encoding="utf-8").splitlines():
        words, _, expected = line.partition(" = ")
        done = subprocess.run([sys.executable, PROGRAM, *words.split()], check=False, capture_output=True, text=True)
        answer = (done.stdout or done.stderr).strip()
        print("well " if answer == expected else "WRONG", line, *([] if answer == expected else ["but:", answer]))
        wrong += answer != expected
    sys.exit(f"{wrong} wrong" if wrong else 0)


STEPS = {"table": table, "version": version, "shrink": shrink, "pack": pack, "page": page, "test": test}
if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])
