"""The expressions of `if`: `params.size == 'l' and env.CI != 'true'`.

    condition:  both ("or" both)*
    both:       one ("and" one)*
    one:        "not" one | value | value operator value
    value:      path | literal | "(" condition ")"
    operator:   == != < <= > >= in, not in
    literal:    'text' "text" 1 2.5 true false [1, 2]

A path is that of a placeholder, without the braces: `matrix.seed`, `needs.fetch.outputs.rows`. A part of it that has
spaces or signs is quoted: `needs."fetch all".status`. Nothing can be called, and reading takes linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import ROOTS, Placeholder, placeholder_at
from dagtui.graph.expressions.condition_tokens import cut_condition
from dagtui.text.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.expressions.condition_tokens import ConditionToken
    from dagtui.graph.model import ParameterValue

LONGEST = 4000
"""Characters of a condition."""
DEEPEST = 40
"""Parentheses and `not` inside of each other."""
_REDACTED = MARK.decode()
ORDER = ("<", "<=", ">", ">=")
COMPARISONS = ("==", "!=", *ORDER)
MEMBERSHIPS = ("in", "not in")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written in the condition."""

    value: ParameterValue
    source: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values and what stands between them: one of COMPARISONS or MEMBERSHIPS."""

    operator: str
    left: Operand
    right: Operand
    source: str


@dataclass(frozen=True, slots=True)
class Negation:
    """A condition behind `not`."""

    operand: Expression
    source: str


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions with `and` between them, or with `or`."""

    word: str
    operands: tuple[Expression, ...]
    source: str


Operand = Literal | Placeholder
Expression = Operand | Comparison | Negation | Junction


_QUOTED_PART = re.compile(r"""(?<=[.])(?:"([^"\n]*+)"|'([^'\n]*+)')(?=[.\[]|$)""")


def parse_condition(text: str) -> Expression:
    """Read a condition. Raises ValueProblem, which marks the wrong part."""
    if len(text) > LONGEST:
        hint = "let a task decide: it writes a value into $DAGTUI_OUTPUT, and the condition compares that"
        raise ValueProblem(f"is longer than {LONGEST:,} characters", hint)
    return _ConditionReader(text).read()


def paths_of(expression: Expression) -> Iterator[Placeholder]:
    """Yield the paths that a condition reads, in the order of the text."""
    return (part for part in _parts_of(expression) if isinstance(part, Placeholder))


def comparisons_of(expression: Expression) -> Iterator[Comparison]:
    """Yield the comparisons in a condition, in the order of the text."""
    return (part for part in _parts_of(expression) if isinstance(part, Comparison))


def _parts_of(expression: Expression) -> Iterator[Expression]:
    """Yield a condition and all that it consists of, in the order of the text."""
    stack = [expression]
    while stack:
        found = stack.pop()
        yield found
        if isinstance(found, Comparison):
            stack += [found.right, found.left]
        elif isinstance(found, Negation):
            stack.append(found.operand)
        elif isinstance(found, Junction):
            stack.extend(reversed(found.operands))


