"""What the targets of a Makefile are: files, folders, or names of something to do."""

from __future__ import annotations

import enum
import os
import re
from typing import TYPE_CHECKING

from dagtui.graph.files.patterns import around

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.migration.makefile.database import Target
    from dagtui.migration.makefile.dry_run import DryRun


class TargetKind(enum.Enum):
    """What a target is."""

    SOURCE = "source"
    """A file that no recipe makes."""
    FILE = "file"
    FOLDER = "folder"
    NAME = "name"
    """What to do, or a name for several targets. make does it each time."""
    UNSURE = "unsure"
    """Declared as a file, but nothing shows that its recipe makes one of that name. make then does it each time."""


_ENDINGS = frozenset(
    """
    a aux avi bam bbl bed bib bin bmp bz2 c cc class cpp css csv cxx d dat db dll docx done dot dta dvi dylib eps exe
    fa fasta fastq feather fig fq geojson gif go gz h h5 hdf5 hex html ipynb jar jpeg jpg js json jsonl ko lock log
    map md mp4 nc npy npz o obj odt ok onnx out parquet pb pdf pickle pkl png pptx ps pt pth py qmd r rda rdata rds rmd
    rs rst sam sav shp so sqlite stamp stan svg tar tex tgz tif timestamp toml tsv txt vcf wasm webp whl xls xlsx xml xz
    yaml yml zip
    """.split()  # noqa: SIM905 - a list of quoted words would fill the screen
)
"""Endings of names that are files, even if a recipe does not name them."""
_WRITES = r"(?:^|[\s;&|(])(?:touch|tee|mkdir|ln|cp|mv|install|tar|zip|ar|ranlib|curl|wget)\s(?:[^;&|\n]*\s)?"
_MAKES_FOLDER = r"(?:mkdir|venv|virtualenv|git\s+clone)\s(?:[^;&|\n]*\s)?"


class TargetKinds:
    """Tells what targets are."""

    def __init__(self, folder: Path, run: DryRun) -> None:
        self._folder, self._run = folder, run
        self._known: dict[str, TargetKind] = {}
        names = {*run.database.targets, *(need for block in run.blocks.values() for need in block.needs)}
        self._folders = {above for name in names for above in around(os.path.normpath(name))}

    def __getitem__(self, name: str) -> TargetKind:
        """Return what a target is."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def is_always_made(self, name: str) -> bool:
        """Return whether make takes a prerequisite for newer each time."""
        seen, left = set[str](), [name]
        while left:
            one = left.pop()
            if self[one] in {TargetKind.NAME, TargetKind.UNSURE}:
                return True
            target = self._run.database.targets.get(one)
            if one not in seen and target is not None and target.is_target and self[one] is TargetKind.SOURCE:
                left += target.needs
            seen.add(one)
        return False

    def _find(self, name: str) -> TargetKind:
        target, block = self._run.database.targets.get(name), self._run.blocks.get(name)
        if target is not None and target.is_phony:
            return TargetKind.NAME
        path = self._folder / name
        if block is None and not (target is not None and target.made_with):
            if os.path.exists(path) or target is None or not target.is_target:
                return TargetKind.SOURCE
            return TargetKind.NAME
        text = "\n".join(block.lines) if block else ""
        if self._is_folder(name, text):
            return TargetKind.FOLDER
        return TargetKind.FILE if os.path.isfile(path) or _makes(name, text, target) else TargetKind.UNSURE

    def _is_folder(self, name: str, text: str) -> bool:
        return (
            name.endswith("/")
            or os.path.isdir(self._folder / name)
            or os.path.normpath(name) in self._folders
            or re.search(rf"{_MAKES_FOLDER}[\"']?{re.escape(name)}/?[\"']?(?:\s|;|&|\)|$)", text) is not None
        )


def _makes(name: str, text: str, target: Target | None) -> bool:
    """Return whether a recipe seems to make a file of that name."""
    if os.path.splitext(name)[1][1:].lower() in _ENDINGS or (target is not None and len(target.made_with) > 1):
        return True
    word = rf"[\"']?(?:\./)?{re.escape(name)}[\"']?(?=[\s;&|)]|$)"
    if ("/" in name or "." in name[1:]) and re.search(word, text):
        return True
    return re.search(rf"(?:-o\s*|-O\s*|>\s*|--output[ =]|{_WRITES}){word}", text.replace("\\\n", " ")) is not None
