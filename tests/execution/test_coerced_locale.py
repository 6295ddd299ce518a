"""On systems without /proc, the variable that Python added is recognised by its position."""

from __future__ import annotations

import os

import pytest

from dagtui.execution.local import coerced_locale


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "C", "X": "1", "LC_CTYPE": "C.UTF-8"}, None),
        ({"X": "1", "LC_CTYPE": "C.UTF-8"}, None),
        ({"LC_CTYPE": "C.UTF-8", "X": "1"}, "C.UTF-8"),
        ({"LANG": "en_US.UTF-8", "LC_CTYPE": "C.UTF-8"}, "C.UTF-8"),
        ({"LC_ALL": "C", "LC_CTYPE": "C.UTF-8"}, "C.UTF-8"),
        ({"LC_CTYPE": "de_DE.UTF-8"}, "de_DE.UTF-8"),
        ({"LANG": "C"}, None),
    ],
)
def test_without_proc(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str | None):
    before = dict(os.environ)
    monkeypatch.setattr(coerced_locale, "_before", coerced_locale._guess)
    try:
        os.environ.clear()
        os.environ.update(variables)
        coerced_locale.restore()
        assert os.environ.get("LC_CTYPE") == expected
    finally:
        os.environ.clear()
        os.environ.update(before)
