"""Pools: amounts of something that nodes share besides slots, such as GPUs, licences or memory.

Only graphs with pools import this module.
"""

from __future__ import annotations

from dataclasses import dataclass

Wants = tuple[tuple[str, int], ...]
"""Amounts of pools, by the names of the pools."""

PREFIXES = " KMGTP"


@dataclass(frozen=True, slots=True)
class Pool:
    """One entry of `[pools]`."""

    name: str
    size: int
    base: int = 0
    """1000 or 1024 if the pool is a size in bytes, shown in units of that base. 0 if it is a number of things."""

    def amount(self, amount: int) -> str:
        """Format an amount for people: 2, 8 GB, 3.5 GiB. It is cut off, never rounded up."""
        number, unit = self._parts(amount)
        return f"{number} {unit}" if unit else number

    def wanted(self, amount: int) -> str:
        """Format what a node wants: 2 gpu, 8 GB of mem."""
        return f"{self.amount(amount)} of {self.name}" if self.base else f"{self.amount(amount)} {self.name}"

    def part(self, amount: int) -> str:
        """Format a part of the pool: 0 of 2, 3.5 of 32 GB, 500 MB of 32 GB."""
        number, unit = self._parts(amount)
        whole, unit_of_whole = self._parts(self.size)
        same = unit == unit_of_whole or not amount
        return f"{number if same else f'{number} {unit}'} of {whole} {unit_of_whole}".rstrip()

    def written(self, amount: int) -> str | int:
        """Return an amount as a graph file has it. It reads as the same amount."""
        if not self.base:
            return amount
        power = max(power for power in range(len(PREFIXES)) if not amount % self.base**power)
        return f"{amount // self.base**power}{_unit(self.base, power)}"

    def _parts(self, amount: int) -> tuple[str, str]:
        if not self.base:
            return f"{amount:,}", ""
        power = max(power for power in range(len(PREFIXES)) if not power or amount >= self.base**power)
        divisor = self.base**power
        digits = max(0, 3 - len(str(amount // divisor)))
        cut = amount * 10**digits // divisor
        number = f"{cut // 10**digits}.{cut % 10**digits:0{digits}}".rstrip("0").rstrip(".") if digits else f"{cut:,}"
        return number, _unit(self.base, power)


def _unit(base: int, power: int) -> str:
    if not power:
        return "B"
    prefix = PREFIXES[power]
    return f"{prefix}iB" if base == 1024 else f"{prefix if power > 1 else 'k'}B"
