"""What terminals, bidi, Unicode and markup can be attacked with: each entry by the name of its kind.

Payloads that could turn up somewhere else than on the screen carry the word LEAK, or its base64.
"""

from __future__ import annotations

CSI, OSC, DCS, APC, PM, SOS, ST = "\x1b[", "\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1b\\"

TERMINAL: dict[str, str] = {
    "OSC 52 clipboard": f"{OSC}52;c;TEVBSw==\x07",
    "OSC 52 clipboard question": f"{OSC}52;c;?{ST}",
    "OSC 8 link": f"{OSC}8;;http://LEAK{ST}here{OSC}8;;{ST}",
    "OSC 0 title": f"{OSC}0;LEAK\x07",
    "OSC 1 icon": f"{OSC}1;LEAK{ST}",
    "OSC 2 title": f"{OSC}2;LEAK\x07",
    "OSC 4 colour question": f"{OSC}4;1;?\x07",
    "OSC 10 colour question": f"{OSC}10;?{ST}",
    "OSC 11 colour question": f"{OSC}11;?\x07",
    "OSC 7 directory": f"{OSC}7;file://LEAK/etc{ST}",
    "OSC 9 notification": f"{OSC}9;LEAK\x07",
    "OSC 50 font": f"{OSC}50;?\x07",
    "OSC 133 prompt": f"{OSC}133;A{ST}",
    "OSC 777 notification": f"{OSC}777;notify;LEAK;x\x07",
    "OSC 1337 file": f"{OSC}1337;File=name=TEVBSw==;inline=1:TEVBSw==\x07",
    "OSC 1337 variable": f"{OSC}1337;ReportVariable=TEVBSw==\x07",
    "APC kitty picture": f"{APC}Gf=24,s=1,v=1,t=f;TEVBSw=={ST}",
    "PM": f"{PM}LEAK{ST}",
    "SOS": f"{SOS}LEAK{ST}",
    "DCS sixel": f"{DCS}q#0;2;0;0;0#0~~{ST}",
    "DCS DECRQSS": f"{DCS}$qm{ST}",
    "DCS DECUDK": f"{DCS}0;1|17/4C45414B{ST}",
    "DCS tmux": f"{DCS}tmux;\x1b{OSC}52;c;TEVBSw==\x07{ST}",
    "DCS XTGETTCAP": f"{DCS}+q544e{ST}",
    "DA1": f"{CSI}c",
    "DA2": f"{CSI}>c",
    "DA3": f"{CSI}=c",
    "DECID": "\x1bZ",
    "ENQ": "\x05",
    "DSR 5": f"{CSI}5n",
    "DSR 6": f"{CSI}6n",
    "DECXCPR": f"{CSI}?6n",
    "DECRQM": f"{CSI}?2004$p",
    "XTVERSION": f"{CSI}>0q",
    "title report": f"{CSI}21t",
    "window minimised": f"{CSI}2t",
    "window resized": f"{CSI}8;1;1t",
    "checksum": f"{CSI}1;1;1;1;1;1*y",
    "kitty keyboard question": f"{CSI}?u",
    "C1 CSI as a byte": "\x9b21t",
    "C1 OSC": "\x9d0;LEAK\x9c",
    "C1 DCS": "\x90$qm\x9c",
    "C1 NEL IND RI": "\x85\x84\x8d",
    "alternate screen": f"{CSI}?1049l{CSI}?47l{CSI}?1047l",
    "mouse modes": f"{CSI}?1000h{CSI}?1003h{CSI}?1006l",
    "bracketed paste off": f"{CSI}?2004l",
    "application keys": f"{CSI}?1h\x1b=",
    "hidden cursor": f"{CSI}?25h",
    "wrap": f"{CSI}?7h",
    "focus": f"{CSI}?1004l",
    "synchronized": f"{CSI}?2026h",
    "shifts": "\x0e\x0f\x1bn\x1bo\x1bN\x1bO",
    "charset": "\x1b(0\x1b)0\x1b*A",
    "no UTF-8": "\x1b%@\x1b%G",
    "RIS": "\x1bc",
    "DECSTR": f"{CSI}!p",
    "DECALN": "\x1b#8",
    "DECSTBM": f"{CSI}3;5r",
    "margins": f"{CSI}?69h{CSI}2;9s",
    "save and restore": f"\x1b7{CSI}s\x1b8{CSI}u",
    "insert mode": f"{CSI}4h",
    "newline mode": f"{CSI}20h",
    "origin mode": f"{CSI}?6h",
    "cursor home": f"{CSI}H{CSI}1;1H{CSI}5A",
    "erase": f"{CSI}2J{CSI}3J{CSI}K",
    "scroll": f"{CSI}5S{CSI}5T\x1bD\x1bM",
    "tab stops": f"\x1bH{CSI}3g",
    "printer": f"{CSI}5i{CSI}4i",
    "repeat": f"x{CSI}1000000b",
    "cursor shape": f"{CSI}1 q",
    "concealed": f"{CSI}8mLEAK{CSI}28m",
    "blinking": f"{CSI}5;6mx{CSI}0m",
    "huge parameters": f"{CSI}{'9' * 500}m{CSI}{';' * 200}H",
    "bells": "\x07\x07",
    "backspaces": "ab\x08\x08\x08cd",
    "carriage return": "visible\rLEAK",
    "vertical": "a\x0bb\x0cc",
    "line feed": "a\nb",
    "tab": "a\tb",
    "NUL": "a\x00b",
    "DEL": "a\x7fb",
    "other C0": "\x01\x02\x03\x04\x06\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1c\x1d\x1e\x1f",
    "unfinished escape": "x\x1b",
    "unfinished CSI": f"x{CSI}",
    "unfinished CSI with numbers": f"x{CSI}3;4",
    "unfinished OSC": f"x{OSC}52;c;TEVB",
    "unfinished DCS": f"x{DCS}1$r",
    "unfinished end of a string": f"{OSC}0;LEAK\x1b",
}
"""What acts on a terminal, or makes it answer."""

