"""The terminals of tests/terminals, for tests of what may reach one."""

from __future__ import annotations
