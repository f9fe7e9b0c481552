"""functions/<name>/app.py as modules: sixteen files of one name cannot be imported the ordinary way."""

import importlib.util
import sys
from types import ModuleType

from devtools.console import ROOT


def load(name: str) -> ModuleType:
    """The module of a function, imported once."""
    key = f"functions_{name}_app"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, ROOT / "functions" / name / "app.py")
        if spec is None or spec.loader is None:
            raise ImportError(name)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[key] = module
    return sys.modules[key]
