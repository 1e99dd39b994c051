"""Starts a comparison plugin with this plugin's own tuning of the SDK: `python -m benchmarks.tuned`
in the comparison's folder.

The relay's process is tuned (`provider/process.py`) and the floor's is not, so the ratio of the two
is the relay's cost less what the tuning gains. Against a tuned floor the relay's cost alone is left.
"""

import importlib


def main() -> None:
    """Load the plugin in the working directory, tune the process, serve."""
    # the SDK, which this imports, patches the process with gevent: it comes first
    plugin = importlib.import_module("main").plugin
    importlib.import_module("provider.process").tune_process()
    plugin.run()


if __name__ == "__main__":
    main()
