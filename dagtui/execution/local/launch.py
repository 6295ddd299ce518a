"""Run the reaper, and through it the supervisor and the log process. Started by link.py.

The packages' `__init__` modules are bypassed, and no directory of the user is searched. These processes must start
within a few milliseconds, and only from the standard library and this package.
"""

import sys
from os.path import abspath, dirname

_here = dirname(abspath(__file__))
_execution = dirname(_here)
_top = dirname(_execution)
_PACKAGES = (
    ("dagtui", _top),
    ("dagtui.execution", _execution),
    ("dagtui.execution.local", _here),
    ("dagtui.text", _top + "/text"),
)
for _name, _path in _PACKAGES:
    sys.modules[_name] = type(sys)(_name)
    sys.modules[_name].__path__ = [_path]

if __name__ == "__main__":
    from dagtui.execution.local.reaper import main

    main()
