"""Templates filled in with the variables of a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dagtui.migration.taskfile.functions import Functions
from dagtui.migration.taskfile.go_templates import expression, unquoted
from dagtui.migration.taskfile.known_values import as_text, is_true, known
from dagtui.migration.taskfile.texts import Hole, ShellList, Text, in_quotes, interpreted, joined
from dagtui.migration.values import MOST_VALUES, UnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.migration.taskfile.go_templates import TemplatePart, Token
    from dagtui.migration.taskfile.shell_names import ShellNames
    from dagtui.migration.taskfile.texts import Assignment, ParameterUses

_MOST_DEEP = 60


class Variables(Protocol):
    """The variables that a template sees."""

    names: ShellNames
    parameters: ParameterUses

    def get(self, name: str) -> object:
        """Return the value of a variable. Raises UnknownError."""


class Evaluation:
    """Fills one template in."""

    def __init__(self, scope: Variables) -> None:
        self._scope = scope
        self._functions = Functions(scope.names)
        self._variables: dict[str, object] = {}
        self._depth = 0

    def expression(self, source: str) -> object:
        """Return the value of a template without braces."""
        return self._pipeline(expression(source))

    def blocks(self, blocks: list[TemplatePart]) -> Text:
        """Return the text of the parts of a template. Raises UnknownError."""
        parts: list[str | Hole | Text] = []
        for block in blocks:
            self._scope.names.count()
            if block.kind == "text":
                parts.append(block.text)
            elif block.kind == "do":
                value = self._pipeline(block.tokens)
                if not _assigns(block.tokens):
                    parts.append(as_text(value, self._scope.names))
            elif block.kind == "if":
                parts.append(self._if(block))
            else:
                parts.append(self._loop(block))
        return joined(parts)

    def _if(self, block: TemplatePart) -> Text:
        test = self._functions.test(self._fixed(self._pipeline(block.tokens)))
        if isinstance(test, bool):
            return self.blocks(block.body if test else block.other)
        chosen = self._functions.choose(test, self.blocks(block.body), self.blocks(block.other))
        return as_text(chosen, self._scope.names)

    def _loop(self, block: TemplatePart) -> Text:
        tokens = block.tokens
        names: list[str] = []
        if ("sign", ":=") in tokens:
            place = tokens.index(("sign", ":="))
            names = [text for kind, text in tokens[:place] if kind == "variable"]
            tokens = tokens[place + 1 :]
        listing = self._fixed(self._pipeline(tokens))
        if isinstance(listing, ShellList):
            return self._shell_loop(listing, names, block)
        value = known(listing)
        if block.kind == "with":
            return self._with_dot(value, block.body) if is_true(value) else self.blocks(block.other)
        if not isinstance(value, (list, dict)):
            raise UnknownError("range over what is not a list")
        if not value:
            return self.blocks(block.other)
        pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
        found: list[Text] = []
        for key, each in pairs[:MOST_VALUES]:
            self._variables |= dict(zip(reversed(names), (each, key), strict=False))
            found.append(self._with_dot(each, block.body))
        return joined(found)

    def _shell_loop(self, listing: ShellList, names: list[str], block: TemplatePart) -> Text:
        """Return what a loop over a list of the shell's makes of its elements."""
        self._variables |= dict.fromkeys(names[-1:], Text((Hole("${var_item}"),)))
        body = self._with_dot(Text((Hole("${var_item}"),)), block.body)
        if interpreted(body) or len(names) > 1:
            raise UnknownError("a loop over what only the shell knows, with quotes")
        inner = "\n".join(_all_lines(body.needs))
        step = f'[ -z "$var_item" ] || NAME=$NAME{in_quotes(body)}'
        lines = f"NAME=\nwhile IFS= read -r var_item; do\n{inner}\n{step}\ndone < <({listing.lines})"
        return self._scope.names.hole("", lines.replace("\n\n", "\n"), listing.needs)

    def _with_dot(self, value: object, body: list[TemplatePart]) -> Text:
        before = self._variables.get(".")
        self._variables["."] = value
        try:
            return self.blocks(body)
        finally:
            self._variables["."] = before

    def _fixed(self, value: object) -> object:
        """Return a value on which the text depends. Parameters in it can't be parameters any more."""
        self._scope.parameters.fix(value)
        return value

    def _pipeline(self, tokens: list[Token]) -> object:
        """Return the value of `a b | c d`."""
        self._depth += 1
        if self._depth > _MOST_DEEP:
            raise UnknownError("a template that is too deep")
        try:
            if _assigns(tokens):
                value = self._pipeline(tokens[2:])
                self._variables[tokens[0][1]] = value
                return value
            value, first = None, True
            for command in _split(tokens, "|"):
                value = self._command(command, [] if first else [value])
                first = False
            return value
        finally:
            self._depth -= 1

    def _command(self, tokens: list[Token], piped: list[object]) -> object:
        self._scope.names.count()
        if not tokens:
            raise UnknownError("a template with nothing between its braces")
        kind, text = tokens[0]
        if kind != "name" or text in {"true", "false", "nil"}:
            operands = self._operands(tokens)
            if len(operands) != 1 or piped:
                raise UnknownError("a template that calls what is not a function")
            return operands[0]
        arguments = [*self._operands(tokens[1:]), *piped]
        if text != "default":
            for value in arguments:
                self._fixed(value)
        return self._functions.call(text, arguments)

    def _operands(self, tokens: list[Token]) -> list[object]:
        found: list[object] = []
        position = 0
        while position < len(tokens):
            kind, text = tokens[position]
            position += 1
            if text == "(" and kind == "sign":
                end = _closing(tokens, position)
                value = self._pipeline(tokens[position:end])
                position = end + 1
                if position < len(tokens) and tokens[position][0] == "inside":
                    value = _inside(value, tokens[position][1])
                    position += 1
                found.append(value)
            elif kind == "variable" and position < len(tokens) and tokens[position][0] == "inside":
                following = tokens[position][1]
                position += 1
                found.append(self._field(following) if text == "$" else _inside(self._variable(text), following))
            else:
                found.append(self._operand(kind, text))
        return found

    def _operand(self, kind: str, text: str) -> object:
        if kind in {"raw", "quoted"}:
            return unquoted((kind, text))
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "field":
            if self._variables.get(".") is not None:
                return _inside(self._variables["."], text)
            if text == ".":
                raise UnknownError("all variables together")
            return self._field(text)
        if kind == "variable":
            return self._variable(text)
        if kind == "name":
            known_words: Mapping[str, object] = {"true": True, "false": False, "nil": None}
            return known_words[text] if text in known_words else self._functions.call(text, [])
        raise UnknownError(f"{text} in a template")

    def _variable(self, name: str) -> object:
        if name not in self._variables:
            raise UnknownError(f"the variable {name} of a template")
        return self._variables[name]

    def _field(self, path: str) -> object:
        name, _, rest = path[1:].partition(".")
        value = self._scope.get(name)
        return _inside(value, "." + rest) if rest else value


def _all_lines(needs: tuple[Assignment, ...]) -> list[str]:
    return [line for need in needs for line in (*_all_lines(need.needs), need.lines)]


def _inside(value: object, path: str) -> object:
    for step in filter(None, path.split(".")):
        found = known(value)
        if not isinstance(found, dict):
            raise UnknownError(f"{path} of what is not a table")
        value = found.get(step)
    return value


def _assigns(tokens: list[Token]) -> bool:
    return len(tokens) > 2 and tokens[0][0] == "variable" and tokens[1] in {("sign", ":="), ("sign", "=")}


def _split(tokens: list[Token], sign: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token == ("sign", "(")) - (token == ("sign", ")"))
        if token == ("sign", sign) and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _closing(tokens: list[Token], position: int) -> int:
    depth = 1
    for index in range(position, len(tokens)):
        depth += (tokens[index] == ("sign", "(")) - (tokens[index] == ("sign", ")"))
        if not depth:
            return index
    raise UnknownError("a template with a parenthesis that is not closed")
