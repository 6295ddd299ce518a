"""Placeholders: the grammar, and where they may stand in a command line."""

from __future__ import annotations

import pytest
from graph.sources import graph_of, problems_of
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.braces import MARK, Placeholder, Root, TemplatePlace
from dagtui.graph.expressions.quoting import places
from dagtui.graph.expressions.templates import Template, parse_command, parse_template, value_text

X = "{{ params.x }}"
P = Placeholder(Root.PARAMS, "x", X)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        (X, (P,)),
        (f"a{X}b", ("a", P, "b")),
        ("{{params.x}}", (Placeholder(Root.PARAMS, "x", "{{params.x}}"),)),
        ("{{ matrix.a-b.c }}", (Placeholder(Root.MATRIX, "a-b.c", "{{ matrix.a-b.c }}"),)),
        ("{{ env.HOME }}", (Placeholder(Root.ENV, "HOME", "{{ env.HOME }}"),)),
        ("{{ needs.a.b.status }}", (Placeholder(Root.NEEDS, "a.b", "{{ needs.a.b.status }}"),)),
        ("{{ needs.status.status }}", (Placeholder(Root.NEEDS, "status", "{{ needs.status.status }}"),)),
        ("{{ needs.a[x=1].status }}", (Placeholder(Root.NEEDS, "a[x=1]", "{{ needs.a[x=1].status }}"),)),
        ("{{{{ params.x }}", ("{{ params.x }}",)),
        ("{{{{{{ params.x }}", ("{{", Placeholder(Root.PARAMS, "x", X))),
        ("}} {", ("}} {",)),
        ('{{ params.x or "a b" }}', (Placeholder(Root.PARAMS, "x", '{{ params.x or "a b" }}', "a b"),)),
        ("{{env.X or ''}}", (Placeholder(Root.ENV, "X", "{{env.X or ''}}", ""),)),
        ("{{ env.X or 'u/{x}}' }}}}", (Placeholder(Root.ENV, "X", "{{ env.X or 'u/{x}}' }}", "u/{x}}"), "}}")),
        ("{{ matrix.x or -1.5 }}", (Placeholder(Root.MATRIX, "x", "{{ matrix.x or -1.5 }}", "-1.5"),)),
        ("{{ needs.a.status or true }}", (Placeholder(Root.NEEDS, "a", "{{ needs.a.status or true }}", "true"),)),
        ("{{ params.a or b }}", (Placeholder(Root.PARAMS, "a or b", "{{ params.a or b }}"),)),
        ("{{ params.it's }} it's }}", (Placeholder(Root.PARAMS, "it's", "{{ params.it's }}"), " it's }}")),
    ],
)
def test_the_grammar(text: str, parts: tuple[str | Placeholder, ...]):
    template = parse_template(text)
    assert template.parts == (parts if "{{" in text else ((text,) if text else ("",)))


@pytest.mark.parametrize(
    ("text", "message", "needle"),
    [
        ("{{", 'without its "}}"', "{{"),
        ("a {{ params.x", 'without its "}}"', "{{ params.x"),
        ("{{ params.x }", 'without its "}}"', "{{ params.x }"),
        ("{{ params\n.x }}", 'without its "}}"', "{{ params"),
        ("{{ }}", "is not a placeholder", "{{ }}"),
        ("{{ x }}", "is not a placeholder", "{{ x }}"),
        ("{{ params }}", "is not a placeholder", "{{ params }}"),
        ("{{ params. }}", "is not a placeholder", "{{ params. }}"),
        ("{{ os.x }}", "is not a placeholder", "{{ os.x }}"),
        ("{{ needs.a }}", "is not a placeholder", "{{ needs.a }}"),
        ("{{ needs..status }}", "is not a placeholder", "{{ needs..status }}"),
        ("{{{ params.x }}}", 'without its "}}"', "{{{ params.x }}}"),
        ("{{ {{ params.x }} }}", 'without its "}}"', "{{ {{ params.x }} }}"),
    ],
)
def test_what_is_no_placeholder(text: str, message: str, needle: str):
    with pytest.raises(ValueProblem) as caught:
        parse_template(text)
    assert message in caught.value.message
    assert caught.value.hint or "yet" in message
    assert caught.value.needle == needle


