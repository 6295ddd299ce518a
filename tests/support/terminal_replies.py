"""What terminals answer, collected from their manuals: nothing of it was typed by a person."""

from __future__ import annotations

REPLIES = [
    "\x1b[?62;22c",  # primary device attributes
    "\x1b[?1;2c",
    "\x1b[>41;354;0c",  # secondary
    "\x1b[=0c",
    "\x1bP!|00000000\x1b\\",  # tertiary
    "\x1b[0n",  # status
    "\x1b[24;80R",  # position of the cursor
    "\x1b[?24;80;1R",
    "\x1b[?13n",
    "\x1b[?997;1n",  # light or dark
    "\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",  # colours
    "\x1b]10;rgb:ffff/ffff/ffff\x07",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b]12;rgba:0000/0000/0000/ffff\x07",
    "\x1b]52;c;cmV0cnkgUiBjYW5jZWwgWCBxdWl0IHE=\x07",  # the clipboard
    "\x1b]l the title R X q\x1b\\",
    "\x1b]L the icon\x1b\\",
    "\x1bP1$r0m\x1b\\",  # settings (DECRQSS)
    "\x1bP1$r2 q\x1b\\",
    "\x1bP0$r\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",  # terminfo
    "\x1bP>|XTerm(390)\x1b\\",  # name and version
    "\x1bP>|WezTerm 20240203-110809-5046fc22\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",  # Kitty's pictures
    "\x1b[?2026;2$y",  # modes
    "\x1b[?2048;0$y",
    "\x1b[?2004;1$y",
    "\x1b[4;2$y",
    "\x1b[?25u",  # Kitty's keyboard
    "\x1b[8;24;80t",  # sizes
    "\x1b[4;600;800t",
    "\x1b[6;16;8t",
    "\x1b[48;24;80;384;640t",
    "\x1b[1t",
    "\x1b[?2;0;800;600S",  # pictures (XTSMGRAPHICS)
    "\x1b[>4;2m",  # modifyOtherKeys
    "\x1b[?1;0;0x",
    "\x1b[2;1;1;112;112;1;0x",  # DECREPTPARM
    "\x1bP1!~0000\x1b\\",  # checksum
]
