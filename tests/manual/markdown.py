"""Parts of the manual's pages, for tests."""

from __future__ import annotations

import re

from dagtui.manual.pages import TOPICS, read_page

PAGES = {topic: read_page(topic).text for topic in TOPICS}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def sections(topic: str) -> dict[str, str]:
    """What stands below each heading, up to the next one."""
    text = re.sub(r"^```.*?^```$", lambda block: block[0].replace("\n#", "\n\0#"), PAGES[topic], flags=re.M | re.S)
    parts = re.split(r"^#+ (.*)\n", text, flags=re.MULTILINE)
    return {heading: body.replace("\0", "") for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table without its head."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    rows = [[[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()] for table in found]
    return [table[2:] for table in rows]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def documented(text: str, table: int = 0) -> set[str]:
    """The names in the first column of a table."""
    return {name for row in tables(text)[table] for name in code(row[0])}
