"""Templates of Go, as far as Taskfiles use them: split at `{{ … }}`, and read into actions, conditions and loops."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dagtui.migration.values import UnknownError

MOST_TOKENS = 20_000
MOST_NESTED = 50
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<raw>`[^`]*`)|(?P<quoted>"(?:[^"\\\n]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<field>(?:\.[A-Za-z_]\w*)+|\.)|(?P<variable>\$\w*)|(?P<name>[A-Za-z_]\w*)|(?P<sign>:=|[=|(),])"""
)
_COMMENT = re.compile(r"-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}

Token = tuple[str, str]
"""Its kind, and its text."""


@dataclass(slots=True)
class TemplatePart:
    """A part of a template: literal text, an action, or what stands between a keyword and its `end`."""

    kind: str
    """`text`, `do`, `if`, `range` or `with`."""
    text: str = ""
    tokens: list[Token] = field(default_factory=list)
    body: list[TemplatePart] = field(default_factory=list)
    other: list[TemplatePart] = field(default_factory=list)
    """What stands behind `else`."""


def parse(source: str) -> list[TemplatePart]:
    """Return the parts of a template. Raises UnknownError."""
    pieces = _pieces(source)
    found, position = _blocks(pieces, 0, 0)
    if position < len(pieces):
        raise UnknownError("a template with an end too many")
    return found


def expression(source: str) -> list[Token]:
    """Return the tokens of an expression without braces, as in `ref`. Raises UnknownError."""
    tokens, end = _tokens(source, 0)
    if end < len(source):
        raise UnknownError(f"the template {source[:40]}")
    return tokens


def unquoted(token: Token) -> str:
    """Return what a literal string stands for."""
    kind, text = token
    return text[1:-1] if kind == "raw" else _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[0]), text[1:-1])


def _pieces(source: str) -> list[str | list[Token]]:
    """Split a template into literal texts and the tokens of its actions."""
    pieces: list[str | list[Token]] = []
    position, trim, count = 0, False, 0
    while True:
        start = source.find("{{", position)
        literal = source[position : start if start >= 0 else len(source)]
        literal = literal.lstrip() if trim else literal
        if start >= 0 and re.match(r"\{\{-\s", source[start:]):
            literal = literal.rstrip()
        if literal:
            pieces.append(literal)
        if start < 0:
            return pieces
        tokens, position, trim = _action(source, start)
        count += len(tokens) + 1
        if count > MOST_TOKENS:
            raise UnknownError(f"a template of more than {MOST_TOKENS:,} words")
        if tokens:
            pieces.append(tokens)


def _action(source: str, start: int) -> tuple[list[Token], int, bool]:
    """Return the tokens between braces, where they end, and whether space behind them is dropped."""
    begin = start + 2
    if comment := _COMMENT.match(source, begin):
        return [], comment.end(), comment[0].endswith("-}}")
    if re.match(r"-\s", source[begin : begin + 2]):
        begin += 1
    tokens, end = _tokens(source, begin)
    trim = source.startswith("-}}", end) and source[end - 1].isspace()
    end += trim
    if not source.startswith("}}", end) or not tokens:
        raise UnknownError(f"the template {source[start : start + 40]}")
    return tokens, end + 2, trim


def _tokens(source: str, position: int) -> tuple[list[Token], int]:
    tokens: list[Token] = []
    before = "space"
    while match := _TOKEN.match(source, position):
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "field" and (before == "variable" or (tokens[-1:] == [("sign", ")")] and before != "space")):
            kind = "inside"  # of the value before it
        before = kind
        if kind != "space":
            tokens.append((kind, match[0]))
        if len(tokens) > MOST_TOKENS:
            raise UnknownError(f"a template of more than {MOST_TOKENS:,} words")
    return tokens, position


def _blocks(pieces: list[str | list[Token]], position: int, depth: int) -> tuple[list[TemplatePart], int]:
    """Read up to an `else` or `end` that is not of a block that begins here."""
    if depth > MOST_NESTED:
        raise UnknownError(f"a template with more than {MOST_NESTED} conditions in each other")
    found: list[TemplatePart] = []
    while position < len(pieces):
        piece = pieces[position]
        if isinstance(piece, str):
            found.append(TemplatePart("text", piece))
            position += 1
            continue
        word = piece[0][1] if piece[0][0] == "name" else ""
        if word in {"else", "end"}:
            return found, position
        if word in {"if", "range", "with"}:
            block, position = _nested(pieces, position, word, depth)
            found.append(block)
            continue
        if word in {"define", "template", "block", "break", "continue"}:
            raise UnknownError(f"{word} in a template")
        found.append(TemplatePart("do", tokens=piece))
        position += 1
    return found, position


def _nested(pieces: list[str | list[Token]], position: int, word: str, depth: int) -> tuple[TemplatePart, int]:
    piece = pieces[position]
    block = TemplatePart(word, tokens=[*piece[1:]] if isinstance(piece, list) else [])
    block.body, position = _blocks(pieces, position + 1, depth + 1)
    if position >= len(pieces):
        raise UnknownError(f"{word} in a template without its end")
    closing = pieces[position]
    if closing[0] == ("name", "else"):
        if len(closing) > 1:  # else if: an if of its own, which ends both
            pieces[position] = [token for token in closing[1:] if isinstance(token, tuple)]
            inner, position = _nested(pieces, position, "if", depth + 1)
            block.other = [inner]
            return block, position
        block.other, position = _blocks(pieces, position + 1, depth + 1)
        if position >= len(pieces) or pieces[position][0] != ("name", "end"):
            raise UnknownError(f"{word} in a template without its end")
    return block, position + 1
