"""Make foreign strings safe to show: nothing in them can act on a terminal, hide, or reorder what is around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.text.widths import cell_width, may_be_piled, thinned

if TYPE_CHECKING:
    from dagtui.text.look import Look

NAME_CHARACTERS = 1000
"""Characters of a name that are examined. The rest of a longer name is ignored."""
_NAME_CELLS: Final = CellWidth(80)
DROPPED = "\ufe0e\ufe0f"
"""Emoji and text presentation selectors. They only choose between two pictures of the preceding character."""

FORBIDDEN = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible: soft hyphen, joiners, fillers, selectors
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidi
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors, byte order mark, annotations
    "\ud800-\udfff"  # surrogates: bytes that were not valid UTF-8
    "\ufdd0-\ufdef\ufffe\uffff"  # noncharacters
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # format controls of scripts and notations
    "\U000e0000-\U000e0fff"  # tags and more variation selectors
)
"""Content of a regular expression's character class: the characters that never leave this package.

Unicode's general categories Cc, Cs, Zl, Zp, its Default_Ignorable_Code_Point property (DerivedCoreProperties.txt) and
the noncharacters of its basic plane. Category Cf beyond that (Arabic number signs and the like) has a picture.
"""

HIDDEN = f"(?![\x00-\x1f\x7f])[{FORBIDDEN}]"
"""Any of them except ASCII's control characters: characters that people neither type nor paste on purpose."""

_ACTING = (
    "(?![\t\n])[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line separators, bidi
    "\ud800-\udfff]"  # surrogates
)
"""Characters that act where they are pasted, or change how a text reads."""
_FORBIDDEN_CHARACTER = f"[{FORBIDDEN}]"
_FORBIDDEN_BUT_NEWLINE = f"(?!\n)[{FORBIDDEN}]"


def label(text: object, cap: int = 200) -> str:
    r"""Return one line of at most `cap` characters (at least 1) for names, titles and commands.

    Control characters are made visible: `^[` for an escape, `\u202e` for invisible and reordering characters, `\xff`
    for a byte that was not valid UTF-8. A longer text ends with "…", which also replaces excess combining marks.
    Applying the function twice changes nothing.
    """
    string = str(text)
    if string.isascii() and string.isprintable() and len(string) <= cap:
        return string
    shown = re.sub(_FORBIDDEN_CHARACTER, _show, string[:cap])
    return _capped(shown, cap, more=len(string) > cap)


def name_label(name: str, cells: CellWidth = _NAME_CELLS, look: Look = IN_UNICODE) -> str:
    """Return the name of a node as a safe part of a line. A name of more than `cells` cells is cut in the middle."""
    shown = label(name, NAME_CHARACTERS)
    if cell_width(shown) <= cells:
        return shown
    from dagtui.text.shortening import shortened

    return shortened(shown, cells, look)


def block(text: object, cap: int = 10_000) -> str:
    """Return several lines, for docs and errors. As `label`, but newlines stay and tabs become spaces."""
    string = str(text)
    rows = string[:cap].replace("\r\n", "\n").expandtabs(8)
    shown = re.sub(_FORBIDDEN_BUT_NEWLINE, _show, rows)
    return _capped(shown, cap, more=len(string) > cap)


def exact(text: object) -> str:
    """Return all of a text for pasting elsewhere. Only what would act there is made visible, as in `label`.

    Newlines and tabs stay, and so do invisible characters that only belong to others, as in emoji. A lone surrogate,
    which clipboards do not take, is shown as the byte that it stands for.
    """
    return re.sub(_ACTING, _show, str(text))


def exact_line(text: object) -> str:
    """Return a text as `exact` does, for a single line, where a newline would act too."""
    return exact(text).replace("\n", "^J")


def path_word(path: object) -> str:
    """Return the shell word by which a printed command names a file, so that it is neither an option nor a command."""
    import shlex

    word = str(path)
    is_mistakable = word.startswith("-") or not ("/" in word or "." in word)
    return shlex.quote(f"./{word}" if is_mistakable else word)


def visible(character: str) -> str:
    """Return how a forbidden character is shown: caret notation, else its escape as Python writes it."""
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return "^" + chr(code ^ 0x40)
    if code < 0x100:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that PEP 383's surrogateescape kept
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _show(match: re.Match[str]) -> str:
    character = match[0]
    return "" if character in DROPPED else visible(character)


def _capped(shown: str, cap: int, *, more: bool) -> str:
    if may_be_piled(shown):
        shown, _ = thinned(shown)
    if more or len(shown) > cap:
        return shown[: cap - 1] + "…"
    return shown