class _ConditionReader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = cut_condition(text)
        self._position = 0
        self._depth = 0

    def read(self) -> Expression:
        if self._next.kind == "end":
            raise ValueProblem("must not be empty", "write for example params.size == 'l'")
        found = self._either()
        if self._next.kind != "end":
            raise self._unexpected()
        return found

    # Tokens

    @property
    def _next(self) -> ConditionToken:
        return self._tokens[self._position]

    def _take(self) -> ConditionToken:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _is(self, *words: str) -> bool:
        token = self._next
        return token.kind in {"word", "sign"} and token.text in words

    def _source(self, first: int) -> str:
        """Return the text from a token to the last one that was taken."""
        return self._text[self._tokens[first].start : self._tokens[self._position - 1].end]

    def _unexpected(self) -> ValueProblem:
        from dagtui.graph.expressions.condition_errors import unexpected

        return unexpected(self._text, self._tokens, self._position)

    # The grammar

    def _either(self) -> Expression:
        return self._junction("or")

    def _junction(self, word: str) -> Expression:
        first = self._position
        operands = [self._operand_of(word)]
        while self._is(word):
            self._take()
            operands.append(self._operand_of(word))
        return operands[0] if len(operands) == 1 else Junction(word, tuple(operands), self._source(first))

    def _operand_of(self, word: str) -> Expression:
        return self._junction("and") if word == "or" else self._one()

    def _one(self) -> Expression:
        first = self._position
        if not self._is("not"):
            return self._comparison()
        self._take()
        self._enter()
        operand = self._one()
        self._depth -= 1
        return Negation(operand, self._source(first))

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueProblem(f"has more than {DEEPEST} parentheses and `not` inside of each other")

    def _comparison(self) -> Expression:
        first = self._position
        left = self._value()
        operator = self._operator()
        if not operator:
            return left
        right = self._value()
        if self._is(*COMPARISONS, "in") or (self._is("not") and self._tokens[self._position + 1].text == "in"):
            raise ValueProblem(
                "has two comparisons side by side",
                "write a < b and b < c",
                needle=self._next.text,
                lead=self._text[: self._next.start],
            )
        return Comparison(operator, _compared(left), _compared(right), self._source(first))

    def _operator(self) -> str:
        """Take the operator that comes next. Empty if there is none."""
        if self._is(*COMPARISONS, "in"):
            return self._take().text
        if self._is("not") and self._tokens[self._position + 1].text == "in":
            self._position += 2
            return "not in"
        return ""

    def _value(self) -> Expression:
        if self._is("("):
            self._take()
            self._enter()
            found = self._either()
            self._close(")")
            self._depth -= 1
            return found
        return self._list() if self._is("[") else self._single()

    def _close(self, sign: str) -> None:
        if not self._is(sign):
            raise self._unexpected()
        self._take()

    def _list(self) -> Literal:
        first = self._position
        self._take()
        values: list[str | int | float | bool] = []
        while not self._is("]"):
            found = self._single()
            if not isinstance(found, Literal) or isinstance(found.value, tuple):
                hint = 'write ["a", "b"], or the name of a list: params.samples'
                message = f"has a list with {quoted(found.source)} in it, which is not a literal"
                raise ValueProblem(message, hint, needle=found.source)
            values.append(found.value)
            if not self._is("]"):
                self._close(",")
        self._take()
        return Literal(tuple(values), self._source(first))

    def _single(self) -> Operand:
        token = self._next
        if token.kind == "string":
            self._take()
            return Literal(token.text[1:-1], token.text)
        if token.kind == "number":
            self._take()
            return Literal(self._number(token), token.text)
        if token.text in {"true", "false"}:
            self._take()
            return Literal(token.text == "true", token.text)
        if token.text == _REDACTED:  # a secret number, in the record of a run
            self._take()
            return Literal(token.text, token.text)
        if token.kind == "path":
            found = self._path(token)
            self._take()
            return found
        raise self._unexpected()

    def _number(self, token: ConditionToken) -> int | float:
        if len(token.text) > 30:
            raise ValueProblem("has a number of more than 30 characters", needle=token.text)
        try:
            return int(token.text)
        except ValueError:
            return float(token.text)

    def _path(self, token: ConditionToken) -> Placeholder:
        try:
            return _path_in(token.text, _QUOTED_PART.sub(_unquoted, token.text))
        except ValueProblem as wrong:
            raise ValueProblem(wrong.message, wrong.hint, needle=token.text, lead=self._text[: token.start]) from None


def _path_in(source: str, plain: str) -> Placeholder:
    """Return the path that a text without quotes spells. Raises ValueProblem."""
    first, _, name = plain.partition(".")
    root = ROOTS.get(first)
    if root is None:
        from dagtui.graph.expressions.condition_errors import path_error

        raise path_error(source, first)
    try:
        return placeholder_at(root, name, source)
    except ValueProblem as wrong:
        hint = wrong.hint if ".outputs." in name else "write needs.TASK.status or needs.TASK.outputs.KEY"
        raise ValueProblem(wrong.message.replace("a placeholder", "a path"), hint) from None


def _compared(side: Expression) -> Operand:
    """Return one side of a comparison. Raises ValueProblem if it is a condition."""
    if isinstance(side, Literal | Placeholder):
        return side
    hint = "compare values, and join comparisons with and, or, not"
    raise ValueProblem(f"{quoted(side.source)} is true or false, which is not compared", hint, needle=side.source)


def _unquoted(part: re.Match[str]) -> str:
    return part[1] if part[1] is not None else part[2]
