"""Commands as they run, for people to read and to paste: placeholders are filled in, secrets are masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagtui.graph.command_line import command_line
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.text.masking import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.model import Graph
    from dagtui.text.secrets import Secrets


class UnknownEnvironment(Mapping[str, str]):
    """The environment of a run that another process has, or that nobody has begun: asking for a variable is refused."""

    def __getitem__(self, name: str) -> str:
        raise ResolutionError(f"the environment variable {name} is not known here")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def masked_environment(environment: Mapping[str, str], names: tuple[str, ...], secrets: Secrets) -> dict[str, str]:
    """The environment of a run without its secrets; `names` are those of the secrets."""
    # Before values are put in: a shell's quotes could tear a secret apart so that it isn't found any more.
    return {name: MARK.decode() if name in names else secrets.mask(value) for name, value in environment.items()}


def unknown_status(node: int) -> str:
    """Where no node has ended."""
    raise ResolutionError(f"how node {node} ends is not known yet")


class AsRun:
    """The command lines of a graph whose secrets are masked."""

    def __init__(
        self,
        graph: Graph,
        environment: Mapping[str, str],
        status_of: Callable[[int], str],
        secrets: Secrets | None = None,
    ) -> None:
        """Graph and environment are masked already; `status_of` raises ResolutionError for what isn't known."""
        self._graph = graph
        self._resolver = Resolver(graph, environment)
        self._status_of = status_of
        self._secrets = secrets

    def command(self, node: int) -> str:
        """What the node executes; as it was written where a value is not known."""
        written = self.template(node)
        if "{{" not in written:
            return written
        try:
            filled = command_line(self._resolver.resolve(node, self._status_of).action)
        except ResolutionError:
            return written
        # Harmless values may make a secret together.
        return self._secrets.mask(filled) if self._secrets is not None else filled

    def template(self, node: int) -> str:
        """What the node executes, as it was written."""
        return command_line(self._graph.task(node).action)
