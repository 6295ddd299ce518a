"""Runs the keeper, and through it the guardian and the log process; link.py starts it.

The packages' own `__init__` are passed over, and no path of the user's is searched: these processes must start in a few
milliseconds, and from nothing but the standard library and this directory.
"""

import sys
from os.path import abspath, dirname

_here = dirname(abspath(__file__))
_top = dirname(_here)
_PACKAGES = (("dagtui", _top), ("dagtui.execution", _here), ("dagtui.text", _top + "/text"))
for _name, _path in _PACKAGES:
    sys.modules[_name] = type(sys)(_name)
    sys.modules[_name].__path__ = [_path]

if __name__ == "__main__":
    from dagtui.execution.keeper import main

    main()
