"""The steps of stdlib.toml: each reads and writes small files in the run's own directory."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import token
import tokenize
from collections import Counter
from pathlib import Path


def folder() -> Path:
    """Where the steps leave their results for each other."""
    path = Path(os.environ["DAGTUI_RUN_DIR"]) / "tokens"
    path.mkdir(exist_ok=True)
    return path


def sources(root: Path, package: str) -> list[Path]:
    """The Python files of a package, none where it is not installed; `modules` are those that lie in no package."""
    found = root.glob("*.py") if package == "modules" else (root / package).rglob("*.py")
    # Systems link some of them to elsewhere; what a link leads to is counted, too.
    return sorted(path for path in found if path.is_file() and "test" not in path.relative_to(root).parts)


def find(library: str) -> None:
    """Note where the library is: that of this Python, if no other is named."""
    root = Path(library or sysconfig.get_paths()["stdlib"])
    packages = sum(1 for path in root.iterdir() if (path / "__init__.py").exists())
    print(f"{root}: {len(sources(root, 'modules'))} modules and {packages} packages")
    (folder() / "root").write_text(str(root), encoding="utf-8")


def count(package: str) -> None:
    """Tokenise the files of a package."""
    root = Path((folder() / "root").read_text(encoding="utf-8"))
    kinds: Counter[str] = Counter()
    names: Counter[str] = Counter()
    lines = size = 0
    files = sources(root, package)
    for number, path in enumerate(files, 1):
        with path.open("rb") as file:
            for item in tokenize.tokenize(file.readline):
                kinds[token.tok_name[item.type]] += 1
                if item.type == token.NAME:
                    names[item.string] += 1
        text = path.read_bytes()
        lines += text.count(b"\n")
        size += len(text)
        print(f"\r{number:4d} of {len(files)} files, {kinds.total():9,d} tokens", end="", flush=True)
    most_frequent = max(names, key=names.__getitem__, default="none")
    print(f"\n{package}: {lines:,d} lines, {kinds.total():,d} tokens, most frequent name: {most_frequent}")
    result = {"package": package, "files": len(files), "lines": lines, "bytes": size, "kinds": kinds, "names": names}
    (folder() / f"{package}.json").write_text(json.dumps(result), encoding="utf-8")


def results() -> list[dict]:
    """What the packages' counts left."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder().glob("*.json"))]


def merge() -> None:
    """Add the packages up."""
    kinds: Counter[str] = Counter()
    for result in results():
        kinds.update(result["kinds"])
        print(f"{result['package']:16} {sum(result['kinds'].values()):9,d} tokens")
    (folder() / "total").write_text(json.dumps(kinds), encoding="utf-8")
    print(f"{'all':16} {kinds.total():9,d} tokens")


def check() -> None:
    """Compare the numbers with each other; exits with 1 when they differ."""
    total = sum(json.loads((folder() / "total").read_text(encoding="utf-8")).values())
    parts = sum(sum(result["kinds"].values()) for result in results())
    size = next(result["bytes"] for result in results() if result["package"] == "modules")
    again = int((folder() / "modules.bytes").read_text(encoding="utf-8"))
    print(f"tokens: {parts:,d} in packages, {total:,d} in all")
    print(f"bytes of the modules: {size:,d} counted while tokenising, {again:,d} by find and wc")
    if parts != total or size != again:
        sys.exit("the numbers differ")
    print("the numbers agree")


def report(top: str) -> None:
    """Print a table of the packages, the largest first."""
    rows = sorted(results(), key=lambda result: -result["lines"])
    names: Counter[str] = Counter()
    print(f"{'package':16} {'files':>6} {'lines':>9} {'tokens':>10} {'comments':>9}  most frequent name")
    for row in rows[: int(top)]:
        tokens = sum(row["kinds"].values())
        name = max(row["names"], key=row["names"].get, default="none")
        share = 100 * row["kinds"].get("COMMENT", 0) / max(1, row["lines"])
        print(f"{row['package']:16} {row['files']:6,d} {row['lines']:9,d} {tokens:10,d} {share:8.1f}%  {name}")
    for row in rows:
        names.update(row["names"])
    print(
        "\nmost frequent names of all: " + ", ".join(f"{name} ({number:,d})" for name, number in names.most_common(8))
    )


if __name__ == "__main__":
    {"find": find, "count": count, "merge": merge, "check": check}[sys.argv[1]](*sys.argv[2:])
