"""Secrets in two halves, for a scheduler that keeps the environment of its jobs on a disk.

One half is random, and lies in the spool until its attempt begins. The other one is what makes the secrets of it, and
goes by the environment. Each alone tells nothing but how long the secrets are, rounded up.
"""

from __future__ import annotations

import binascii
import os
from typing import TYPE_CHECKING

from dagtui.execution.agent.json_text import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "DAGTUI_SECRETS"
"""The variable with the other half."""
_STEP = 256
"""What the length of a half is a multiple of."""


def new_half(secrets: Mapping[str, str]) -> bytes:
    """Return a random half for secrets."""
    return os.urandom(len(_padded(secrets)))


def fits(half: bytes, secrets: Mapping[str, str]) -> bool:
    """Return whether another half can be made for secrets."""
    return len(half) == len(_padded(secrets))


def other_half(half: bytes, secrets: Mapping[str, str]) -> str:
    """Return what makes secrets of a half that fits."""
    return binascii.b2a_base64(_xor(half, _padded(secrets)), newline=False).decode("ascii")


def joined(half: bytes, other: str) -> dict[str, str]:
    """Return the secrets of two halves. Raises ValueError if they do not belong together."""
    code = binascii.a2b_base64(other)
    if len(code) != len(half):
        raise ValueError("the halves differ in length")
    found = decoded(_xor(half, code).rstrip(b" "))
    if not isinstance(found, dict):
        raise ValueError("the halves do not make a table")  # noqa: TRY004 - as for what is not JSON at all
    return {str(name): str(value) for name, value in found.items()}


def _padded(secrets: Mapping[str, str]) -> bytes:
    content = encoded(dict(secrets))
    return content.ljust(-(-len(content) // _STEP) * _STEP)


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
