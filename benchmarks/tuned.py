"""Starts the comparison plugin in the working directory with this plugin's own tuning of the SDK.

The relay's process is tuned (`provider/process.py`) and the floor's is not, so the ratio of the
two is the relay's cost less what the tuning gains. Against a tuned floor the relay's cost alone is
left.

It is run by its path, and the tuning is loaded by its path: with the repository among the places
that modules come from, its `endpoints` would be served instead of the comparison's.
"""

import importlib
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

TUNING = Path(__file__).resolve().parent.parent / "provider" / "process.py"


def main() -> None:
    """Load the plugin, tune the process, serve."""
    sys.path[0] = str(Path.cwd())
    # the SDK, which this imports, patches the process with gevent: it comes first
    plugin = importlib.import_module("main").plugin
    _load(TUNING).tune_process()
    plugin.run()


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location("tuning", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
