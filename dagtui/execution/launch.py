"""Runs the keeper, and through it the guardian and the log process: python -I -S launch.py.

The package's own `__init__` is passed over and no path of the user's is searched: these processes must start in a few
milliseconds, and from nothing but the standard library and this directory.
"""

import sys
from os.path import abspath, dirname

_here = dirname(abspath(__file__))
for _name, _path in (("dagtui", dirname(_here)), ("dagtui.execution", _here)):
    sys.modules[_name] = type(sys)(_name)
    sys.modules[_name].__path__ = [_path]

if __name__ == "__main__":
    from dagtui.execution.keeper import main

    main()
