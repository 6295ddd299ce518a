"""No text of a file or a task reaches a widget but through `dagtui.text`, and nothing in the screen reads markup.

What is forbidden is found in the syntax trees of the screen's modules: the sinks of Textual and Rich that read markup,
and foreign strings (names, docs, paths, reasons …) that are written into texts without a sanitiser around them.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2] / "dagtui"
MODULES = sorted((ROOT / "tui").rglob("*.py"))

MARKUP_SINKS = {
    "notify", "Static", "Label", "Button", "Markdown", "RichLog", "Log", "DataTable", "Tree", "ListItem", "Checkbox",
    "RadioButton", "Select", "Option", "OptionList", "Collapsible", "Header", "Digits", "Link", "Placeholder", "Pretty",
    "Tooltip", "Toast", "Rule", "Switch", "SelectionList", "TabPane", "TabbedContent", "from_markup", "from_ansi",
    "Content", "render_str", "Console", "print",
}  # fmt: skip
"""Names of what reads markup, or writes past the driver."""
INNOCENT = {"Color.from_ansi"}
MARKUP_ATTRIBUTES = {"tooltip", "border_title", "border_subtitle", "title", "sub_title", "TITLE", "SUB_TITLE"}
"""Attributes of widgets and apps that are read as markup, or that a terminal's title could be made of."""

ALLOWED = {("screen_app.py", "TITLE", "'dagtui'"), ("app.py", "TITLE", "'dagtui'")}
"""Module, attribute, and what it is set to."""

FOREIGN = {
    "labels", "doc", "group", "why", "by", "graph_path", "filter_query", "as_run", "cwd",
    "log_path", "env", "params", "title",
}  # fmt: skip
"""Attributes and functions that give strings of a file or of a task."""
SANITISERS = {
    "label",
    "name_label",
    "block",
    "exact",
    "exact_line",
    "plain_line",
    "styled",
    "for_terminal",
    "name_run",
    "say",
    "_name",
    "target",
    "len",
}
"""What makes safe texts, or numbers, of them: `dagtui.text`, and functions of the screen that call it first."""
SINKS = {"Run", "Piece", "row", "Row", "muted", "Segment", "Text", "_named", "Hit", "DiscoveryHit", "write"}


def name_of(node: ast.expr) -> str:
    """The last part of a name: `label` of `text.label(…)`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def markup_sinks(module: ast.Module, name: str) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            found = name_of(node.func) in MARKUP_SINKS and ast.unparse(node.func) not in INNOCENT
            found = found or any(is_markup_keyword(keyword) for keyword in node.keywords) or is_update(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found = any(is_markup_attribute(target, node.value, name) for target in targets)
        else:
            continue
        if found:
            yield f"{name}:{node.lineno}: {ast.unparse(node)}"


def is_markup_keyword(keyword: ast.keyword) -> bool:
    switched_off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
    return keyword.arg in {"tooltip", "markup"} and not switched_off


def is_update(call: ast.Call) -> bool:
    """Whether it gives a widget a string; tables and tallies are updated with other things."""
    return (
        name_of(call.func) == "update" and bool(call.args) and isinstance(call.args[0], (ast.JoinedStr, ast.Constant))
    )


def is_markup_attribute(target: ast.expr, value: ast.expr, module: str) -> bool:
    what = name_of(target)
    local = isinstance(target, ast.Name) and what.islower()
    return what in MARKUP_ATTRIBUTES and not local and (module, what, ast.unparse(value)) not in ALLOWED


def is_foreign(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in FOREIGN
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FOREIGN


def unsafe_texts(node: ast.AST, name: str, *, shown: bool = False) -> Iterator[str]:
    """Foreign strings in texts that are shown, or in what texts are made of, with no sanitiser between."""
    if isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and name_of(node.func) in SANITISERS):
        return
    shown = (
        shown or isinstance(node, ast.FormattedValue) or (isinstance(node, ast.Call) and name_of(node.func) in SINKS)
    )
    if shown and is_foreign(node):
        yield f"{name}:{node.lineno}: {ast.unparse(node)}"
        return
    children = [node.body, node.orelse] if isinstance(node, ast.IfExp) else ast.iter_child_nodes(node)
    for child in children:
        yield from unsafe_texts(child, name, shown=shown)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_of_the_screen_reads_markup(path: Path):
    assert list(markup_sinks(parsed(path), path.name)) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_foreign_strings_are_made_safe_where_they_become_texts(path: Path):
    assert list(unsafe_texts(parsed(path), path.name)) == []


@pytest.mark.parametrize(
    "code",
    [
        'self.notify(f"{x}")',
        "Static(node)",
        'Label("[b]x[/b]")',
        "widget.tooltip = task.doc",
        "self.border_title = name",
        'self.query_one("#x").update(f"{name}")',
        "Text.from_markup(name)",
        "Container(tooltip=name)",
        "print(name)",
    ],
)
def test_what_reads_markup_is_found(code: str):
    assert list(markup_sinks(ast.parse(code), "x.py"))


@pytest.mark.parametrize(
    "code",
    [
        "Run(graph.labels[node])",
        'row(f"{task.doc}")',
        "muted(session.cwd(node))",
        'text = f"held back by {state.graph.labels[root]}"',
        "Segment(state.why.get(node), style)",
        'Run(graph.labels[0] if one else "")',
    ],
)
def test_a_foreign_string_without_sanitiser_is_found(code: str):
    assert list(unsafe_texts(ast.parse(code), "x.py"))


@pytest.mark.parametrize(
    "code", ["Run(label(graph.labels[node], 60))", 'row(f"{label(task.doc)}")', "Run(x if state.why else y)"]
)
def test_a_foreign_string_with_sanitiser_is_not_found(code: str):
    assert list(unsafe_texts(ast.parse(code), "x.py")) == []
