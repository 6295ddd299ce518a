"""The values of the placeholders of one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.asked import lacking_output
from dagtui.graph.expressions.braces import Root, TemplatePlace, quote
from dagtui.graph.expressions.templates import parameter_text, parameter_texts, value_text
from dagtui.graph.model import ParameterValue

if TYPE_CHECKING:
    from dagtui.graph.expressions.asked import AskedNodes, OutputsOf
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.model import NodeIndex, Value

MOST_FILLED = 4 * 1024 * 1024
"""Total characters of the placeholders of one node, because variables made of each other can double repeatedly.
Kernels do not start programs with more.
"""


RunValues = Callable[[], Mapping[str, ParameterValue]]
"""Returns what finally nodes can read of the run now, by name."""
_WITH_LISTS = frozenset({Root.PARAMS, Root.RUN})
_BARE = frozenset({TemplatePlace.WORD, TemplatePlace.APART})


def no_run_values() -> Mapping[str, ParameterValue]:
    """Return what can be read of a run that is not known."""
    return {}


class NodeValues:
    """The values of the placeholders of one node."""

    def __init__(
        self,
        asked: AskedNodes,
        environment: Mapping[str, str],
        node: NodeIndex,
        status_of: Callable[[NodeIndex], str],
        outputs_of: OutputsOf,
        run_values: RunValues,
    ) -> None:
        self.env: dict[str, str] = {}
        self.unknown: set[str] = set()
        """The variables of the task whose values are unknown."""
        self._graph = asked.graph
        self._asked = asked
        self._environment = environment
        self._node = node
        self._cell: dict[str, str] | None = None
        self._status_of = status_of
        self._outputs_of = outputs_of
        self._run_values = run_values
        self._filled = 0

    def of(self, placeholder: Placeholder) -> str:
        """Return the value of a placeholder. Raises ValueProblem if there is none, or if it exceeds the limit."""
        found = self._find(placeholder)
        self._count(placeholder, len(found))
        return found

    def _count(self, placeholder: Placeholder, characters: int) -> None:
        self._filled += characters
        if self._filled > MOST_FILLED:
            raise ValueProblem(
                f"{placeholder.source}: the values of the placeholders have more than {MOST_FILLED:,} characters"
            )

    def _find(self, placeholder: Placeholder) -> str:
        root, name = placeholder.root, placeholder.name
        found: str | None
        if root is Root.NEEDS:
            return self._of_needs(placeholder)
        if root is Root.ENV:
            if name in self.unknown:
                raise ValueProblem(f"{placeholder.source}: its value is not known")
            found = self.env.get(name)
            found = self._environment.get(name) if found is None else found
        elif root is Root.MATRIX:
            if self._cell is None:
                self._cell = {axis: value_text(value) for axis, value in self._graph.cell(self._node)}
            found = self._cell.get(name)
        else:
            texts = self.texts_of(placeholder)
            if texts is not None:
                return " ".join(texts)
            values = self._graph.params if root is Root.PARAMS else self._run_values()
            found = parameter_text(values[name]) if name in values else None
        found = placeholder.known(found)
        if found is None:
            what = "the environment variable is not set" if root is Root.ENV else "there is no such value"
            raise ValueProblem(f"{placeholder.source}: {what}")
        return found

    def _of_needs(self, placeholder: Placeholder) -> str:
        """Return the status, or an output, of the node that a placeholder asks."""
        asked, output = self._asked.node(self._node, placeholder), placeholder.output
        if asked is None:  # there is a default
            return placeholder.default or ""
        if not output:
            return placeholder.known(self._status_of(asked)) or ""
        written = self._outputs_of(asked)
        try:
            found = placeholder.known(written[output])
        except KeyError:
            found = placeholder.default
        if found is None:
            raise lacking_output(placeholder, self._graph.labels[asked], written, self._status_of(asked))
        return found

    def quoted(self, placeholder: Placeholder) -> str:
        """Return the value as it is written in a shell's command line. The elements of a list become words."""
        texts = self.texts_of(placeholder) if placeholder.root in _WITH_LISTS else None
        if texts is None or (placeholder.root is Root.RUN and placeholder.place not in _BARE):
            return quote(self.of(placeholder), placeholder.place)
        return " ".join([quote(text, placeholder.place) for text in texts])

    def list_of(self, placeholder: Placeholder) -> tuple[Value, ...] | None:
        """Return the elements of a list, or its default if it is empty. None if the placeholder is not a list."""
        if placeholder.root not in _WITH_LISTS:
            return None
        values = self._graph.params if placeholder.root is Root.PARAMS else self._run_values()
        found = values.get(placeholder.name)
        if not isinstance(found, tuple):
            return None
        return (placeholder.default,) if not found and placeholder.default is not None else found

    def texts_of(self, placeholder: Placeholder) -> tuple[str, ...] | None:
        """Return the elements of a list as texts, or None if the placeholder is not a list."""
        found = self.list_of(placeholder)
        if found is None:
            return None
        texts = parameter_texts(found)
        self._count(placeholder, sum(map(len, texts)))
        return texts
