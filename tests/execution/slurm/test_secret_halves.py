"""Secrets in two halves: what is on disk, and what goes by the environment of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagtui.execution.agent.secret_halves import joined
from dagtui.execution.slurm.batch import Batch
from dagtui.execution.slurm.batch_store import BatchStore

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"TOKEN": "geheim 'ü\udcff", "KEY": "x" * 700}


@pytest.fixture
def store(tmp_path: Path) -> BatchStore:
    return BatchStore(str(tmp_path / "spool"), str(tmp_path / "agents"))


def halves(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "spool" / "halves").iterdir()}


def test_both_halves_make_the_secrets_and_none_of_them_has_any(store: BatchStore, tmp_path: Path):
    other = store.split(Batch("b", ["one", "two"], [range(1), range(1, 2)], []), SECRETS)
    there = halves(tmp_path)
    assert there.keys() == {"one", "two"}
    assert all(joined(half, other) == SECRETS for half in there.values())
    assert not any(b"geheim" in half or b"xxxx" in half for half in (*there.values(), other.encode()))
    assert [(tmp_path / "spool" / "halves" / name).stat().st_mode & 0o777 for name in there] == [0o600] * 2


def test_a_batch_that_slurm_may_have_keeps_its_half(store: BatchStore, tmp_path: Path):
    """Also where some attempts have begun, which removes their halves, and for another process of the run."""
    batch = Batch("b", ["one", "two"], [range(1), range(1, 2)], [])
    other = store.split(batch, SECRETS)
    (tmp_path / "spool" / "halves" / "one").unlink()
    later = BatchStore(store.path, str(tmp_path / "agents"))
    assert later.split(batch, SECRETS) == other
    shorter = later.split(batch, {"TOKEN": "short"})
    assert joined(halves(tmp_path)["two"], shorter) == {"TOKEN": "short"}


def test_halves_that_are_missing_are_written_but_not_of_what_has_begun(store: BatchStore, tmp_path: Path):
    batch = Batch("b", ["one", "two", "begun"], [range(1), range(1, 2), range(2, 3)], [])
    other = store.split(batch, SECRETS)
    assert store.claim(["begun"]) == ["begun"]
    (tmp_path / "spool" / "halves" / "one").unlink()  # as if the disk had been full
    assert store.split(batch, SECRETS) == other
    assert halves(tmp_path).keys() == {"one", "two"}
    assert joined(halves(tmp_path)["one"], other) == SECRETS


def test_halves_go_with_what_is_taken_back_and_with_the_batch(store: BatchStore, tmp_path: Path):
    batch = Batch("b", ["one", "two"], [range(1), range(1, 2)], [])
    store.split(batch, SECRETS)
    assert store.claim(["one"]) == ["one"]
    assert halves(tmp_path).keys() == {"two"}
    store.remove(batch)
    assert halves(tmp_path) == {}
