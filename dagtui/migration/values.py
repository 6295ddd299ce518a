"""Values in the files of other tools, and what `${…}` stands for in a dvc.yaml.

That is from `vars`, params.yaml, and the cells of `foreach` and `matrix`.
"""

from __future__ import annotations

import json
import re
import stat
import tomllib
from typing import TYPE_CHECKING

from dagtui.graph.expressions.braces import doubled
from dagtui.text.yaml_errors import yaml_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dagtui.migration.drafts import Draft

Scalar = str | int | float | bool

MOST_BYTES = 4 * 1024**2
MOST_VALUES = 1000
"""The most values of one table. Aliases could make many of a few lines."""
_HOLE = re.compile(r"\\?\$\{\s*([^{}]*?)\s*\}")
_ONLY_IN_1_1 = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
_STEP = re.compile(r"\.|\[(\d+)\]")
PLAIN = re.compile(r"[\w./:=,+@%-]*")
"""Values that mean the same to a shell with quotes and without."""
_KINDS = (".yaml", ".yml", ".json", ".toml")


class UnknownError(Exception):
    """A text names a value that is not known. The message says which."""


def refuse_pipe(path: Path) -> None:
    """Raise ValueError if a file is a pipe or device, because reading it may never end. Raises OSError."""
    if stat.S_IFMT(path.stat().st_mode) not in {stat.S_IFREG, stat.S_IFDIR}:
        raise ValueError("it is a pipe or device: write its content to a file")


def read_data(path: Path) -> object:
    """Return the content of a YAML, JSON or TOML file. Raises OSError, ValueError, and ImportError without PyYAML."""
    refuse_pipe(path)
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it holds more than {MOST_BYTES // 1024**2} MB")
    text = content.decode()
    if path.suffix == ".json":
        return json.loads(text)
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return _read_yaml(text)


def _read_yaml(text: str) -> object:
    """Read YAML as version 1.2 has it, in which `on`, `no` and dates are texts."""
    import yaml  # type: ignore[import-untyped]

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # both make plain values only
        def flatten_mapping(self, node: yaml.Node) -> None:
            super().flatten_mapping(node)
            if len(node.value) > MOST_VALUES * 10:
                raise yaml.constructor.ConstructorError(
                    None, None, "a table with too many merged values", node.start_mark
                )

    kept = {
        first: [(tag, shape) for tag, shape in known if tag not in _ONLY_IN_1_1]
        for first, known in Loader.yaml_implicit_resolvers.items()
    }
    Loader.yaml_implicit_resolvers = kept
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
    )
    try:
        return yaml.load(text, Loader=Loader)  # noqa: S506 - it makes plain values only
    except yaml.YAMLError as error:
        raise ValueError(yaml_problem(error)) from error


class DvcValues:
    """Looks values up, and writes texts with placeholders in place of `${…}`."""

    def __init__(self, folder: Path, draft: Draft) -> None:
        self._folder, self._draft = folder, draft
        self._known: dict[str, object] = {}
        self._params: dict[str, str] = {}
        """The parameter of the graph for each value that is used."""

    def add(self, source: object) -> None:
        """Take over an entry of `vars`: a table, or a file, or keys of a file. Raises UnknownError."""
        if isinstance(source, dict):
            self._known.update(source)
            return
        name, _, keys = words(source).partition(":")
        try:
            data = read_data(self._folder / name)
        except (OSError, ValueError) as error:
            raise UnknownError(f"{name} can't be read: {error}") from error
        if isinstance(data, dict):
            wanted = keys.split(",") if keys else list(data)
            self._known.update({key: data[key] for key in wanted if key in data})

    def look_up(self, name: str) -> object:
        """Return the value of a dotted name. Raises UnknownError."""
        found: object = self._known
        for step in filter(None, _STEP.split(name)):
            if isinstance(found, dict) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
                found = found[int(step)]
            else:
                raise UnknownError(f"the value of ${{{name}}} is not known")
        return found

    def raw(self, value: object) -> object:
        """Return what a value stands for that may be one `${…}` alone."""
        whole = _HOLE.fullmatch(value) if isinstance(value, str) else None
        return self.look_up(whole[1]) if whole else value

    def written(self, text: str, axes: Mapping[str, str], literal: Callable[[str], str] = str) -> str:
        """Return a text with placeholders. `axes` are the axes of the task, by the names that DVC has for them."""
        return self._filled(text, literal, lambda name: self._placeholder(name, axes))

    def concrete(self, text: str, cell: Mapping[str, Scalar]) -> str:
        """Return a text as it is for one cell."""
        return self._filled(text, str, lambda name: shown(cell[name] if name in cell else self.look_up(name)))

    def _filled(self, text: str, literal: Callable[[str], str], fill: Callable[[str], str]) -> str:
        parts, end = [], 0
        for hole in _HOLE.finditer(text):
            parts.append(literal(doubled(text[end : hole.start()])))
            parts.append(hole[0][1:] if hole[0].startswith("\\") else fill(hole[1]))
            end = hole.end()
        return "".join([*parts, literal(doubled(text[end:]))])

    def _placeholder(self, name: str, axes: Mapping[str, str]) -> str:
        if name in axes:
            return f"{{{{ matrix.{axes[name]} }}}}"
        value = self.look_up(name)
        if isinstance(value, dict):
            return " ".join(_flags(value))
        if isinstance(value, list):
            return " ".join(map(shown, filter(is_scalar, value)))
        if not PLAIN.fullmatch(shown(value)) or not isinstance(value, Scalar):
            return doubled(shown(value))  # a placeholder would be quoted for the shell
        if name not in self._params:
            parameter = re.sub(r"\W+", "_", name).strip("_") or "value"
            while parameter in self._draft.params:
                parameter += "_"
            self._params[name] = parameter
            self._draft.params[parameter] = value
        return f"{{{{ params.{self._params[name]} }}}}"


def is_data(name: str) -> bool:
    """Return whether single values of a file can be inputs."""
    return name.endswith(_KINDS)


def listed(value: object) -> list[object]:
    """Return a list, or a single value as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def is_scalar(value: object) -> bool:
    """Return whether a value is a text or a number. Aliases can make anything else endless."""
    return isinstance(value, str | int | float)


def words(value: object) -> str:
    """Return a text or a number as text, and anything else as an empty one."""
    return str(value) if is_scalar(value) else ""


def shown(value: object) -> str:
    """Return a value as DVC writes it into a command."""
    return str(value).lower() if isinstance(value, bool) else words(value)


def _flags(table: Mapping[str, object], head: str = "--") -> Iterator[str]:
    """Yield the options that DVC makes of a table: its dotted keys, a bare one for true, none for false."""
    for number, (key, value) in enumerate(table.items()):
        if number > MOST_VALUES:
            raise UnknownError("a table with too many values")
        if isinstance(value, dict):
            yield from _flags(value, f"{head}{key}.")
        elif value is True:
            yield f"{head}{key}"
        elif isinstance(value, list):
            yield " ".join([f"{head}{key}", *map(shown, filter(is_scalar, value))])
        elif value is not False and is_scalar(value):
            yield f"{head}{key} {shown(value)}"
