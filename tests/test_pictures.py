"""The pictures of the README are drawn so that every renderer shows them alike."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

FOLDER = Path(__file__).parent.parent / "screenshots"
sys.path.insert(0, str(FOLDER))

from picture import Cell, Frame, moving, paint, still  # noqa: E402 - after the path is set

SVG = "{http://www.w3.org/2000/svg}"


def row(text: str, colour: str = "#ffffff") -> tuple[Cell, ...]:
    return tuple(Cell(character, colour, "#000000") for character in text)


def test_each_word_and_each_sign_has_a_place_of_its_own():
    texts = ET.fromstring(f"<g>{paint(row(' ab ✓c│<&'))}</g>").iter("tspan")
    places = [(text.text, float(text.get("x", ""))) for text in texts]
    assert places == [("ab", 8.4), ("✓", 33.6), ("c", 42.0), ("<&", 58.8)]  # the line is drawn, not written


def test_a_moving_picture_begins_with_its_first_frame_and_draws_equal_rows_once():
    frames = [Frame((row("one"), row("two")), "a", 1.0), Frame((row("one"), row("six")), "b", 3.0)]
    drawn = ET.fromstring(moving(frames))
    assert len(drawn.findall(f"{SVG}defs/{SVG}g")) == 3
    (strip,) = [group for group in drawn.iter(f"{SVG}g") if group.get("class") == "strip"]
    assert [frame.get("transform") for frame in strip] == ["translate(0 0)", "translate(0 76)"]
    style = drawn.findtext(f"{SVG}style") or ""
    assert "0.000%{transform:translateY(0px)}25.000%{transform:translateY(-76px)}" in style
    assert "animation:play 4.00s steps(1,end) infinite" in style


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.svg")), ids=lambda path: path.name)
def test_pictures_are_whole_and_need_nothing_from_elsewhere(path: Path):
    text = path.read_text(encoding="utf-8")
    assert ET.fromstring(text).tag == f"{SVG}svg"
    assert re.findall(r"url\(|https?://(?!www\.w3\.org/|samples\.example)", text) == []


def test_a_still_is_an_image():
    assert ET.fromstring(still([row("a<b")], "a & b")).tag == f"{SVG}svg"


@pytest.mark.parametrize("script", ["make", "movie"])
def test_the_scripts_find_what_they_need(script: str):
    done = subprocess.run([sys.executable, "-c", f"import {script}"], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
