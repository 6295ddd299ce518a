"""`dagtui config`: a person's settings, with where each comes from, and what changes them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import click

from dagtui.cli.output import optional_output, standard_output
from dagtui.cli.stderr import BAD_CALL, fail, say
from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import quoted
from dagtui.settings.definitions import BY_NAME, KEYS, SETTINGS
from dagtui.settings.loading import read_settings
from dagtui.settings.place import settings_path
from dagtui.settings.writing import SettingError, change_setting, parse_value
from dagtui.text import label
from dagtui.text.terminals import declines_colours
from dagtui.tui.actions.own_keys import NO_KEYS, OwnKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from dagtui.graph.errors import Problem
    from dagtui.settings.definitions import Setting
    from dagtui.settings.file import SettingsFile
    from dagtui.settings.writing import Settable

_DEFAULT: Final = "default"


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    names = list(BY_NAME) if not incomplete.startswith(f"{KEYS}.") else [f"{KEYS}.{id_}" for id_ in _default_keys()]
    return [CompletionItem(name) for name in [*names, f"{KEYS}."] if name.startswith(incomplete)]


_NAME = click.argument("name", metavar="KEY", shell_complete=_complete)


@click.group(invoke_without_command=True, short_help="Show or change your settings of the screen.")
@click.pass_context
def config(context: click.Context) -> None:
    """Show your settings of the screen, each with where it comes from: the file and its line, or the default.

    KEY is theme, view, sizes.left, sizes.lower, mouse, bell, notify, or keys.ACTION, such as keys.node.retry. Options
    and the environment come before the settings. Wrong ones are listed, and have their defaults.
    """
    if context.invoked_subcommand is not None:
        return
    file = read_settings(settings_path())
    with standard_output() as output:
        output.lines([f"# {file.shown}", *_table(file)])
    _report(file)


@config.command(short_help="Print the value of a setting.")
@_NAME
def get(name: str) -> None:
    """Print the value of KEY: as the file states it, or the default."""
    _check(name)
    file = read_settings(settings_path())
    with standard_output() as output:
        output.lines([_value(file, _own_keys(file), name)])


@config.command("set", short_help="Set a setting.")
@_NAME
@click.argument("value", metavar="VALUE")
def set_value(name: str, value: str) -> None:
    """Set KEY to VALUE in the file. Its comments and its other lines stay as they are."""
    _check(name)
    try:
        found = parse_value(name, value)
    except SettingError as error:
        fail(f"dagtui config: {error}")
    _check_keys(name, found)
    _change(name, found)


@config.command(short_help="Take a setting out of the file.")
@_NAME
def unset(name: str) -> None:
    """Take KEY out of the file, so that it has its default."""
    if name not in read_settings(settings_path()).stated:
        _check(name)
    _change(name, None)


@config.command(short_help="Open the file in your editor.")
def edit() -> None:
    """Open the file in $VISUAL or $EDITOR, then check it. A new one lists all settings, as comments."""
    from dagtui.host.editor import NoEditorError, editor_command

    path = settings_path()
    try:
        command = editor_command(os.environ)
        made = _made(path)
        ended = subprocess.run([*command, os.fspath(path)], check=False).returncode
        if made and path.read_text(encoding="utf-8") == made:
            path.unlink()
    except NoEditorError as error:
        fail(f"dagtui config: {error}")
    except OSError as error:
        fail(f"dagtui config: {label(error.filename or path, 1000)}: {error.strerror}")
    if ended:
        fail(f"dagtui config: the editor failed: exit {ended}")
    _report(read_settings(path))


@config.command(short_help="List the actions with their keys.")
def keys() -> None:
    """List all actions of the screen: KEY for `dagtui config set keys.KEY`, the keys in force, and what they do."""
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.actions.recording import MOMENT_ACTIONS, RECORDED_ACTIONS
    from dagtui.tui.actions.table import ACTIONS
    from dagtui.tui.screen_options import own_keys

    file = read_settings(settings_path())
    live, past = (Keymap(table, own_keys(table, file).keys) for table in (ACTIONS, RECORDED_ACTIONS))
    with standard_output() as output:
        rows = [(action.id, live.all_shown(action.id, output.look), action.help) for action in ACTIONS]
        rows += [(action.id, past.all_shown(action.id, output.look), action.help) for action in MOMENT_ACTIONS]
        first, second = (max(len(row[at]) for row in rows) for at in (0, 1))
        output.lines(f"{id_:<{first}}  {shown:<{second}}  {words}" for id_, shown, words in rows)


@config.command(short_help="Print the path of the file.")
def path() -> None:
    """Print the path of the file, which may not exist yet."""
    with standard_output() as output:
        output.write(os.fsencode(settings_path()) + b"\n")


def _made(path: Path) -> str:
    """Create the file with all settings as comments, unless it exists. Return what was written. Raises OSError."""
    text = "\n".join(["# Settings of dagtui: dagtui help settings explains them.", *_template(), ""])
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return ""
    return text


def _template() -> Iterator[str]:
    """Yield a comment for each setting, those of tables last."""
    table = ""
    for setting in sorted(SETTINGS, key=lambda setting: "." in setting.name):
        of, _, key = setting.name.rpartition(".")
        if of != table:
            table = of
            yield f"# [{table}]"
        yield f"# {key} = {setting.example}  # {setting.words}"
    yield f"# [{KEYS}]"
    yield '# "node.retry" = "r"  # the keys of an action'


def _change(name: str, value: Settable | None) -> None:
    place = settings_path()
    try:
        change_setting(place, name, value)
    except SettingError as error:
        fail(f"dagtui config: {error}")
    file = read_settings(place)
    with optional_output() as output:
        output.line(f"{label(name)}: {_value(file, _own_keys(file), name)}")


def _check(name: str) -> None:
    """Exit with 2 unless there is a setting of that name."""
    table, _, id_ = name.partition(".")
    if name in BY_NAME or (table == KEYS and id_ in _default_keys()):
        return
    known = [*BY_NAME, *(f"{KEYS}.{one}" for one in _default_keys())]
    hint = did_you_mean(name, known) or did_you_mean(f"{KEYS}.{name}", known)
    hint = hint or "the settings are " + ", ".join([*BY_NAME, f"{KEYS}.ACTION"])
    fail(f"dagtui config: there is no setting {quoted(name)}; {hint}")


def _check_keys(name: str, value: Settable) -> None:
    """Exit with 2 if keys can't be used together with the others."""
    if not name.startswith(f"{KEYS}.") or not isinstance(value, str):
        return
    from dagtui.tui.actions.recording import RECORDED_ACTIONS
    from dagtui.tui.actions.table import ACTIONS
    from dagtui.tui.actions.usable_keys import usable

    id_ = name.removeprefix(f"{KEYS}.")
    own = {**read_settings(settings_path()).settings.keys}
    own.pop(id_, None)
    own[id_] = value
    for refused in (*usable(ACTIONS, own).refused, *usable(RECORDED_ACTIONS, own).refused):
        if refused.id == id_:
            fail(f"dagtui config: {quoted(name)} {refused.why}; {refused.hint}")


