"""The GPUs of this machine, which attempts get by their numbers."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "CUDA_VISIBLE_DEVICES"
"""The variable that tells programs which GPUs they may use."""
_DEVICE = re.compile(r"nvidia([0-9]+)")


class Devices:
    """The GPUs, and which attempts have them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Find the GPUs: those that the variable names, if it is set on this machine, else all that the kernel has."""
        stated = environment.get(VARIABLE)
        names = _kernel_devices() if stated is None else [name.strip() for name in stated.split(",") if name.strip()]
        self.count = len(names)
        self._free = names
        self._taken: dict[str, list[str]] = {}

    @property
    def free(self) -> int:
        """How many are free."""
        return len(self._free)

    def fits(self, number: int) -> bool:
        """Return whether that number is free."""
        return number <= len(self._free)

    def take(self, key: str, number: int) -> str:
        """Give an attempt some that are free. Return the value of the variable for it."""
        self._taken[key], self._free = self._free[:number], self._free[number:]
        return ",".join(self._taken[key])

    def give_back(self, key: str) -> None:
        """Take those of an attempt back, if it has any."""
        self._free += self._taken.pop(key, [])


def _kernel_devices() -> list[str]:
    try:
        found = [_DEVICE.fullmatch(name) for name in os.listdir("/dev")]
    except OSError:
        return []
    return [str(number) for number in sorted(int(match[1]) for match in found if match is not None)]
