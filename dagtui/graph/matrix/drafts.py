"""Matrices that take values from elsewhere: lists among the parameters of a run, and sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import FollowsError, GraphError, ValueProblem, quoted, read_inside
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import parameter_text, parse_template
from dagtui.graph.matrix.matrices import EXCLUDE, FROM, NO_SHEET, Sheet, matrix_of
from dagtui.graph.matrix.selectors import unknown_name
from dagtui.graph.toml import values
from dagtui.graph.toml.parse import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.templates import Template
    from dagtui.graph.matrix.matrices import MatrixDraft
    from dagtui.graph.model import Matrix, ParameterValue

_WHOLE_AXIS = 'write one list as the whole axis: "{{ params.NAME }}"'


class SheetReader:
    """Reads the sheets of one graph, each of them once."""

    def __init__(self, folder: Path, diagnostics: Diagnostics) -> None:
        """Read sheets whose paths are relative to a folder."""
        self._folder = folder
        self._diagnostics = diagnostics
        self._read: dict[str, Sheet | None] = {}
        self.digests: dict[Path, bytes] = {}
        """The digests of the contents."""

    def sheet(self, written: str) -> Sheet:
        """Return the rows of a file. Raises ValueProblem without it, and FollowsError if its content is wrong."""
        if written not in self._read:
            from dagtui.graph.matrix.sheets import content_of, rows_of

            self._read[written] = None
            path = self._folder / values.path(written)
            content = content_of(path)
            self.digests[path.absolute()] = digest_of(content)
            try:
                self._read[written] = Sheet(written, rows_of(path, content))
            except GraphError as error:
                self._diagnostics.elsewhere(error)
        found = self._read[written]
        if found is None:
            raise FollowsError
        return found


def complete(
    draft: MatrixDraft, params: Mapping[str, ParameterValue], diagnostics: Diagnostics, sheets: SheetReader
) -> Matrix:
    """Return the matrix with the values that its draft refers to. Raises ValueProblem and FollowsError."""
    table = dict(draft.table)
    changing: set[str] = set()
    sheet = NO_SHEET
    for axis, entries in draft.table.items():
        if axis == EXCLUDE or not isinstance(entries, str):
            continue
        if axis == FROM:
            del table[FROM]
            path = read_inside((FROM,), filled_path, entries, params, diagnostics)
            sheet = read_inside((FROM,), sheets.sheet, path)
        elif "{{" in entries:
            changing.add(axis)
            table[axis] = list(read_inside((axis,), _elements, entries, params, diagnostics))
    try:
        return matrix_of(table, frozenset(changing), sheet)
    except ValueProblem as wrong:
        if len(wrong.inside) == 2 and wrong.inside[0] in changing:  # there is no element in the file
            raise ValueProblem(wrong.message, wrong.hint, inside=wrong.inside[:1]) from None
        raise


def filled_path(text: str, params: Mapping[str, ParameterValue], diagnostics: Diagnostics) -> str:
    """Return a path with its parameters filled in. Raises ValueProblem and FollowsError."""
    template = _parsed(text)
    for placeholder in template.placeholders():
        source, name = quoted(placeholder.source), placeholder.name
        if placeholder.root is not Root.PARAMS:
            message = f"can't have {source} in it"
            raise ValueProblem(message, "only params are known before the run starts", needle=placeholder.source)
        if name not in params and placeholder.default is None:
            raise _unknown(placeholder, params, diagnostics)
        if isinstance(params.get(name), tuple):
            message = f"can't have the list {source} in it"
            raise ValueProblem(message, "use a parameter with one value", needle=placeholder.source)
    return template.fill(lambda part: part.known(parameter_text(params.get(part.name, ""))) or "")


def _elements(text: str, params: Mapping[str, ParameterValue], diagnostics: Diagnostics) -> tuple[object, ...]:
    placeholder = _parsed(text.strip()).alone
    if placeholder is None:
        raise ValueProblem("must be an array, or one list", _WHOLE_AXIS)
    source, name = quoted(placeholder.source), placeholder.name
    if placeholder.root is not Root.PARAMS:
        raise ValueProblem(f"can't be {source}", "only params are known before the run starts")
    if placeholder.default is not None:
        raise ValueProblem(f"can't be {source}: a list has no default here", f"give {quoted(name)} one in [params]")
    if name not in params:
        raise _unknown(placeholder, params, diagnostics)
    found = params[name]
    if not isinstance(found, tuple):
        example = f"write {name} = [...] in [params]"
        raise ValueProblem(f"can't be {source}: that parameter is {values.kind(found)}, not a list", example)
    if not found:
        raise ValueProblem(
            f"must have at least one value, and the list {quoted(name)} is empty", f"write -p {name}=A,B"
        )
    return found


def _parsed(text: str) -> Template:
    try:
        return parse_template(text)
    except ValueProblem as wrong:
        raise _unreadable(wrong) from None


def _unknown(
    placeholder: Placeholder, params: Mapping[str, ParameterValue], diagnostics: Diagnostics
) -> ValueProblem | FollowsError:
    unknown = unknown_name(placeholder, params, diagnostics)
    return _unreadable(unknown) if isinstance(unknown, ValueProblem) else unknown


def _unreadable(wrong: ValueProblem) -> ValueProblem:
    return ValueProblem(f"can't be read: {wrong.message}", wrong.hint, needle=wrong.needle)
