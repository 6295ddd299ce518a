from __future__ import annotations

import pytest

from dagtui.text.terminals import wants_ascii


@pytest.mark.parametrize(
    ("environ", "encoding", "ascii_only"),
    [
        ({"LANG": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE.utf8@euro"}, "utf-8", False),
        ({"LANG": "C.UTF-8"}, "utf-8", False),
        ({}, "utf-8", False),
        ({}, "ascii", True),
        ({"LANG": "C"}, "utf-8", True),
        ({"LANG": "POSIX"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-1"}, "utf-8", True),
        ({"LANG": "C", "LC_CTYPE": "UTF-8"}, "utf-8", False),
        ({"LANG": "ja_JP.UTF-8"}, "utf-8", True),
        ({"LANG": "zh_TW.UTF-8"}, "utf-8", True),
        ({"LANG": "ko_KR.UTF-8"}, "utf-8", True),
        ({"LANG": "ja_JP.UTF-8", "LC_CTYPE": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "utf-8", True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, "utf-8", False),
    ],
)
def test_when_only_ascii_is_shown(environ: dict[str, str], encoding: str, ascii_only: bool):
    assert wants_ascii(environ, encoding) is ascii_only
