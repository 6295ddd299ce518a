"""Declarations with errors: the errors are reported, but not what is missing because of them."""

from __future__ import annotations


class Lost:
    """Names of what could not be read, while a file is read."""

    def __init__(self) -> None:
        self.parameters: set[str] = set()
        self.all_parameters = False
        self.tasks: set[str] = set()
        self.all_tasks = False
        self.needs: set[str] = set()
        """Tasks whose needs are unknown."""
        self.all_needs = False
        self.all_variables = False
        self.variables_of: set[str] = set()
        """Tasks whose variables are unknown."""

    def has_task(self, entry: str) -> bool:
        """Return whether an entry of `needs` may mean an unread task, or cells of it."""
        return self.all_tasks or entry in self.tasks or entry.partition("[")[0] in self.tasks

    def has_parameter(self, name: str) -> bool:
        """Return whether a parameter of that name may not have been read."""
        return self.all_parameters or name in self.parameters

    def has_variables(self, task: str) -> bool:
        """Return whether the variables of a task are unknown."""
        return self.all_variables or task in self.variables_of

    def has_needs(self, task: str) -> bool:
        """Return whether the needs of a task are unknown."""
        return self.all_needs or task in self.needs
