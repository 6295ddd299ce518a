from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from dagtui.text.lines import styled
from dagtui.text.styles import Style as TaskStyle
from dagtui.tui.log.task_colours import Mark, rich_style, segments

PIECES = st.lists(
    st.sampled_from(["\x1b[31m", "\x1b[1;44m", "\x1b[38;2;1;2;3m", "\x1b[0m", "abc", "漢", " "]), max_size=12
)


@given(PIECES, st.integers(0, 20), st.integers(0, 20), st.integers(0, 10), st.integers(0, 10))
def test_a_part_has_its_characters_and_styles(
    pieces: list[str], start: int, length: int, mark_start: int, mark_length: int
):
    line = styled("".join(pieces))
    end = min(start + length, len(line.text))
    mark = Mark(mark_start, mark_start + mark_length, Style(reverse=True))
    found = segments(line, start, end, Style(), [mark])
    assert "".join(segment.text for segment in found) == line.text[start:end]
    position = start
    for segment in found:
        for index in range(position, position + len(segment.text)):
            spans = [span for span in line.spans if span.start <= index < span.end]
            wanted = rich_style(spans[0].style) if spans else Style()
            if mark.start <= index < mark.end:
                wanted += mark.style
            assert segment.style == wanted
        position += len(segment.text)


def test_a_tasks_colours_are_kept():
    style = rich_style(TaskStyle(foreground="bright_red", background=(1, 2, 3), bold=True))
    assert style.color.name == "bright_red"
    assert style.bgcolor.triplet == (1, 2, 3)
    assert style.bold
    assert rich_style(TaskStyle(foreground=200)).color.number == 200


def test_a_line_of_many_colours_takes_no_time_to_speak_of():
    line = styled("".join(f"\x1b[3{number % 8}mx" for number in range(2_500)))
    assert len(segments(line, 0, len(line.text), Style())) > 2_000
    assert len(segments(line, 100, 110, Style())) == 10
