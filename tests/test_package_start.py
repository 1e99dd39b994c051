"""The package runs: Dify's daemon would get its manifest and its heartbeats."""

import json
import os
import subprocess
import sys
import threading
import venv
import zipfile
from pathlib import Path

import pytest

from packager.build import Package, build_package

ROOT = Path(__file__).parents[1]
START_TIMEOUT = 120
"""Seconds. The plugin starts in about two; a busy machine may need many more."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of this work tree."""
    return build_package(ROOT, tmp_path_factory.mktemp("dist"))


def test_starts_from_the_package(package: Package, tmp_path: Path) -> None:
    _assert_starts(package, tmp_path, Path(sys.executable))


@pytest.mark.long
def test_starts_with_nothing_but_its_requirements(package: Package, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    plugin = tmp_path / "plugin"
    with zipfile.ZipFile(package.path) as archive:
        archive.extract("requirements.txt", plugin)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--requirement", str(plugin / "requirements.txt")], check=True)
    _assert_starts(package, plugin, python)


def _assert_starts(package: Package, folder: Path, python: Path) -> None:
    """The plugin, started as the daemon starts it, sends its manifest and then a heartbeat."""
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [str(python), "-m", "main"],
        cwd=folder,
        env={**environment, "INSTALL_METHOD": "local"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as plugin:
        # Without a line in time it is killed, its output ends, and so does the loop.
        watchdog = threading.Timer(START_TIMEOUT, plugin.kill)
        watchdog.start()
        try:
            assert plugin.stdout is not None
            # Each line must be JSON: standard output is the wire to the daemon.
            lines = (json.loads(line) for line in plugin.stdout if line.strip())
            assert next(lines)["name"] == "app_proxy"
            assert "heartbeat" in (line["event"] for line in lines)
        finally:
            watchdog.cancel()
            plugin.kill()
