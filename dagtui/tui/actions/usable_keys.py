"""Sort out the keys that a person has given: those that can be used with a table of actions, and why others can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import quoted
from dagtui.tui.actions.keymap import FORBIDDEN, is_key, is_plain, names_of, shown
from dagtui.tui.actions.own_keys import OwnKeys, RefusedKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.tui.actions.action import AnyAction
    from dagtui.tui.actions.keymap import Actions


MOMENTS = frozenset({"moment.back", "moment.on", "moment.far_back", "moment.far_on", "moment.play", "moment.bar"})
"""The actions that only screens of past runs have."""


def usable(actions: Actions, own: Mapping[str, str]) -> OwnKeys:
    """Sort out a person's keys. Of two that contradict each other, the one that stands first is used."""
    by_id = {action.id: action for action in actions}
    accepted: dict[str, str] = {}
    refused: list[RefusedKeys] = []
    for id_, keys in own.items():
        if id_ in MOMENTS and id_ not in by_id:
            continue
        wrong = _wrong(by_id, id_, keys)
        if wrong is None:
            accepted[id_] = keys
        else:
            refused.append(wrong)
    while (wrong := _conflict(by_id, accepted)) is not None:
        del accepted[wrong.id]
        refused.append(wrong)
    return OwnKeys(accepted, refused)


def _wrong(by_id: Mapping[str, AnyAction], id_: str, keys: str) -> RefusedKeys | None:
    """Return what is wrong with the keys of one action for themselves."""
    action = by_id.get(id_)
    if action is None:
        hint = did_you_mean(id_, by_id) or "dagtui config keys lists the actions"
        return RefusedKeys(id_, "names an action that does not exist", hint)
    names = names_of(keys)
    for name in names:
        if not is_key(name):
            return RefusedKeys(id_, f"has {quoted(name)}, which is not a key", 'write "r", "R", "f5" or "ctrl+r"')
        if name in FORBIDDEN:
            return RefusedKeys(id_, f"can't have {shown(name)}, which belongs to the terminal", "choose another key")
    if any(map(is_plain, action.keys)) and not any(map(is_plain, names)):
        given = ", ".join(map(shown, names))
        return RefusedKeys(id_, f"needs a plain key beside {given}", "not every terminal has control and function keys")
    return None


def _conflict(by_id: Mapping[str, AnyAction], accepted: Mapping[str, str]) -> RefusedKeys | None:
    """Return the last of the accepted keys that another action has, too."""
    keys = {id_: action.keys for id_, action in by_id.items()}
    keys |= {id_: names_of(own) for id_, own in accepted.items()}
    taken: dict[str, list[str]] = {}
    for id_, names in keys.items():
        for name in names:
            taken.setdefault(name, []).append(id_)
    for id_ in reversed(list(accepted)):
        for name in keys[id_]:
            for other in taken[name]:
                if other != id_ and by_id[id_].where & by_id[other].where:
                    hint = f"give {other} another key, too, or choose one that is free"
                    return RefusedKeys(id_, f"has {shown(name)}, the key of {other}", hint)
    return None
