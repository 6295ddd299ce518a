"""Conditions of tasks: what they mean, and what is wrong with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from graph.sources import graph_of, problems_of, task_of
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph.errors import ValueProblem
from dagtui.graph.export import to_toml
from dagtui.graph.expressions.conditions import LONGEST, parse_condition, paths_of
from dagtui.graph.expressions.evaluation import UNSET, ConditionError, Reading, holds, why_false
from dagtui.graph.loading import load_recorded, load_text

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.expressions.braces import Placeholder

READINGS = {
    "params.n": Reading(3),
    "params.text": Reading("s"),
    "params.dry": Reading(value=False),
    "params.list": Reading(("a", "b")),
    "params.empty": Reading(()),
    "env.COUNT": Reading("12", typed=False),
    "env.CI": Reading("true", typed=False),
    "env.WORD": Reading("word", typed=False),
    "env.NOT": UNSET,
}


def read(path: Placeholder) -> Reading:
    return READINGS[path.source]


def answer(text: str) -> bool:
    return holds(parse_condition(text), read)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("params.n == 3 and params.text == 's'", True),
        ("params.n == 3.0", True),
        ("params.n != 3 or params.text < 't'", True),
        ("not params.n > 3", True),
        ("not (params.n == 3 and params.dry)", True),
        ("not params.dry and params.dry", False),
        ("true or true and false", True),
        ("(true or true) and false", False),
        ("params.n in [1, 3]", True),
        ("params.text not in ['a', \"s\"]", False),
        ("'a' in params.list", True),
        ("'or' in env.WORD", True),
        ("env.COUNT > 3", True),
        ("env.COUNT == 12", True),
        ("env.COUNT in [11, 12]", True),
        ("env.COUNT > '3'", False),
        ("env.WORD == 12", False),
        ("env.WORD != 12", True),
        ("env.CI == true", True),
        ("env.CI == 'true'", True),
        ("params.dry == false", True),
        ("params.list == ['a', 'b']", True),
        ("params.list and not params.empty", True),
        ("env.NOT", False),
        ("env.NOT == ''", True),
        ("env.NOT != '' and env.NOT > 3", False),
        ("-1 < params.n", True),
    ],
)
def test_what_a_condition_means(text: str, wanted: bool):
    assert answer(text) is wanted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("params.n == 4", "params.n == 4 is false (params.n is 3)"),
        ("params.n and (params.text == 'l' and env.NOT)", "params.text == 'l' is false (params.text is \"s\")"),
        (
            "params.n == 1 or env.NOT == 'x'",
            "params.n == 1 or env.NOT == 'x' is false (params.n is 3, env.NOT is not set)",
        ),
        ("not params.text", 'not params.text is false (params.text is "s")'),
        ("params.dry", "params.dry is false"),
        ("env.NOT", "env.NOT is not set"),
        ("params.empty", "params.empty is []"),
        ("'c' in params.list", '\'c\' in params.list is false (params.list is ["a", "b"])'),
        ("false", "false is false"),
    ],
)
def test_a_reason_names_what_decides(text: str, why: str):
    assert why_false(parse_condition(text), read) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("env.NOT > 3", "env.NOT > 3: env.NOT is not set; write env.NOT and env.NOT > 3"),
        ("env.WORD > 3", 'env.WORD > 3: env.WORD is "word", not a number'),
        ("3 in env.WORD", "3 in env.WORD: env.WORD is not a list"),
    ],
)
def test_a_condition_without_an_answer(text: str, why: str):
    with pytest.raises(ConditionError) as caught:
        answer(text)
    assert str(caught.value) == why


WORDS = st.sampled_from(["1", "2.5", "-3", "'a'", "'b'", "true", "false", "[1, 2]", "['a']"])
PARTS = st.recursive(
    st.builds("{} {} {}".format, WORDS, st.sampled_from(["==", "!=", "in", "not in", "<", ">="]), WORDS) | WORDS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner) | st.builds("not {}".format, inner)
    ),
    max_leaves=8,
)


@given(PARTS)
def test_literals_mean_what_they_mean_in_python(text: str):
    """Python has the same words, but compares numbers with booleans, and orders lists."""
    ours: object
    try:
        ours = answer(text)
    except (ConditionError, ValueProblem):
        return
    for word, meant in (("true", "B('true')"), ("false", "B('')"), ("[1, 2]", "(1, 2)"), ("['a']", "('a',)")):
        text = text.replace(word, meant)
    try:
        theirs = bool(eval(text, {"B": Truth}))
    except TypeError:
        return
    assert ours == theirs


class Truth(str):
    """A boolean that equals no number, and that nothing orders."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Truth) and bool(self) is bool(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __lt__(self, other: object) -> bool:
        raise TypeError

    __gt__ = __le__ = __ge__ = __contains__ = __lt__


TOKENS = st.sampled_from(
    """params.a env.B needs.x.status 't' 1 == = < in not and or ( ) [ ] , true x && ! {{ }} " matrix.a[x=1] run.failed
    *** é $X 1x""".split()  # noqa: SIM905 - a list of quoted words would fill the screen
)


@given(st.lists(TOKENS, max_size=12), st.sampled_from(["", " "]))
def test_any_text_is_read_or_refused_with_the_part_that_is_wrong(words: list[str], between: str):
    text = between.join(words)
    found = refused(text)
    if found is None:
        assert all(path.source in text for path in paths_of(parse_condition(text)))
        return
    assert found.message
    assert found.needle in text
    assert text.startswith(found.lead)