@given(st.text(alphabet="{} ax.\n", max_size=20))
def test_any_text_is_a_template_or_wrong(text: str):
    try:
        template = parse_template(text)
    except ValueProblem:
        return
    again = parse_template(template.fill(lambda part: part.source).replace("{{", "{{{{"))
    assert again.fill(lambda part: part.source) == template.fill(lambda part: part.source)
    assert not any(
        first
        for first, second in zip(template.parts, template.parts[1:], strict=False)
        if isinstance(first, str) and isinstance(second, str)
    )


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="{", exclude_categories=["Cs"])) | st.just(P)))
def test_values_are_put_in_once_and_not_read_again(parts: tuple[str | Placeholder, ...]):
    written = "".join(part if isinstance(part, str) else part.source for part in parts)
    filled = parse_template(written).fill(lambda _: X)
    assert filled == "".join(part if isinstance(part, str) else X for part in parts)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (1, "1"), (1.0, "1.0"), (1e-7, "1e-07"), ("x", "x"), ("", "")]
)
def test_values_as_text(value: object, text: str):
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo @", "WORD"),
        ("x=@", "WORD"),
        ("a@b@", "WORD WORD"),
        ("echo $(cat @)", "WORD"),
        ('echo "$(cat @)"', "WORD"),
        ('echo "$(cat "$(cat @)")"', "WORD"),
        ("(cd @ && ls) > @", "WORD WORD"),
        ("'a' @ \"b\" @", "WORD WORD"),
        ("echo it\\'s @", "WORD"),
        ("echo '@'", "SINGLE"),
        ('echo "@"', "DOUBLE"),
        ("echo 'a'@'b@'", "WORD SINGLE"),
        ('echo "a\\"@"', "DOUBLE"),
        ("echo '\\'@", "WORD"),
        ("echo $'a\\n@'", "ANSI"),
        ("echo \"$(echo '@')\"", "SINGLE"),
        ('echo "$(echo "@")"', "DOUBLE"),
        ("# it's\necho @", "WORD"),
        ("echo @ # @'\necho @", "WORD COMMENT WORD"),
        ("echo a#@", "WORD"),
        ("echo a\\ #@", "WORD"),
        ("echo $# @ ${#a} @ $((2#1)) @", "WORD WORD WORD"),
        ("echo `cat @`", "BACKTICKS"),
        ('echo "`cat @`" @', "BACKTICKS WORD"),
        ("echo ${a:-@} @", "EXPANSION WORD"),
        ('echo "${a:-@}" @', "EXPANSION WORD"),
        ("echo $((@ + 1)) @", "ARITHMETIC WORD"),
        ("((@ > 1)) && echo @", "ARITHMETIC WORD"),
        ("echo $(((@) + 1)) @", "ARITHMETIC WORD"),
        ("echo $(( $(cat @) + 1))", "WORD"),
        ("cat <<E > @\n@\nE\necho @", "WORD HEREDOC WORD"),
        ("cat <<'E F'\n'@\nE F\necho @", "RAW_HEREDOC WORD"),
        ('cat <<-"E"\n@\n\tE\necho @', "RAW_HEREDOC WORD"),
        ("cat <<A <<B\n@\nA\n@\nB\n@", "HEREDOC HEREDOC WORD"),
        ("cat <<E\n@ never ends", "HEREDOC"),
        ("cat <<E\n`date` $(date)\nE\n@", "WORD"),
        ("cat <<< @", "WORD"),
        ("cat <<@\n@", "UNCLEAR UNCLEAR"),
        ("cat <<E\na\\\nE\n@\nE\n@", "UNCLEAR UNCLEAR"),
        ("cat <<E\n$(cat <<F\nE\n@\n", "UNCLEAR"),
        ("cat <<E 'a\nb' @", "UNCLEAR"),
        ('cat <<E "a\nb" @', "UNCLEAR"),
        ("echo \\@", "BACKSLASH"),
        ("echo $@", "DOLLAR"),
        ('echo "\\@"', "BACKSLASH"),
        ("echo $\\\n@", "DOLLAR"),
        ('echo "$@"', "DOUBLE_APART"),
        ("echo $a@ ${a}@ $1@ $?@ $a/@ $a '$a'@", "APART WORD APART APART WORD WORD"),
        ('echo "$a@" "${a}@" "$1@" "$?@" "$a/@" "a@"', "DOUBLE_APART DOUBLE DOUBLE_APART DOUBLE_APART DOUBLE DOUBLE"),
        ("echo $a\\\n@", "APART"),
        (f'echo ${"a" * 300}@ "${"a" * 300}@"', "APART DOUBLE_APART"),
        ("@>x @<x @\\\n>x >@", "APART APART APART WORD"),
        ('echo ${a:-"@"} "${a:-"@"}"', "EXPANSION EXPANSION"),
        ("echo ${a:-'@'}", "EXPANSION"),
        ('echo $(("@"))', "ARITHMETIC"),
        ("echo \"`echo '@'`\"", "BACKTICKS"),
        ("echo \"${a:-'@'}\"", "UNCLEAR"),
        ("echo $[@]", "UNCLEAR"),
        ("case a in a) echo @;; esac", "WORD"),
        ('"$(case a in a) echo "@";; esac)"', "UNCLEAR"),
        ("echo $(a)#'\n@", "UNCLEAR"),
        ("echo a\\\n#'\n@", "UNCLEAR"),
        ("echo \"${a:-'}'}\" @", "UNCLEAR"),
        ("echo $((1)) $( (echo @) )", "WORD"),
        ("x=(@ 'a b' @)", "WORD WORD"),
        ("x=(<@", "UNCLEAR"),
        ("x=(a; @)", "UNCLEAR"),
        ("x=(<(@))", "WORD"),
        ("echo $((cat @) | cat)", "ARITHMETIC"),
        ("echo $((cat) | cat) @", "UNCLEAR"),
    ],
)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_where_a_placeholder_stands(text: str, expected: object, shell: str):
    assert [place.name for place in places(text.replace("@", MARK), shell)] == expected.split()


