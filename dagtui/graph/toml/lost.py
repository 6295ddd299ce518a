"""What a file means to declare and says wrong: that is told, and what is missing because of it is not."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Lost:
    """Names of what could not be read, while it is read."""

    parameters: set[str] = field(default_factory=set)
    all_parameters: bool = False
    tasks: set[str] = field(default_factory=set)
    all_tasks: bool = False
    needs: set[str] = field(default_factory=set)
    """Tasks of which it is not known what they need."""
    all_needs: bool = False
    all_variables: bool = False
    variables_of: set[str] = field(default_factory=set)
    """Tasks of which it is not known what variables they set."""

    def has_task(self, entry: str) -> bool:
        """Whether an entry of `needs` may mean a task that is lost, or cells of it."""
        return self.all_tasks or entry in self.tasks or entry.partition("[")[0] in self.tasks

    def has_parameter(self, name: str) -> bool:
        """Whether a parameter of that name may be lost."""
        return self.all_parameters or name in self.parameters

    def has_variables(self, task: str) -> bool:
        """Whether it is not known what variables a task sets."""
        return self.all_variables or task in self.variables_of

    def has_needs(self, task: str) -> bool:
        """Whether it is not known what a task needs."""
        return self.all_needs or task in self.needs
