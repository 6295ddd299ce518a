from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dagtui.execution.local.frames import Decoder, Message, encode

FIELDS = st.recursive(
    st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary()),
    lambda inner: st.one_of(st.tuples(inner, inner), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)
MESSAGES = st.lists(
    st.builds(lambda kind, fields: (kind, *fields), st.text(), st.lists(FIELDS, max_size=4)), max_size=4
)


@given(st.lists(MESSAGES, max_size=4), st.lists(st.integers(1, 40), max_size=200))
def test_messages_survive_any_cutting(batches: list[list[Message]], cuts: list[int]):
    stream = b"".join(encode(batch) for batch in batches)
    decoder = Decoder()
    received: list[Message] = []
    for cut in cuts:
        received += decoder.feed(stream[:cut])
        stream = stream[cut:]
    received += decoder.feed(stream)
    assert received == [message for batch in batches for message in batch]


def test_names_that_are_no_utf_8_pass():
    message = ("start", "\udcff")
    assert Decoder().feed(encode([message])) == [message]
