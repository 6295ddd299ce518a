"""The options of a screen, and the keys of a person's settings that it can use."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from dagtui.runs.view import Notice
from dagtui.settings.values import KEYS
from dagtui.text import plural
from dagtui.tui.actions.own_keys import usable

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


def stated_keys(actions: Actions, file: SettingsFile) -> Mapping[str, str]:
    """Return the keys of the settings that can be used with a table of actions."""
    own = file.settings.keys
    return usable(actions, own).keys if own else own


def settings_notice(actions: Actions, file: SettingsFile) -> Notice | None:
    """Return the notice that something in the settings is wrong. None: all of it is right."""
    problems = [*file.problems, *key_problems(actions, file)]
    if not problems:
        return None
    first = problems[0]
    place = f"{first.path}:{first.line}:{first.column}" if first.line else first.path
    more = f"; and {plural(len(problems) - 1, 'more problem')}" if len(problems) > 1 else ""
    text = f"{place}: {first.message}{more}; dagtui config says how to mend it"
    return Notice(f"settings: {plural(len(problems), 'problem')}", text)


def key_problems(actions: Actions, file: SettingsFile) -> Iterator[Problem]:
    """Yield what is wrong with the keys of the settings, where the file states them."""
    for id_, why, hint in usable(actions, file.settings.keys).refused:
        yield file.problem(f"{KEYS}.{id_}", why, hint)
