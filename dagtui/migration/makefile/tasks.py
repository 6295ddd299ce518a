"""A Makefile as a graph: rules are tasks, files that they need and make are `inputs` and `outputs`."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError
from dagtui.graph.expressions.braces import SHELLS, doubled
from dagtui.graph.files.paths import escaped
from dagtui.graph.loading import load_text
from dagtui.migration.drafts import Draft, entries
from dagtui.migration.makefile.calls import LONGEST, MOST_BYTES, Make, MakeError
from dagtui.migration.makefile.dry_run import dry_run, first_look
from dagtui.migration.makefile.inherited import inherited_losses
from dagtui.migration.makefile.kinds import TargetKind, TargetKinds
from dagtui.migration.makefile.live import NOTHING_LIVE, live_values, written
from dagtui.migration.makefile.losses import Losses
from dagtui.migration.makefile.order import PrerequisiteOrder
from dagtui.migration.makefile.prefixes import failures_ignored
from dagtui.migration.makefile.prerequisites import Prerequisites
from dagtui.migration.makefile.recipes import Line, script
from dagtui.migration.makefile.source_text import read_sources
from dagtui.migration.values import refuse_pipe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dagtui.migration.makefile.database import Target
    from dagtui.migration.makefile.dry_run import Block, DryRun, FirstLook
    from dagtui.migration.makefile.live import LiveValues
    from dagtui.migration.makefile.source_text import SourceText

_OWN = {"MAKELEVEL", "MAKEFLAGS", "MFLAGS", "MAKE_TERMOUT", "MAKE_TERMERR", "PWD", "OLDPWD", "_", "SHLVL", "LANGUAGE"}
"""Variables of the environment that make and shells set for themselves."""
_SEPARATORS = re.compile(r"[\s\"'`;&|()<>=,]+")
_ASKS = re.compile(
    r"(?:^|[;&|(]\s*)read\s|\b(?:poetry|pipenv) shell\b|\s--pdb\b|\s-m pdb\s"
    r"|\bdocker\b[^;&|\n]*\s(?:-it|-ti|--interactive)\b"
)


def read_makefile(path: Path, longest: float = LONGEST, most_bytes: int = MOST_BYTES) -> Draft:
    """Make a draft of a Makefile. It calls make. Raises OSError, and ValueError if make refuses the file."""
    refuse_pipe(path)
    with path.open("rb"):
        make = Make(path, longest, most_bytes)
    look = first_look(make)
    if not look.goals:
        raise MakeError("it has no targets that can be named")
    texts = read_sources(path.parent, look.makefiles)
    order = texts.order
    goals = sorted(look.goals, key=lambda name: (name != look.default_goal, order.get(name, len(order))))
    run = dry_run(make, look, goals)
    for name in goals:
        order.setdefault(name, len(order))
    lost = list(inherited_losses(make, look, run))
    for live in (live_values(make, look, run, goals, texts), NOTHING_LIVE):
        tasks = _Tasks(path, look, run, texts, live)
        tasks.add_all(order, texts.help)
        for name, what in lost:
            tasks.draft.lose(name if name in tasks.draft.tasks else "", what)
        tasks.add_settings(make.environment)
        if live is NOTHING_LIVE or _is_graph(tasks.draft, path):
            break
    return tasks.draft


def _is_graph(draft: Draft, path: Path) -> bool:
    try:
        load_text(draft.text(), str(path.with_name("graph.toml")))
    except GraphError:
        return False
    return True


class _Tasks:
    """Makes the tasks of one file."""

    def __init__(self, path: Path, look: FirstLook, run: DryRun, text: SourceText, live: LiveValues) -> None:
        self.draft = Draft(path.name)
        self._folder, self._look, self._run = path.parent, look, run
        self._kinds = TargetKinds(path.parent, run)
        self._made_by: dict[str, str] = {}
        """The task that makes a target, if another target of the same execution gives it the name."""
        targets = run.database.targets
        self._prerequisites = Prerequisites(path.parent, run, self._kinds, self._made_by, self._is_known_task)
        self._losses = Losses(path.parent, run, self._kinds, text, live)
        self._live = live
        self.draft.params |= {name: text.defaults[name] for name in live.params.values()}
        self._fixed: dict[str, str] = {}
        """Lines in which no placeholder can stand, by task."""
        self._acting = set[str]()
        """The tasks that do something, and make no file."""
        self._one_shell = ".ONESHELL" in targets
        self._ignored = targets.get(".IGNORE")

    def add_all(self, order: dict[str, int], helps: dict[str, str]) -> None:
        """Add a task for each target that has a recipe, or other targets that it needs."""
        last = len(order)
        names = list(filter(self._is_known_task, self._run.database.targets))
        names.sort(key=lambda name: (order.get(name, last), name))
        self._join(names)
        for name in names:
            if self._made_by.get(name, name) == name:
                self._add(name, helps.get(name, ""))
            elif name in self._look.database.targets:
                self.draft.tasks[name] = {"needs": [self._made_by[name]]}
        self._settle_params()
        self._add_unsaid_needs()
        own = [name for name in names if self._made_by.get(name, name) == name]
        prerequisites = {
            name: list(self._prerequisites.tasks(self._run.database.targets[name].needs, files=True)) for name in own
        }
        PrerequisiteOrder(self.draft, self._acting).keep_all(prerequisites)

    def _settle_params(self) -> None:
        """Leave out parameters that no script has, and note tasks that others do not reach."""
        scripts = "\n".join(str(table.get("run", "")) for table in self.draft.tasks.values())
        self.draft.params = {
            name: value for name, value in self.draft.params.items() if f"params.{name} }}}}" in scripts
        }
        for task, text in self._fixed.items():
            for sign, name in self._live.params.items():
                if sign in text and name in self.draft.params:
                    self._lose(task, f"the parameter {name} does not change it: it stands where no placeholder can")

    def _add_unsaid_needs(self) -> None:
        """Let a file wait for files that its recipe names, and that make makes before it although no rule says so."""
        tasks, made = self.draft.tasks, dict[str, str]()
        for target, block in self._run.blocks.items():
            name = self._made_by.get(target, target)
            table = dict(tasks.get(name, ()))
            if "outputs" not in table:
                continue
            known = {*entries(table, "inputs"), *entries(table, "outputs")}
            words = dict.fromkeys(_SEPARATORS.split("\n".join(block.lines)))
            unsaid = dict.fromkeys(made[word] for word in words if word in made and word not in known)
            needs = entries(table, "needs")
            new = [one for one in unsaid if one != name and one not in needs]
            if new:
                table["needs"] = [*needs, *new]
                tasks[name] = table
                self.draft.note(name, f"its recipe names {', '.join(new)}, which make makes before it")
            made |= dict.fromkeys(entries(table, "outputs"), name)

    def add_settings(self, environment: dict[str, str]) -> None:
        """Add what is said of the whole file."""
        draft, run = self.draft, self._run
        for name in self._look.odd_names:
            draft.lose("", f"target {name}: make reads its name as something else where it is needed")
        for name in run.remade_files:
            if not os.path.exists(self._folder / name):
                draft.lose("", f"include {name}: it does not exist yet: let make make it, then import again")
        if (goal := self._look.default_goal) in draft.tasks:
            draft.run["default"] = [goal]
        if not re.search(r"(?:^| -)[a-zA-Z]*k", self._look.flags.partition(" --")[0]):
            draft.run["keep_going"] = False
        jobs = re.search(r"(?:^| )-j(\d+)", self._look.flags)
        if ".NOTPARALLEL" in run.database.targets:
            draft.run["jobs"] = 1
        elif jobs:
            draft.run["jobs"] = int(jobs[1])
        for name in self._look.makefiles:
            if os.path.basename(name).startswith(".env"):
                draft.remarks.append(
                    f"{name} is included by the Makefile: its values, which may be secret, stand below."
                )
        self._add_environment(environment)
        self._share_shell()
        draft.remarks.append(
            "make runs one job at a time. Here tasks that do not need each other run at once, as with make -j."
        )

    def _add_environment(self, before: dict[str, str]) -> None:
        for name, value in sorted(self._run.environment.items()):
            if name in _OWN or before.get(name) == value:
                continue
            old, text = before.get(name, ""), doubled(value)
            if name in self.draft.params and value == self.draft.params[name]:
                text = f"{{{{ params.{name} }}}}"
            if len(old) > 1 and old in value:
                start, _, end = value.partition(old)
                text = f"{doubled(start)}{{{{ env.{name} }}}}{doubled(end)}"
            self.draft.env[name] = text
        for name in sorted(before.keys() - self._run.environment.keys() - _OWN):
            self.draft.lose("", f"unexport {name}: recipes see it here")

    def _share_shell(self) -> None:
        """Say once which shell runs all recipes, if it is the same."""
        shells = [table.get("shell") for table in self.draft.tasks.values() if "run" in table]
        if len(shells) > 1 and shells[0] is not None and all(shell == shells[0] for shell in shells):
            self.draft.defaults["shell"] = shells[0]
            for name, table in self.draft.tasks.items():
                self.draft.tasks[name] = {key: value for key, value in table.items() if key != "shell"}

    def _is_task(self, name: str) -> bool:
        target = self._run.database.targets[name]
        if name in self._run.failed or name in self._run.blocks:
            return name in self._look.database.targets or self._lines(name) != [":"]
        if target.made_with and self._kinds[name] is not TargetKind.SOURCE:
            return True
        return (
            name in self._look.goals
            and self._kinds[name] is TargetKind.NAME
            and (target.is_phony or bool(target.needs))
        )

    def _is_known_task(self, name: str) -> bool:
        target = self._run.database.targets.get(name)
        return target is not None and target.is_target and self._is_task(name)

    def _lines(self, name: str) -> list[str]:
        block = self._run.blocks.get(name)
        return block.lines if block else []

    def _join(self, names: Iterable[str]) -> None:
        """Note which targets one execution of a recipe makes."""
        alike: dict[object, str] = {}
        for name in names:
            target, block = self._run.database.targets[name], self._run.blocks.get(name)
            if len(target.made_with) > 1:
                first = next((one for one in target.made_with if one in self._made_by), name)
                self._made_by |= dict.fromkeys(target.made_with, self._made_by.get(first, first))
            elif block and target.place and self._kinds[name] is TargetKind.FILE and not target.is_double:
                key = target.place, tuple(block.lines), tuple(block.needs), tuple(block.order_only)
                self._made_by.setdefault(name, alike.setdefault(key, name))

    def _add(self, name: str, said: str) -> None:
        target = self._run.database.targets[name]
        together = [name, *(one for one, by in self._made_by.items() if by == name and one != name)]
        block = next((self._run.blocks[one] for one in together if one in self._run.blocks), None)
        table: dict[str, object] = {}
        if said:
            table["doc"] = said
        self.draft.tasks[name] = table
        if name in self._run.failed:
            message = self._run.failed[name]
            self._lose(name, f"make can't expand its recipe: {message}")
            table["run"] = f"echo {shlex.quote(doubled(message))} >&2\nexit 2"
        self._add_edges(name, target, block, table, [one for one in together if self._kinds[one] is TargetKind.FILE])
        if block:
            self._add_recipe(name, target, block, table)

    def _add_edges(
        self, name: str, target: Target, block: Block | None, table: dict[str, object], outputs: list[str]
    ) -> None:
        normal = block.needs if block else target.needs
        order_only = block.order_only if block else target.order_only
        for file in self._run.missing.get(name, ()):
            self._lose(name, f"it needs {file}, which does not exist and which no rule makes")
        normal = [need for need in normal if need not in self._run.missing.get(name, ())]
        kind = self._kinds[name]
        always = self._prerequisites.are_always_made(normal)
        if kind is TargetKind.NAME or kind is TargetKind.UNSURE or always:
            needs, inputs = (
                [*self._prerequisites.tasks(normal, files=True), *self._prerequisites.tasks(order_only, files=True)],
                list[str](),
            )
            if kind is TargetKind.UNSURE and normal and not always and self._may_be_file(name):
                self._lose(name, "nothing shows that its recipe makes a file of that name: it runs each time")
        else:
            needs = [
                *self._prerequisites.tasks(normal, files=False),
                *self._prerequisites.tasks(order_only, files=True),
            ]
            inputs = list(dict.fromkeys(self._prerequisites.inputs(normal)))
            if kind is TargetKind.FOLDER:  # its script compares times, as make does
                needs, inputs = [*self._prerequisites.tasks(normal, files=True), *needs], []
        needs = [need for need in dict.fromkeys(needs) if need != name]
        if needs:
            table["needs"] = needs
        if inputs:
            table["inputs"] = inputs
        if outputs:
            table["outputs"] = [doubled(escaped(one)) for one in outputs]

    def _may_be_file(self, name: str) -> bool:
        """Return whether a recipe names its target, or the name looks like that of a file."""
        word = rf"(?<![\w./-]){re.escape(name)}(?![\w./-])"
        return bool({".", "/"} & set(name[1:])) or re.search(word, "\n".join(self._lines(name))) is not None

    def _add_recipe(self, name: str, target: Target, block: Block, table: dict[str, object]) -> None:
        if not block.lines:
            return
        lines, shell = self._lines_of(name, target, block), self._shell(target, block)
        made = script(lines, shell)
        found = self._found_anew(name, lines, shell)
        only = self._prerequisites.only_when_needed(name, block)
        if only and os.path.basename(shell[0]) not in SHELLS:
            self._lose(name, "its shell can't tell whether there is something to do: it runs each time")
            only = ""
        table["run"] = only + (doubled(made.run) if found is None else found)
        if self._kinds[name] in {TargetKind.NAME, TargetKind.UNSURE}:
            self._acting.add(name)
        if made.shell:
            table["shell"] = [doubled(word) for word in made.shell]
        if made.allow_failure:
            table["allow_failure"] = True
        if any(_ASKS.search(text) for text in block.lines):
            table["tty"] = True
        if self._losses.finds_headers(name, block) and (headers := self._losses.headers) and "inputs" in table:
            self.draft.note(
                name, "the compiler finds its headers, and tells make which (-MMD): here each header counts"
            )
            table["inputs"] = [*entries(table, "inputs"), *headers]
        for what in self._losses.of(name, target, block, is_live=found is not None):
            self._lose(name, what)

    def _lines_of(self, name: str, target: Target, block: Block) -> list[Line]:
        """Return the lines of a recipe, and whether make ignores their failures."""
        count = len(block.lines)
        ignored = failures_ignored(target.recipe, self._run.database.variables, count, one_shell=self._one_shell)
        if ignored is None:
            self._lose(name, "which of its lines may fail: signs before them come from a function")
            ignored = [False] * count
        if self._ignored is not None and (not self._ignored.needs or name in self._ignored.needs):
            ignored = [True] * count
        return [Line(text, may_fail) for text, may_fail in zip(block.lines, ignored, strict=True)]

    def _found_anew(self, name: str, lines: list[Line], shell: tuple[str, ...]) -> str | None:
        """Return a script whose values are found anew in each run, or None if it has none, or they can't be."""
        signed = self._live.lines.get(name)
        if not signed:
            return None
        lines = [Line(text, line.may_fail) for text, line in zip(signed, lines, strict=True)]
        found = written(script(lines, shell).run, os.path.basename(shell[0]), self._live)
        if found is None:
            self._fixed[name] = "\n".join(signed)
        return found

    def _shell(self, target: Target, block: Block) -> tuple[str, ...]:
        first = self._look.database.targets.get(target.name, target)
        own = first.variables.get("SHELL", "")
        words = shlex.split(own if own and "$" not in own else self._look.shell) or ["/bin/sh"]
        flags = block.shell_flags.split()
        if ".POSIX" in self._run.database.targets and flags == ["-c"]:
            flags = ["-ec"]
        return (*words, *flags)

    def _lose(self, name: str, what: str) -> None:
        self.draft.lose(name, what)
