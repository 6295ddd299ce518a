"""A graph in the languages of other tools: Mermaid and DOT for pictures, JSON for programs.

Foreign text stands between quotes only. Each character that could mean something there is written as its number.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

from dagtui.graph.export import resolved
from dagtui.text.labels import FORBIDDEN, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.model import Graph, NodeIndex

MOST_EDGES = 500
"""Edges that Mermaid draws unless its setting `maxEdges` allows more."""
_PLAIN_IN_MERMAID = re.compile(r"[^A-Za-z0-9 ,.=_\u00a1-\U0010ffff-]")


def mermaid(graph: Graph) -> Iterator[str]:
    """Yield a flowchart for Mermaid, which GitHub and GitLab draw in Markdown. Edges from files are dotted."""
    yield "flowchart LR"
    yield from _boxes(
        graph, _in_mermaid, '{indent}subgraph g{number}["{text}"]', "{indent}end", '{indent}n{node}["{text}"]'
    )
    for parent, child, is_file in _edges(graph):
        yield f"  n{parent} {'-.->' if is_file else '-->'} n{child}"


def dot(graph: Graph) -> Iterator[str]:
    """Yield a digraph for Graphviz. Edges from files are dotted."""
    yield f'digraph "{_in_dot(graph.name)}" {{'
    yield "  rankdir=LR;"
    yield '  node [shape=box, style=rounded, fontname="sans-serif"];'
    cluster = '{indent}subgraph cluster_{number} {{ label="{text}"; fontname="sans-serif"; style=rounded;'
    yield from _boxes(graph, _in_dot, cluster, "{indent}}}", '{indent}n{node} [label="{text}"];')
    for parent, child, is_file in _edges(graph):
        yield f"  n{parent} -> n{child}{' [style=dotted]' if is_file else ''};"
    yield "}"


def to_json(graph: Graph) -> str:
    """Return one JSON document in ASCII: the resolved file, its nodes and its edges."""
    labels = graph.labels
    nodes = [
        {"node": labels[node], "task": graph.task(node).name, "cell": dict(graph.cell(node))} for node in graph.nodes
    ]
    edges = [
        {"parent": labels[parent], "child": labels[child], "from": "files" if is_file else "needs"}
        for parent, child, is_file in _edges(graph)
    ]
    return json.dumps(_finite({"file": resolved(graph), "nodes": nodes, "edges": edges}), indent=2)


def _edges(graph: Graph) -> Iterator[tuple[NodeIndex, NodeIndex, bool]]:
    """Yield (parent, child, whether only files make the edge)."""
    from_files = graph.file_edges
    for child in graph.nodes:
        for parent in graph.parents(child):
            yield parent, child, from_files is not None and from_files.has(parent, child)


def _boxes(graph: Graph, quoted: Callable[[str], str], begin: str, end: str, box: str) -> Iterator[str]:
    """Yield the nodes, each inside the boxes of its group. Groups nest by their slashes."""
    members: dict[tuple[str, ...], list[NodeIndex]] = {}
    for node in graph.nodes:
        members.setdefault(tuple(filter(None, graph.task(node).group.split("/"))), []).append(node)
    inside: tuple[str, ...] = ()
    number = 0
    for group in sorted(members):
        shared = sum(1 for _ in _common(inside, group))
        for depth in range(len(inside), shared, -1):
            yield end.format(indent="  " * depth)
        for depth in range(shared, len(group)):
            yield begin.format(indent="  " * (depth + 1), number=number, text=quoted(group[depth]))
            number += 1
        inside = group
        for node in members[group]:
            yield box.format(indent="  " * (len(group) + 1), node=node, text=quoted(graph.labels[node]))
    for depth in range(len(inside), 0, -1):
        yield end.format(indent="  " * depth)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> Iterator[str]:
    """Yield the parts that both begin with."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return
        yield mine


def _in_mermaid(text: str) -> str:
    return _PLAIN_IN_MERMAID.sub(lambda found: f"#{ord(found[0])};", _shown(text))


def _in_dot(text: str) -> str:
    text = _shown(text)
    for character, written in (("\\", "\\\\"), ('"', '\\"'), ("&", "&amp;")):
        text = text.replace(character, written)
    return text


def _shown(text: str) -> str:
    """Return the text with control and reordering characters made visible: a picture can't show them either."""
    return re.sub(f"[{FORBIDDEN}]", lambda found: visible(found[0]), text)


def _finite(value: object) -> object:
    """Return the value with words in place of the numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
