"""Names that are too long for their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.text import cell_width
from dagtui.text.labels import name_label
from dagtui.text.look import IN_ASCII
from dagtui.text.shortening import ending, shortened, told_apart

WORDS = ["sort", "index", "quantify", "forward", "reverse", "salmon", "stats", "bedgraph", "12", "7", "日本", "é"]
NAMES = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(lambda words: "rna_seq." + "_".join(words)),
    min_size=1,
    max_size=12,
    unique=True,
)


def all_shown(names: list[str], room: int) -> list[str]:
    return [told_apart(name, room, names[:at], names[at + 1 :]) for at, name in enumerate(names)]


@given(st.text(alphabet="ab[]=_日\u0301", max_size=30), st.integers(0, 40))
def test_a_shortened_name_fits(name: str, room: int) -> None:
    assert cell_width(shortened(name, room)) <= room


@given(st.text(alphabet="ab[]=_日\u0301", max_size=30), st.integers(4, 40))
def test_a_name_that_fits_is_whole_and_another_fills_its_room(name: str, room: int) -> None:
    shown = shortened(name, room)
    if cell_width(name) <= room:
        assert shown == name
    elif "…" in shown:
        assert cell_width(shown) >= room - 2  # a wide character may not fit on either side


def test_a_shortened_name_keeps_both_ends() -> None:
    assert shortened("call_variants_for_sample_NA12878_chromosome_1", 20) == "call_vari…romosome_1"
    assert shortened("call_variants_for_sample_NA12878_chromosome_1", 5) == "ca…_1"
    assert shortened("call_variants", 9, look=IN_ASCII) == "call~ants"
    assert shortened("call_variants", 1) == "…"


def test_a_mark_is_not_put_on_the_dots() -> None:
    assert shortened("abcdefghe\u0301xyz", 7) == "abc…xyz"


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (29, "training[seed=17,model=large]"),
        (28, "training[17,large]"),
        (18, "training[17,large]"),
        (17, "traini…[17,large]"),
    ],
)
def test_a_shortened_cell_keeps_what_tells_it_from_its_siblings(room: int, shown: str) -> None:
    assert shortened("training[seed=17,model=large]", room) == shown


def test_a_shortened_cell_below_its_task_keeps_its_values() -> None:
    assert shortened("[seed=17,model=large]", 12) == "[17,large]"


@given(NAMES, st.integers(0, 60))
def test_a_name_told_apart_fits(names: list[str], room: int) -> None:
    assert all(cell_width(shown) <= room for shown in all_shown(names, room))


@given(NAMES, st.integers(32, 60))
def test_names_that_differ_look_different(names: list[str], room: int) -> None:
    assert len(set(all_shown(names, room))) == len(names)


def test_a_beginning_is_said_again_where_the_rest_would_look_like_another_name() -> None:
    names = [f"call_{what}_for_sample_NA12878_chromosome_{n}" for what in ("variants", "indels") for n in (1, 2)]
    assert all_shown(names, 20) == [
        "call_vari…romosome_1",
        "call_vari…romosome_2",
        "call_inde…romosome_1",
        "call_inde…romosome_2",
    ]


def test_what_differs_in_the_middle_is_shown() -> None:
    names = ["x" * 30 + digit + "y" * 30 for digit in "012"]
    assert all_shown(names, 12) == ["…0yyy…yyyyyy", "…1yyy…yyyyyy", "…2yyy…yyyyyy"]


@pytest.mark.parametrize("room", range(8, 30))
def test_names_that_begin_and_end_alike_look_different(room: int) -> None:
    steps = ("SORT", "STATS", "FLAGSTAT", "IDXSTATS", "BAM_STATS.STATS", "BAM_STATS.FLAGSTAT", "BAM_STATS.IDXSTATS")
    names = [f"ALIGN_STAR.BAM_SORT_STATS_SAMTOOLS.{step}.SRR6357070" for step in steps]
    cuts = [told_apart(name, room, names[:at], names[at + 1 :]) for at, name in enumerate(names)]
    assert len(set(cuts)) == len(names), cuts
    assert max(map(cell_width, cuts)) <= room


def test_a_long_name_in_a_line_is_safe_and_keeps_its_end() -> None:
    assert name_label("a" * 90 + "\x1b1") == "a" * 39 + "…" + "a" * 37 + "^[1"


def test_a_last_part_stands_alone_unless_it_is_a_number() -> None:
    assert told_apart("NFCORE.PREPARE_GENOME.GUNZIP_GTF_3", 16, (), ()) == "…GUNZIP_GTF_3"
    assert told_apart("NFCORE.BAM_MARKDUPLICATES.SRR6357072", 16, (), ()) == "NFCORE.…R6357072"
    assert told_apart("NFCORE.BAM_MARKDUPLICATES.SRR6357072", 32, (), ()) == "…BAM_MARKDUPLICATES.SRR6357072"


def test_cells_of_a_task_have_one_form() -> None:
    cells = [f"[SRR635707{number}]" for number in range(5)]
    shown = [told_apart(cell, 9, cells[:at], cells[at + 1 :]) for at, cell in enumerate(cells)]
    assert shown == [f"…635707{number}]" for number in range(5)]
    assert ending("align[SRR6357072]", 6) == "…7072]"
    assert ending("a", 6) == "a"
