"""Judge whether a node is up to date: whether all that its last success depended on is still the same.

Compared are its command as filled in, the variables that it sets, where and how it runs, what its inputs and outputs
hold, and the keys of parents without outputs. How a node is retried, or how much it takes of the machine, is not.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.execution.files.digests import UNREADABLE
from dagtui.execution.files.reasons import Reason, changes_of_parts, changes_of_paths, in_words
from dagtui.graph.files.paths import PathKind
from dagtui.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.files.fingerprints import Fingerprints
    from dagtui.execution.files.looked_at import FileReader, LookedAt
    from dagtui.graph.files.paths import DeclaredPath, NodeFiles


class NodeToJudge(NamedTuple):
    """A node as it would run now."""

    name: str
    files: NodeFiles
    parts: Mapping[str, str]
    """Digests of the parts of its definition, by their names for people (see `node_key`)."""
    forced: str = ""
    """Why it runs in any case. Empty: what is remembered decides."""
    rewritten: Collection[str] = ()
    """Inputs that are written before it runs, as written and filled in. They count as they were at its last success."""


class Judgement(NamedTuple):
    """Whether a node is up to date, and why."""

    up_to_date: bool
    why: str
    """For people, such as "runs: in.csv changed". Safe to show."""
    key: str = ""
    """Stands for all that decides what the node does. Its children use it if the node has no outputs."""
    inputs: tuple[LookedAt, ...] = ()
    """In the order of the declared paths."""
    values: Mapping[str, str] = {}
    """What its last success handed on, if it is up to date."""
    problem: str = ""
    """Why it can't run. Empty: it can."""


