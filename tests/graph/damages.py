"""Files that were damaged at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

DAMAGES = [
    b"\n", b"", b"\x00", b"\xff", b"\xc2\x9b", b"\x1b]52;c;aGk=\x07", b'"', b"'''", b"[", b"]", b"{{", b"}}", b"=",
    b".", b",", b"\r", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"9" * 30, b"-", b"1e999", b"nan", b"2020-01-01",
]  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A file with a few bytes flipped, parts taken out, repeated, or lines changed for one another."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([1, 1, 3, 20, 200]))
        match chance.randrange(7):
            case 0 if start < len(data):
                data[start] ^= 1 << chance.randrange(8)
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end] * chance.choice([1, 2, 30])
            case 3:
                data[start:start] = chance.choice(DAMAGES)
            case 4:
                lines = bytes(data).split(b"\n")
                one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
                lines[one], lines[other] = lines[other], lines[one]
                data = bytearray(b"\n".join(lines))
            case 5:  # two keys change places
                words = bytes(data).split(b" = ")
                one, other = chance.randrange(len(words)), chance.randrange(len(words))
                words[one], words[other] = words[other], words[one]
                data = bytearray(b" = ".join(words))
            case _:
                data[start:end] = bytes(reversed(data[start:end]))
    return bytes(data[:200_000])