def refused(text: str) -> ValueProblem | None:
    try:
        parse_condition(text)
    except ValueProblem as wrong:
        return wrong
    return None


def test_a_condition_of_any_shape_is_read_in_linear_time():
    for piece in ("(", "not ", "[", "a.", '"', "x.[", "x.'", "=", "1 ", "x.a[b]", "and ", "\\"):
        with pytest.raises(ValueProblem):
            parse_condition((piece * LONGEST)[:LONGEST])
    with pytest.raises(ValueProblem, match="longer than"):
        parse_condition("true or " * LONGEST + "true")
    assert answer(" or ".join(["params.dry"] * 200 + ["true"]))


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("params.n = 1", 16, '"=" can\'t stand here', 'write "==" to compare'),
        ("params.n == 1 && true", 21, '"&&" can\'t stand here', 'write "and"'),
        ("params.n == 1 and params.size = 's'", 37, '"=" can\'t stand here', 'write "==" to compare'),
        ("{{ params.n }} == 1", 7, '"{{" can\'t stand here', "it needs no braces"),
        ("params.size == l", 22, '"l" is not known here', "write 'l' for a text"),
        ("always()", 7, '"always" can\'t be called', 'write trigger = "all_done"'),
        ("(params.n == 1", 20, "ends too early", '"(" is not closed'),
        ("params.n == 1)", 20, '")" can\'t stand here', "nothing opens it"),
        ("params.size == 's", 6, "without its closing quote", "write 'text'"),
        ("1 < params.n < 3", 20, "two comparisons side by side", "write a < b and b < c"),
        ("true AND true", 12, '"AND" is not known here', 'write "and"'),
        ("github.ref == 'x'", 7, '"github" is not known here', "write params.NAME or env.NAME"),
        ("params.sise == 's'", 7, 'there is no parameter "sise"', 'did you mean "size"?'),
        ("matrix.seed == 1", 7, "this task has no matrix", ""),
        ("needs.b.status == 'failed'", 7, 'there is no task "b"', ""),
        ("needs.c.status == 'failed'", 7, '"a" doesn\'t need "c"', "add it to needs"),
        ("needs.far.outputs.x == 'y'", 7, "doesn't need it directly", 'add "far" to needs'),
        ("needs.p.status == 'success'", 26, 'a status is never "success"', 'did you mean "completed"?'),
        ("needs.p.status in ['failed', 'sucess']", 37, 'a status is never "sucess"', "it is one of"),
        ("params.size == 1", 7, '"params.size" is a string, and "1" is a number: they are never equal', "write '1'"),
        ("params.n == '1'", 7, '"params.n" is a number', "write 1 without quotes"),
        ("params.n in ['1', '2']", 7, '"params.n" is a number', "write 1 without quotes"),
        ("'x' == params.list", 7, '"params.list" is a list', "'x' in"),
        ("params.list > 3", 7, '"params.list" is a list, which has no order', "write == or !="),
        ("params.size in params.n", 7, '"params.n" is a number, not a list', "or =="),
        ("env.DAGTUI_NODE == 'a'", 7, "is set for each attempt", "compare matrix or params"),
        ("env.MADE == 'x'", 7, '"env.MADE" is made of "{{ needs.p.status }}"', "write needs.p.status"),
        ("", 6, "must not be empty", "params.size == 's'".replace("s'", "l'")),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_condition(text: str, column: int, message: str, hint: str):
    head = (
        'params = { n = 1, size = "s", list = ["a"] }\n[tasks.far]\n[tasks.c]\n[tasks.p]\nneeds = ["far"]\n[tasks.a]\n'
        'needs = ["p"]\nenv = { MADE = "{{ needs.p.status }}" }\n'
    )
    quote = '"' if '"' not in text else "'''"
    (problem,) = problems_of(f"{head}if = {quote}{text}{quote}")
    assert (problem.line, problem.column) == (10, column), problem
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("value", "hint"),
    [("1", ""), ("['a']", ""), ("{ a = 1 }", ""), ('"needs.a.status ="', "")],
)
def test_another_value_is_refused(value: str, hint: str):
    (problem,) = problems_of(f"[tasks.a]\nif = {value}")
    assert problem.message.startswith('"if" ')
    assert hint in problem.hint


def test_a_condition_in_the_defaults_is_reported_once_and_a_boolean_is_one():
    (problem,) = problems_of("[defaults]\nif = 'params.x == 1'\n[tasks.a]\n[tasks.b]")
    assert problem.line == 3
    assert task_of("if = false").condition == "false"
    assert task_of("", "defaults = { if = true }").condition == "true"


def test_a_matrix_is_compared_by_the_values_of_its_axis():
    numbers = "[tasks.a]\nmatrix = { seed = [1, 2] }\nif = \"matrix.seed == '1'\""
    assert "never equal" in problems_of(numbers)[0].message
    assert graph_of(numbers.replace("[1, 2]", '["1", "2"]').replace("'1'", "1")).tasks[0].condition


def test_the_record_of_a_graph_has_its_conditions_and_can_be_read_with_secrets_redacted(tmp_path: Path):
    body = "params = { n = 1 }\n[tasks.a]\nif = \"params.n == 1 and env.T != 'hunter2'\"\n"
    text = to_toml(graph_of(body))
    assert load_text(text, "g.toml").tasks[0].condition == graph_of(body).tasks[0].condition
    redacted = text.replace("\nn = 1", '\nn = "***"').replace("== 1", "== ***").replace("hunter2", "***")
    assert "***" in load_recorded(tmp_path / "g.toml", redacted.encode()).tasks[0].condition