class Judge:
    """Judges nodes, and remembers their successes. Any thread may call."""

    def __init__(self, memory: Fingerprints, reader: FileReader, run: int, redact: Callable[[str], str] = str) -> None:
        """`redact` is applied to the values that a node hands on, and to names of files, before they are remembered."""
        self._memory = memory
        self._reader = reader
        self._run = run
        self._redact = redact

    def judge(self, node: NodeToJudge, is_stopped: Callable[[], bool], *, may_read: bool) -> Judgement | None:
        """Judge a node. None if files must be read for that, and they must not be. Raises Interrupted."""
        declared = node.files
        seen = self._look([*declared.inputs, *declared.outputs], is_stopped, may_read=may_read)
        if seen is None:
            return None
        inputs, outputs = tuple(seen[: len(declared.inputs)]), seen[len(declared.inputs) :]
        key = _key(node, inputs)
        declared = self._redacted(declared)
        remembered = self._memory.node(node.name)
        facts = _Facts(remembered.facts)
        if node.rewritten:
            rewritten = [path.text in node.rewritten for path in node.files.inputs]
            inputs = facts.as_remembered(declared.inputs, inputs, rewritten)
        problem = _problem(declared.inputs, inputs)
        if problem:
            return Judgement(up_to_date=False, why=problem, key=key, inputs=inputs, problem=problem)
        reasons = [Reason("", node.forced)] if node.forced else []
        if remembered.begun:
            what = "outputs may be incomplete: " if declared.outputs else ""
            reasons.append(Reason("", f"{what}{remembered.begun}"))
        elif remembered.facts is None:
            reasons.append(Reason("", "no earlier success is known"))
        if remembered.facts is not None:
            reasons += changes_of_parts(facts.parts, node.parts)
            reasons += changes_of_paths("input", facts.inputs, declared.inputs, inputs)
            reasons += changes_of_paths("output", facts.outputs, declared.outputs, outputs)
        if reasons:
            return Judgement(up_to_date=False, why=f"runs: {in_words(reasons)}", key=key, inputs=inputs)
        return Judgement(True, facts.unchanged(inputs, outputs), key, inputs, facts.values)

    def changed_since(self, name: str, files: NodeFiles) -> tuple[str, ...] | None:
        """Return the inputs and outputs of a node that changed since its last success. None: that is not known."""
        facts = self._memory.node(name).facts
        seen = self._look([*files.inputs, *files.outputs], bool, may_read=True)
        if facts is None or seen is None:
            return None
        files = self._redacted(files)
        known, inputs, outputs = _Facts(facts), seen[: len(files.inputs)], seen[len(files.inputs) :]
        reasons = [
            *changes_of_paths("input", known.inputs, files.inputs, inputs),
            *changes_of_paths("output", known.outputs, files.outputs, outputs),
        ]
        return tuple(f"{reason.kind} {reason.name or reason.what}".strip() for reason in reasons)

    def remembered_key(self, name: str) -> str:
        """Return the key of a node's last success. Empty: none is known."""
        return _Facts(self._memory.node(name).facts).key

    # The life of an attempt

    def begin(self, name: str, attempt: AttemptNumber, facts: Mapping[str, object] | None = None) -> None:
        """Note that an attempt is about to begin. Its outputs count as incomplete until it has succeeded.

        `facts` are noted for an attempt that may outlive this process.
        """
        self._memory.begin(name, self._begun(attempt), facts)

    def facts_at_begin(self, node: NodeToJudge, judgement: Judgement, attempt: AttemptNumber) -> dict[str, object]:
        """Return what is remembered of a success, as far as it is known when the attempt begins."""
        return {
            "run": self._run,
            "attempt": attempt,
            "key": judgement.key,
            "parts": dict(node.parts),
            "inputs": _as_facts(self._redacted(node.files).inputs, judgement.inputs),
        }

    def facts_of(self, name: str, attempt: AttemptNumber) -> Mapping[str, object] | None:
        """Return the facts that an earlier process of the run noted when an attempt began. None: it did not begin."""
        return self._memory.facts_at_begin(name, self._begun(attempt))

    def withdraw(self, name: str, attempt: AttemptNumber) -> None:
        """Note that an attempt did not begin after all."""
        self._memory.withdraw(name, self._begun(attempt))

    def fail(self, name: str, attempt: AttemptNumber, how: str) -> None:
        """Note how an attempt failed, such as "failed"."""
        self._memory.fail(name, self._begun(attempt), f"{self._attempt(attempt)} {how}")

    def _attempt(self, attempt: AttemptNumber) -> str:
        return f"attempt {attempt} of run {self._run}"

    def _begun(self, attempt: AttemptNumber) -> str:
        return f"{self._attempt(attempt)} was interrupted"

    def missing_outputs(self, files: NodeFiles, is_stopped: Callable[[], bool]) -> str:
        """Return in words which declared outputs do not exist. Empty: all do. Raises Interrupted."""
        missing = self._reader.missing(files.outputs, is_stopped)
        if not missing:
            return ""
        reasons = [
            Reason(path.text, "matches no file" if path.kind is PathKind.GLOB else "is missing") for path in missing
        ]
        return f"exit 0, but output {in_words(reasons)}"

    def complete(
        self,
        node: NodeToJudge,
        known: Mapping[str, object],
        values: Mapping[str, str],
        is_stopped: Callable[[], bool],
        *,
        may_read: bool,
    ) -> bool:
        """Remember the success of an attempt. False if files must be read for that, and must not be.

        `known` are the facts of its beginning: its inputs are remembered as they were when it was judged, so that a
        change while it ran counts as one. Raises Interrupted.
        """
        outputs = self._look(node.files.outputs, is_stopped, may_read=may_read)
        if outputs is None:
            return False
        declared = self._redacted(node.files)
        facts = {
            **known,
            "outputs": _as_facts(declared.outputs, outputs),
            "values": {self._redact(name): self._redact(text) for name, text in values.items()},
        }
        self._memory.complete(node.name, facts)
        return True

    def _look(
        self, paths: Sequence[DeclaredPath], is_stopped: Callable[[], bool], *, may_read: bool
    ) -> list[LookedAt] | None:
        """Look at paths. The names of their files have no secrets."""
        seen = self._reader.look(paths, is_stopped, may_read=may_read)
        if seen is None or self._redact is str:
            return seen
        redact = self._redact
        return [
            entry._replace(names={redact(name): digest for name, digest in entry.names.items()})
            if entry.names
            else entry
            for entry in seen
        ]

    def _redacted(self, files: NodeFiles) -> NodeFiles:
        """Return declared paths as they are compared and remembered: their texts have no secrets."""
        if self._redact is str:
            return files
        inputs, outputs = (tuple([path._replace(text=self._redact(path.text)) for path in paths]) for paths in files)
        return files._replace(inputs=inputs, outputs=outputs)