def test_a_plain_sh_may_not_know_ansi_quotes():
    assert places(f"$'\\'' {MARK}", "bash") == [TemplatePlace.WORD]
    assert places(f"$'\\'' {MARK}", "sh") == [TemplatePlace.UNCLEAR]


@given(st.text(alphabet="@'\"\\`$(){}#<E\n c=[]-"), st.sampled_from(["sh", "bash"]))
def test_every_placeholder_has_a_place(text: str, shell: str):
    assert len(places(text.replace("@", MARK), shell)) == text.count("@")


def test_comments_keep_their_placeholders():
    template = parse_command(f"# {X}\necho {X}", None)
    assert template == Template((f"# {X}\necho ", P))


@pytest.mark.parametrize(
    ("run", "message", "hint"),
    [
        (f"x $'{X}'", "is inside $'…'", f"close the quotes before it and reopen them after it: $'…'{X}$'…'"),
        (f"`{X}`", "is inside backticks", "write $(…)"),
        (f"x ${{a:-{X}}}", "is inside ${…}", f"assign it to a variable first: x={X}, and write $x here"),
        (f"$(({X}))", "is inside arithmetic", f"assign it to a variable first: x={X}, and write $x here"),
        (
            f"cat <<E\n{X}\nE",
            "is inside a here-document",
            f'put env = {{ X = "{X}" }} in the task, and write $X here',
        ),
        (f'cat <<"E"\n{X}\nE', "is inside a here-document", "remove the quotes around the word after <<"),
        (f"\\{X}", "is after a backslash", "remove the backslash"),
        (f"${X}", "is after a dollar sign", "remove the dollar sign"),
        (f"cat <<{X}", "in a place where quoting can't be determined", f'first line: x={X}, and write "$x" here'),
        ("{{ params.y }}", 'there is no parameter "y"', 'there are "x"'),
        ("{{ params.xx }}", 'there is no parameter "xx"', 'did you mean "x"?'),
        ("{{ matrix.x }}", "this task has no matrix", ""),
        ("{{ needs.b.status }}", '"a" doesn\'t need "b"', "add it to needs"),
        ("{{ oops }}", "is not a placeholder", "double them"),
        ("{{ params.x or y }}", "is not a placeholder", '"or" must be followed by a literal'),
    ],
)
def test_placeholders_in_a_command(run: str, message: str, hint: str):
    (problem,) = problems_of(
        f"params = {{ x = 1 }}\n[tasks.b]\n[tasks.a]\nrun = '''{run}'''"
        if "'" not in run
        else f'params = {{ x = 1 }}\n[tasks.b]\n[tasks.a]\nrun = """{run}"""'
    )
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == 5 + run[: run.find("{{")].count("\n")
    before, width = problem.mark
    assert problem.excerpt[before : before + width].startswith("{{")


