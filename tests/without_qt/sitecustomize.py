"""Block Qt in this Python and all its children (put this folder on PYTHONPATH): the core must not need it."""

import sys
from importlib.abc import MetaPathFinder


class _NoQt(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        if fullname.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "qtawesome", "qtpy"}:
            raise ModuleNotFoundError(f"{fullname} is blocked in this test run", name=fullname)


sys.meta_path.insert(0, _NoQt())
