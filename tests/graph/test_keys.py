"""The table of keys: what follows from it is complete."""

from __future__ import annotations

from dataclasses import fields

from graph.model_strategies import GATES, TASKS
from hypothesis import Phase, given, settings

from dagtui.graph.keys import FIELDS, TASK
from dagtui.graph.model import Task

MADE_OF_SEVERAL = {"env", "retry"}
"""Keys whose value is merged with that of other keys or tables before it is a field."""


def test_a_key_with_the_name_of_a_field_fills_it():
    assert {key for key in TASK if key in {field.name for field in fields(Task)}} - MADE_OF_SEVERAL == FIELDS


def test_random_tasks_have_each_key():
    """What they lack is not proven to survive an export: add it to model_strategies."""
    found = {"needs", "inputs", "outputs"}  # added where the tasks have names

    @settings(max_examples=400, phases=[Phase.generate])
    @given(TASKS | GATES)
    def note(task: dict[str, object]):
        found.update(task)

    note()
    assert found == TASK.keys()