@pytest.mark.parametrize("shell", [["fish", "-c"], ["/usr/bin/python3", "-c"], ["env", "bash", "-c"]])
def test_other_shells_take_no_placeholders(shell: str):
    body = f"params = {{ x = 1 }}\n[tasks.a]\nshell = {shell}\nrun = 'x'\nenv = {{ X = '{X}' }}\n[tasks.b]\n"
    assert graph_of(body)
    (problem,) = problems_of(body + f"run = '{X}'\nshell = {shell}")
    assert "placeholders can't be quoted for the shell" in problem.message
    assert "put the value in env" in problem.hint
    assert graph_of(body + f"run = ['{X}']\nshell = {shell}")


@pytest.mark.parametrize(
    "body",
    [
        'run = ["x", "y {{ oops }}"]',
        'cwd = "{{ oops }}"',
        'env = { A = "{{ oops }}" }',
        'call = "a:b"\nargs = { x = ["{{ oops }}"] }',
    ],
)
def test_placeholders_are_checked_everywhere(body: str):
    (problem,) = problems_of(f"[tasks.a]\n{body}")
    assert problem.excerpt[problem.mark[0] :].startswith("{{ oops }}")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ('A = "{{ env.B }}", B = "{{ env.A }}"', "refer to each other"),
        ('A = "{{ env.B }}", B = "{{ env.C }}", C = "x{{ env.A }}"', "refer to each other"),
    ],
)
def test_variables_made_of_each_other(env: str, said: str | None):
    (problem,) = problems_of(f"[tasks.a]\nenv = {{ {env} }}")
    assert said in problem.message
    assert problem.line == 3


@pytest.mark.parametrize(
    ("needs", "asked", "said"),
    [
        ("b", "b", None),
        ("c[x=1]", "c", None),
        ("c", "c[x=1]", None),
        ("c", "c", "refers to 2 nodes"),
        ("c[x=1]", "c[x=2]", 'doesn\'t need "c[x=2]"'),
        ("b", "c", 'doesn\'t need "c"'),
    ],
)
def test_the_status_of_what_is_needed(needs: str, asked: str, said: str | None):
    body = f"""
[tasks.b]
[tasks.c]
matrix = {{ x = [1, 2] }}
[tasks.a]
needs = ["{needs}"]
run = "echo {{{{ needs.{asked}.status }}}}"
"""
    if said is None:
        assert graph_of(body)
        return
    (problem,) = problems_of(body)
    assert said in problem.message
    assert "needs.c[x=1].status or needs.c[x=2].status" in problem.hint or "add it to needs" in problem.hint


def test_a_status_may_be_asked_of_another_cell_in_each_cell():
    assert graph_of(
        "[tasks.a]\nmatrix = { x = [1, 2] }\n"
        '[tasks.b]\nmatrix = { x = [1, 2] }\nneeds = ["a[x={{ matrix.x }}]"]\nrun = "echo {{ needs.a.status }}"'
    )
