"""`make lint` parses every YAML file."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_yaml_with_a_key_twice_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("a: 1\nb: {a: 1}\n", encoding="utf-8")
    (tmp_path / "twice.yaml").write_text("a: 1\nb: 2\na: 3\n", encoding="utf-8")
    command = [sys.executable, "-m", "packager.lint_yaml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 1
    assert "twice.yaml: the key a is there twice" in run.stderr
    assert "2 YAML files parsed, 1 faulty" in run.stdout
