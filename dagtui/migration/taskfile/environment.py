"""Variables of the environment, as Task sets them."""

from __future__ import annotations

import re

from dagtui.graph.expressions.braces import doubled


def outer_first(name: str, value: str) -> str:
    """Return the value of a variable of a graph for which one that is set already counts, as in Task."""
    quotes = next((sign for sign in "\"'" if sign not in value), "")
    if not re.fullmatch(r"\w+", name) or not quotes or "\n" in value or not value:
        return doubled(value)
    return f"{{{{ env.{name} or {quotes}{value}{quotes} }}}}"
