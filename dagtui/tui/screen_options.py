"""The options of a screen, and the keys of a person's settings that it can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from dagtui.runs.view import Notice
from dagtui.text import label, plural
from dagtui.tui.actions.own_keys import NO_KEYS, OwnKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from textual.driver import Driver

    from dagtui.graph.errors import Problem
    from dagtui.settings.file import SettingsFile
    from dagtui.store.screen_memory import ScreenMemory
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Actions
    from dagtui.tui.screens.main import ScreenState


class ScreenOptions(TypedDict, total=False):
    """The options of a screen. Each kind of App passes them on."""

    look: Look
    mouse: bool | None
    driver_class: type[Driver] | None
    keys: Mapping[str, str] | None
    settings_file: SettingsFile | None
    state: ScreenState | None
    memory: ScreenMemory | None


def own_keys(actions: Actions, file: SettingsFile) -> OwnKeys:
    """Return the keys of the settings that can be used with a table of actions, and the others."""
    if not file.settings.keys:
        return NO_KEYS
    from dagtui.tui.actions.usable_keys import usable

    return usable(actions, file.settings.keys)


def settings_notice(file: SettingsFile, own: OwnKeys) -> Notice | None:
    """Return the notice that something in the settings is wrong. None: all of it is right."""
    problems = [*file.problems, *key_problems(file, own)]
    if not problems:
        return None
    first = problems[0]
    name = label(file.path.name)
    place = f"{name}:{first.line}:{first.column}" if first.line else name
    more = f" and {plural(len(problems) - 1, 'more problem')}" if len(problems) > 1 else ""
    text = f"{place}: {first.message}{more}; see dagtui config"
    return Notice(f"settings: {plural(len(problems), 'problem')}", text)


def key_problems(file: SettingsFile, own: OwnKeys) -> Iterator[Problem]:
    """Yield what is wrong with the keys of the settings, where the file states them."""
    for id_, why, hint in own.refused:
        yield file.problem(f"keys.{id_}", why, hint)