def _table(file: SettingsFile) -> Iterator[str]:
    own = _own_keys(file)
    refused = {*file.refused, *(f"{KEYS}.{one.id}" for one in own.refused)}
    known = _default_keys() if file.settings.keys or refused else {}
    own_names = (name for name in (*file.stated, *file.refused) if name.startswith(f"{KEYS}."))
    names = [*BY_NAME, *(name for name in own_names if name.removeprefix(f"{KEYS}.") in known)]
    rows = [
        (label(name), label(_value(file, own, name)), _source(file, name, is_refused=name in refused)) for name in names
    ]
    first, second = (max(len(row[at]) for row in rows) for at in (0, 1))
    for name, value, source in rows:
        yield f"{name:<{first}}  {value:<{second}}  {source}"


def _value(file: SettingsFile, own: OwnKeys, name: str) -> str:
    """Return the value in force, as people write it in a call."""
    if name not in BY_NAME:
        from dagtui.tui.actions.keymap import shown

        id_ = name.removeprefix(f"{KEYS}.")
        return own.keys.get(id_) or ",".join(map(shown, _default_keys().get(id_, ())))
    setting = BY_NAME[name]
    value = getattr(file.settings, setting.field)
    return _in_words(setting, value)


def _in_words(setting: Setting, value: object) -> str:
    if setting.usual and value == setting.default:
        return setting.usual
    return str(value).lower() if isinstance(value, bool) else str(value)


def _source(file: SettingsFile, name: str, *, is_refused: bool) -> str:
    line = file.line(name)
    source = f"line {line}" if line else _DEFAULT
    if is_refused:
        source = f"{_DEFAULT}; line {line} is wrong"
    if name == "theme" and declines_colours(os.environ):
        source += "; NO_COLOR is set: no colours"
    return source


def _default_keys() -> Mapping[str, tuple[str, ...]]:
    from dagtui.tui.actions.recording import MOMENT_ACTIONS
    from dagtui.tui.actions.table import ACTIONS

    past = {action.id: action.keys for action in MOMENT_ACTIONS}
    return {action.id: action.keys for action in ACTIONS} | past


def _own_keys(file: SettingsFile) -> OwnKeys:
    """Return the keys of the settings that are in force, on screens of live runs and of past ones, and the others."""
    if not file.settings.keys:
        return NO_KEYS
    from dagtui.tui.actions.recording import RECORDED_ACTIONS
    from dagtui.tui.actions.table import ACTIONS
    from dagtui.tui.actions.usable_keys import MOMENTS
    from dagtui.tui.screen_options import own_keys

    live, past = own_keys(ACTIONS, file), own_keys(RECORDED_ACTIONS, file)
    refused = [*live.refused, *(one for one in past.refused if one.id in MOMENTS)]
    return OwnKeys({id_: keys for id_, keys in past.keys.items() if id_ in MOMENTS} | dict(live.keys), refused)


def _problems(file: SettingsFile) -> list[Problem]:
    own = _own_keys(file)
    if not own.refused:
        return [*file.problems]
    from dagtui.tui.screen_options import key_problems

    return [*file.problems, *key_problems(file, own)]


def _report(file: SettingsFile) -> None:
    """Print what is wrong with the file. Exits with 2 if anything is."""
    problems = _problems(file)
    if problems:
        sys.stdout.flush()
        say("\n".join(map(str, problems)))
        raise SystemExit(BAD_CALL)
