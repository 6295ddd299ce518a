"""One word, one meaning: in the names of the code, and in what is written about it."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from pathlib import Path

from support.syntax import classes_in

PACKAGE = Path(__file__).parents[1] / "dagtui"
MODULES = sorted(PACKAGE.rglob("*.py"))
GONE = frozenset(
    (
        *("guardians", "keeper", "ledger", "door", "knock", "visit", "lease", "farewell"),
        *("workplace", "masked", "masking", "rehearsal", "derivation", "skim", "swept"),
    )
)
"""Words that stood for what has a standard term now: no part of a name in the code is one of them."""
MENTIONED = re.compile("|".join(GONE), re.IGNORECASE)


def names_in(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    if not MENTIONED.search(text):
        return set()
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def words_of(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)}


def test_no_class_name_stands_for_two_things():
    found = set(classes_in(PACKAGE))  # one for each platform may stand in one module
    assert [name for name, count in Counter(name for name, _ in found).items() if count > 1] == []


def test_words_that_are_gone_stay_gone():
    found = {
        f"{path.relative_to(PACKAGE)}: {name}" for path in MODULES for name in names_in(path) if words_of(name) & GONE
    }
    assert found == set()


def test_prose_of_the_code_is_plain():
    """As a technical writer puts it: "is not a duration", "the caller" in place of "whoever calls"."""
    poetic = re.compile(
        r"\b(whoever|whatever|somebody|so many)\b|(?<!there )(?<!that )\bis no(?= [a-z])(?! (longer|more)\b)", re.I
    )
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if poetic.search(line)
    ]
    assert found == []


def test_modules_of_one_folder_are_told_apart_by_name():
    """A name that differs from another one only by its endings, as `run` and `runs`, does not say what is inside."""
    ends = re.compile(r"(?<=...)(ings|ing|ers|er|ed|es|s|e)(?=_|$)")
    found = {}
    for path in MODULES:
        stem = re.sub(r"(.)\1(?=_|$)", r"\1", ends.sub("", path.stem))
        found.setdefault((path.parent, stem), []).append(path.stem)
    assert [names for names in found.values() if len(names) > 1] == []