class _Facts:
    """What is remembered of a success. A part that can't be understood counts as changed."""

    def __init__(self, facts: Mapping[str, object] | None) -> None:
        self._facts = facts or {}

    @property
    def key(self) -> str:
        return str(self._facts.get("key", ""))

    @property
    def parts(self) -> dict[str, str]:
        return self._texts("parts")

    @property
    def values(self) -> dict[str, str]:
        return self._texts("values")

    @property
    def inputs(self) -> dict[str, tuple[str, Mapping[str, str]]]:
        return self._paths("inputs")

    @property
    def outputs(self) -> dict[str, tuple[str, Mapping[str, str]]]:
        return self._paths("outputs")

    def as_remembered(
        self, paths: tuple[DeclaredPath, ...], seen: tuple[LookedAt, ...], which: Sequence[bool]
    ) -> tuple[LookedAt, ...]:
        """Return what inputs hold, some of them as they were."""
        digests = {text: digest for text, (digest, _) in self.inputs.items()}
        return tuple(
            entry._replace(digest=digests.get(path.text, ""), problem="", missing=False) if is_meant else entry
            for path, entry, is_meant in zip(paths, seen, which, strict=True)
        )

    def unchanged(self, inputs: tuple[LookedAt, ...], outputs: list[LookedAt]) -> str:
        """Say what was looked at."""
        counted = [
            plural(sum(entry.files for entry in seen), what)
            for what, seen in (("input", inputs), ("output", outputs))
            if seen
        ]
        return f"up to date: {', '.join(counted)} unchanged since run {self._facts.get('run', 0)}"

    def _texts(self, name: str) -> dict[str, str]:
        found = self._facts.get(name)
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def _paths(self, name: str) -> dict[str, tuple[str, Mapping[str, str]]]:
        found = self._facts.get(name)
        if not isinstance(found, dict):
            return {}
        entries = ((str(text), entry) for text, entry in found.items())
        return {
            text: (str(entry[0]), cast("Mapping[str, str]", entry[1]) if isinstance(entry[1], dict) else {})
            for text, entry in entries
            if isinstance(entry, list) and len(entry) == 2
        }


def _as_facts(paths: tuple[DeclaredPath, ...], seen: tuple[LookedAt, ...] | list[LookedAt]) -> dict[str, object]:
    return {path.text: [entry.digest, dict(entry.names)] for path, entry in zip(paths, seen, strict=True)}


def _key(node: NodeToJudge, inputs: tuple[LookedAt, ...]) -> str:
    seen = [[path.text, entry.digest] for path, entry in zip(node.files.inputs, inputs, strict=True)]
    return sha256(json.dumps([sorted(node.parts.items()), seen]).encode()).hexdigest()


def _problem(paths: tuple[DeclaredPath, ...], seen: tuple[LookedAt, ...]) -> str:
    """Return why a node can't run because of its inputs. A pattern that nothing matches is an empty list."""
    missing = [
        Reason(path.text, entry.problem)
        for path, entry in zip(paths, seen, strict=True)
        if entry.missing and entry.digest == UNREADABLE
    ]
    return f"input {in_words(missing)}" if missing else ""
