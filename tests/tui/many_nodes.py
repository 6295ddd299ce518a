"""A run of some thousand nodes, in full course and with failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.played_run import PlayedRun

from dagtui.graph.model import Graph, Task

if TYPE_CHECKING:
    from support.adopted_run import AdoptedRun

SHARDS, CHUNKS, JOBS = 50, 97, 8
_FAILS_EVERY = 180


def five_stages() -> Graph:
    """prepare, shards of it, chunks of each shard, a merge of the chunks of each, and a total."""
    shards = [f"shard{shard:02}" for shard in range(SHARDS)]
    chunks = [f"chunk{shard:02}.{chunk:02}" for shard in range(SHARDS) for chunk in range(CHUNKS)]
    merges = [f"merge{shard:02}" for shard in range(SHARDS)]
    labels = ["prepare", *shards, *chunks, *merges, "total"]
    first = {"shard": 1, "chunk": 1 + SHARDS, "merge": 1 + SHARDS + len(chunks)}
    edges = [(0, first["shard"] + shard) for shard in range(SHARDS)]
    for at in range(len(chunks)):
        edges.append((first["shard"] + at // CHUNKS, first["chunk"] + at))
        edges.append((first["chunk"] + at, first["merge"] + at // CHUNKS))
    edges += [(first["merge"] + shard, len(labels) - 1) for shard in range(SHARDS)]
    return Graph(labels, sorted(edges), name="five", tasks=[Task(label) for label in labels])


def half_done(chunks: int = 2400, seconds: float = 50.0) -> AdoptedRun:
    """That graph when some of its chunks have run, of which every so many failed, and eight run."""
    played = PlayedRun(five_stages(), jobs=JOBS)
    played.run("prepare", *(f"shard{shard:02}" for shard in range(SHARDS)))
    played.now = 3.0
    labels = [label for label in played.graph.labels if label.startswith("chunk")]
    for at, label in enumerate(labels[:chunks]):
        played.start(label)
        played.end(label, value=int(at % _FAILS_EVERY == 7), after=seconds / chunks)
    for shard in range(chunks // CHUNKS):
        if not any(at % _FAILS_EVERY == 7 for at in range(shard * CHUNKS, (shard + 1) * CHUNKS)):
            played.run(f"merge{shard:02}")
    played.start(*labels[chunks : chunks + JOBS], after=0.4)
    return played.session(number=1, began_at=1_795_000_000.0)
