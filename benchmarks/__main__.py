"""`python -m benchmarks`: measure, print the table, write it with the plot beside this file."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.chunks import measure_chunks
from benchmarks.cpu import measure_cpu, points_of
from benchmarks.latency import measure_latency
from benchmarks.memory import measure_memory
from benchmarks.plot import svg
from benchmarks.results import Measurement, as_json
from benchmarks.startup import measure_startup
from benchmarks.table import markdown

HERE = Path(__file__).resolve().parent
ROUNDS, QUICK_ROUNDS = 6, 2
QUICK_TURNOVER_STREAMS = 2000


def main() -> int:
    """Run what was asked for.

    Returns:
        the exit status: 1 if a bound was missed.
    """
    arguments = _arguments()
    rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
    scenarios: dict[str, Callable[[], list[Measurement]]] = {
        "cpu": lambda: measure_cpu(rounds),
        "latency": lambda: measure_latency(rounds),
        "chunks": lambda: measure_chunks(rounds),
        "memory": lambda: (
            measure_memory(QUICK_TURNOVER_STREAMS) if arguments.quick else measure_memory()
        ),
        "startup": lambda: measure_startup(rounds),
    }
    measurements: list[Measurement] = []
    for name in arguments.only or scenarios:
        started_at = time.monotonic()
        found = scenarios[name]()
        measurements += found
        print(markdown(found))
        print(f"({name}: {time.monotonic() - started_at:.0f} s)\n", flush=True)
    results = as_json(measurements, _about(rounds))
    if arguments.only is None:
        _write(measurements, results)
    print(f"{results['bounds_missed']} bounds missed")
    return 1 if results["bounds_missed"] else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, help=f"interleaved rounds (default {ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="a first impression, not for keeps")
    parser.add_argument(
        "--only",
        action="append",
        choices=["cpu", "latency", "chunks", "memory", "startup"],
        help="these alone, and write nothing",
    )
    return parser.parse_args()


def _about(rounds: int) -> dict[str, Any]:
    return {
        "rounds": rounds,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "dify_plugin": version("dify_plugin"),
    }


def _write(measurements: list[Measurement], results: dict[str, Any]) -> None:
    text = json.dumps(results, indent=2, ensure_ascii=False)
    (HERE / "results.json").write_text(text + "\n")
    (HERE / "results.md").write_text(markdown(measurements))
    (HERE / "cpu_per_event.svg").write_text(svg(points_of(measurements)))


if __name__ == "__main__":
    sys.exit(main())
