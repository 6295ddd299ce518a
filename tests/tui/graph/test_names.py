from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dagtui.tui.graph.views import Names

LABELS = st.lists(st.text(alphabet="abAB[=1]\nß", max_size=6), max_size=8, unique=True)


@given(labels=LABELS, query=st.text(alphabet="abAB[=1]ß", min_size=1, max_size=3))
def test_matches_are_the_labels_that_contain_the_query(labels: list[str], query: str):
    hits = [node for node, label in enumerate(labels) if query.lower() in label.lower()]
    names = Names(labels)
    assert names.matching(query) == hits
    assert names.matching("!" + query) == [node for node in range(len(labels)) if node not in hits]


def test_an_empty_query_and_one_with_a_line_break_match_nothing():
    names = Names(["ab", "cd"])
    assert names.matching("") == []
    assert names.matching("b\nc") == []
    assert Names([]).matching("x") == []
    assert Names([]).matching("!x") == []


def test_an_exclamation_mark_alone_is_what_is_looked_for():
    assert Names(["wow!", "ow"]).matching("!") == [0]
