"""Graph files in every string of which somebody has written attacks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from support.corpus import CORPUS, UNDECODABLE, printable_only

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = os.fsdecode(b"dir\x1b]0;LEAK\x07\x9b[2J\xff\xe2\x80\xae[@click=app.quit]")
"""The name of a folder: bytes that act on a terminal, bytes that are no text, and one that reorders."""


def quoted(text: str) -> str:
    """A TOML string, with everything but ASCII letters escaped."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def writable(text: str) -> str:
    """What of a text a TOML file can say, and a command line can hold."""
    kept = "".join(c for c in text if not 0xD800 <= ord(c) < 0xE000 and c != "\0")
    return kept.replace("{{", "{").replace("..", ".")  # no placeholder, and no way out of a folder's name


def payloads(names: Iterable[str]) -> list[str]:
    return [writable(CORPUS[name]) for name in names]


def output_of(names: Iterable[str]) -> bytes:
    """Lines with an attack each, whole and cut off, then all of them on one."""
    whole = [
        CORPUS[name].encode("utf-8", "surrogateescape" if "surrogates" in name else "surrogatepass") for name in names
    ]
    whole += UNDECODABLE.values()
    lines = [b"begin " + entry + b" end" for entry in whole]
    lines += [entry[: max(1, len(entry) // 2)] for entry in whole]
    return b"\n".join([*lines, b"all: " + b"".join(whole), b"LASTLINE", b""])


def hostile_graph(folder: Path, names: list[str]) -> Path:
    """Write a graph whose nodes complete, fail, can't start, wait, are held back, and run on; returns its path."""
    place = folder / FOLDER
    place.mkdir()
    entries = payloads(names)
    everything = "".join(entry[:40] for entry in entries)
    (place / "bytes").write_bytes(output_of(names))
    words = [entry for entry in entries if printable_only(entry)] or ["[/foo]"]
    lines = [
        "version = 1",
        f"name = {quoted('NAME' + ''.join(words)[:150])}",
        f"[params]\n{quoted('p' + words[0][:100])} = {quoted(everything)}",
        f"[env]\nHOSTILE = {quoted(everything)}",
    ]

    def task(name: str, *keys: str, doc: str = everything) -> None:
        lines.extend([f"[tasks.{quoted(name)}]", f"doc = {quoted('DOCMARK ' + doc)}", *keys])

    group = f"group = {quoted('g' + words[-1].replace('/', '')[:60])}"
    task("prints", 'run = ["cat", "bytes"]', group)
    task("fails", f"""run = {quoted("cat bytes; cat bytes >&2; exit 3 # " + everything)}""", group)
    task("held back", 'run = "true"', 'needs = ["fails"]')
    task("no program", f"run = [{quoted('./NOPROGRAM' + everything)}]")
    task("no folder", 'run = "true"', f"cwd = {quoted('NOFOLDER' + everything[:60])}")
    task("no shell", 'run = "true"', f"shell = [{quoted('NOSHELL' + everything)}]")
    task("runs on", 'run = "cat bytes; sleep 600"', "grace = 0.1")
    task("waits", 'run = "true"', 'needs = ["runs on"]')
    task("again", 'run = "cat bytes; exit 4"', "retries = 1", "retry_delay = 600")
    task("calls", 'call = "no_such_module:main"', f"args = {{ x = {quoted(everything)} }}")
    for word in words:
        task(f"n {word}"[:200], 'run = "true"', f"env = {{ X = {quoted(everything)} }}")
    axis = quoted("a" + words[0][:40])
    cells = ", ".join(quoted(word[:60]) for word in dict.fromkeys(words))
    task(
        "cells",
        f"""run = ["printf", {quoted("%s" + chr(10) + everything)}, "x"]""",
        f"matrix = {{ {axis} = [{cells}] }}",
    )
    path = place / "graph.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def bad_files(names: Iterable[str]) -> dict[str, bytes]:
    """Files that can't be read as graphs, with an attack in the place that the error is about."""
    found: dict[str, bytes] = {}
    for name in names:
        raw = CORPUS[name].encode("utf-8", "surrogatepass")
        safe = quoted(writable(CORPUS[name]))
        found[f"{name}: raw"] = b"version = 1\nx = " + raw
        found[f"{name}: in a text"] = b'version = 1\n[tasks.a]\ndoc = "' + raw + b'"\nrun = oops'
        found[f"{name}: key"] = f"version = 1\n{safe} = 1\n".encode()
        found[f"{name}: task"] = f"version = 1\n[tasks.{safe}]\nneeds = [{safe}, 'b{{{{']\n".encode()
        found[f"{name}: values"] = (
            f"version = 1\n[tasks.a]\nneeds = [{safe}]\ntimeout = {safe}\ntrigger = {safe}\ngroup = {safe}\n"
            f"matrix = {{ {safe} = [{safe}, {safe}] }}\nrun = '{{{{ params.x }}}}'\ncall = {safe}\n"
            f"[tasks.b]\nrun = {safe[:-1]}{{{{ params.y }}}}\"\nenv = {{ {safe} = '{{{{ matrix.q }}}}' }}\n"
            f"{safe} = {safe}\n"
        ).encode()
    return found
