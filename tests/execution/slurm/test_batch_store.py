"""Batches on disk and in memory: what becomes of an attempt that two of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.execution.slurm.batch import Batch
from dagtui.execution.slurm.batch_store import BatchStore

if TYPE_CHECKING:
    from pathlib import Path


def batches(folder: Path) -> tuple[BatchStore, Batch, Batch]:
    """Return a first batch of two attempts that share a job, and one with the second of them, handed over again."""
    store = BatchStore(str(folder / "spool"), str(folder / "agents"))
    first, again = Batch("run.z", ["a", "b"], [range(2)], []), Batch("run.a", ["b"], [range(1)], [])
    store.intend(first, [{"key": "a"}, {"key": "b"}])
    store.add(first)
    store.leave("b")
    store.intend(again, [{"key": "b"}])
    return store, first, again


def test_an_attempt_that_is_handed_over_again_leaves_its_batch(tmp_path: Path) -> None:
    store, first, again = batches(tmp_path)
    assert store.of("b") is None
    assert first.unreleased == {"a"}, "the first one is over when its other attempt is"
    store.add(again)
    assert (store.of("a"), store.of("b")) == (first, again)


def test_a_claim_stays_until_no_batch_has_the_attempt(tmp_path: Path) -> None:
    """An agent of the first job may live on although Slurm does not know it any more."""
    store, first, again = batches(tmp_path)
    store.add(again)
    store.claim(["a", "b"])
    store.drop(again)
    store.remove(again)
    assert sorted(store.spool.keys("claims")) == ["a", "b"]
    store.drop(first)
    store.remove(first)
    assert store.spool.keys("claims") == []


def test_a_later_process_finds_an_attempt_in_its_newest_batch(tmp_path: Path) -> None:
    batches(tmp_path)
    store = BatchStore(str(tmp_path / "spool"), str(tmp_path / "agents"))
    for batch in store.read_all():
        store.add(batch)
    found = store.of("b")
    assert found is not None
    assert found.name == "run.a"
    assert store.by_name["run.z"].unreleased == {"a"}
