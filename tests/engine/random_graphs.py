"""Random graphs for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from dagtui.graph.model import Graph, RetryPolicy, RunSettings, Task, Trigger

triggers = st.sampled_from([Trigger.ALL_SUCCESS] * 4 + list(Trigger))
policies = st.sampled_from(
    [
        RetryPolicy(),
        RetryPolicy(),
        RetryPolicy(1, delay=0.0),
        RetryPolicy(2, delay=2.0, backoff=2.0, jitter=0.5),
        RetryPolicy(1, delay=2.0, exit_codes=(7,)),
    ]
)
tasks = st.builds(
    Task,
    name=st.just("task"),
    retry=policies,
    timeout=st.sampled_from([None, None, 4.0]),
    slots=st.sampled_from([1, 1, 1, 2, 3]),
    trigger=triggers,
    allow_failure=st.sampled_from([False, False, False, True]),
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to eight nodes."""
    drawn = draw(st.lists(tasks, min_size=1, max_size=8))
    pairs = [(a, b) for b in range(len(drawn)) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14)) if pairs else []
    settings = RunSettings(keep_going=draw(st.booleans()))
    return Graph([f"n{i}" for i in range(len(drawn))], sorted(edges), tasks=drawn, settings=settings)
