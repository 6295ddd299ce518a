"""What a YAML parser finds wrong, in one line."""

from __future__ import annotations


def yaml_problem(error: Exception) -> str:
    """Return the place and the problem of an error of PyYAML, which itself writes several lines of its own terms."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    if not problem or mark is None:
        return str(error).partition("\n")[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
