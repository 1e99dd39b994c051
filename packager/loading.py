"""Loads every route of a package as Dify would, in a process and a folder of its own."""

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from packager import PackageError

LOAD_TIMEOUT = 120
"""Seconds. Loading takes about two; a busy machine may need many more."""

_PROBE = Path(__file__).with_name("probe.py")


def load_routes(archive: bytes) -> list[str]:
    """The routes that the SDK loads from the unpacked `archive`, each as "METHOD /path".

    Raises PackageError, with what the SDK says, if one can't be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(archive)) as package:
            package.extractall(folder)
        output = _run_probe(folder)
    # The SDK may log to standard output before: the answer is the last line.
    routes: list[str] = json.loads(output.splitlines()[-1])
    return routes


def _run_probe(folder: str) -> str:
    # -P and no PYTHONPATH: modules come from the package and the installed libraries alone.
    command = [sys.executable, "-P", str(_PROBE)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        probe = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LOAD_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise PackageError(f"loading the package took more than {LOAD_TIMEOUT} seconds") from None
    if probe.returncode != 0:
        raise PackageError(f"the SDK can't load the package:\n{probe.stderr.strip()}")
    return probe.stdout