UNICODE: dict[str, str] = {
    "bidi overrides": "exe\u202etxt\u202d.\u202c",
    "bidi embeddings": "\u202aa\u202bb\u202c",
    "bidi isolates": "\u2066a\u2067b\u2068c\u2069",
    "bidi marks": "\u200ea\u200fb\u061cc",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "joined emoji": "👩\u200d👩\u200d👧",
    "invisible operators": "a\u2061b\u2062c\u2063d\u2064e",
    "deprecated formats": "\u206aa\u206bb\u206cc\u206dd\u206ee\u206f",
    "fillers": "\u115f\u1160\u3164\uffa0\u2800",
    "tag characters": "x\U000e0001\U000e0041\U000e007f",
    "variation selectors": "a\ufe00b\ufe0fc\U000e0100",
    "Mongolian selectors": "\u180b\u180e",
    "combining marks": "Z" + "\u0310\u031c\u0353" * 60 + "algo",
    "Hangul pile": "\u1112" + "\u1161" * 100,
    "combining alone": "\u0301\u0308",
    "annotations": "\ufff9a\ufffab\ufffb",
    "line separators": "a\u2028b\u2029c",
    "private use": "\ue000\uf8ff\U000f0000",
    "unassigned": "\u0378\U0001faff",
    "noncharacters": "\ufdd0\ufffe\uffff",
    "musical formats": "\U0001d173\U0001d17a",
    "emoji modifiers": "👍🏽 🏽",
    "wide": "日本語 한국어 ☰",
    "spaces": "a\u00a0b\u2003c\u3000d",
    "replacement": "\ufffd",
}
"""What hides, reorders, or is wider or narrower than it seems."""

MARKUP: dict[str, str] = {
    "closing tag": "[/foo]",
    "closing nothing": "[/]",
    "action": "[@click=app.quit]LEAK[/]",
    "action bell": "[@click=app.bell()]x[/]",
    "link": "[link=http://LEAK]x[/link]",
    "style": "[bold red on blue]x",
    "backslash": "\\[bold]x[/bold]\\",
    "unclosed": "[",
    "nested": "[[[x]]]",
    "emoji code": ":skull: :warning:",
    "template": "{params.x} %s %(x)s $HOME `id` ${{x}}",
    "HTML": "<b>x</b><script>alert(1)</script>&amp;",
    "path": "../../etc/passwd",
    "option": "--help",
    "quotes": "'\"\"\"'''\"",
    "JSON": '","status":"COMPLETED","x":"',
    "very long": "long " * 2000,
    "one long word": "w" * 5000,
}
"""What a library above the terminal may read as something else than text."""

UNDECODABLE: dict[str, bytes] = {
    "lone C1 bytes": b"\x80\x9b31m\x9d0;LEAK\x9c",
    "invalid UTF-8": b"a\xff\xfe\xc0\xaf\xed\xa0\x80b",
    "cut character": b"x\xe2\x82",
    "overlong escape": b"\xc1\x9b[2J\xe0\x80\x9b]0;LEAK\x07",
    "surrogates": b"\xed\xa0\xbd\xed\xb8\x80",
    "UTF-16": "\x1b[2J".encode("utf-16"),
}
"""Bytes that are no UTF-8: only output, paths and files can have them."""

CORPUS: dict[str, str] = {
    **TERMINAL,
    **UNICODE,
    **MARKUP,
    "lone surrogate": "a\ud800b\udc9bc",
    "surrogates of bytes": "\udcff\udc9b2J",
}
"""Everything that can be in a Python string."""

HANDFUL = [
    "OSC 52 clipboard", "DSR 6", "C1 CSI as a byte", "alternate screen", "DCS DECRQSS", "unfinished OSC",
    "bidi overrides", "zero width", "tag characters", "combining marks", "action",
]  # fmt: skip
"""The names of a few of each kind, for what takes long."""


def printable_only(text: str) -> bool:
    """Whether a graph file takes it as a name of a task, an axis or a parameter."""
    return text.isprintable() and bool(text.strip()) and len(text) <= 200
