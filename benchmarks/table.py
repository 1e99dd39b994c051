"""The figures as a table, in Markdown that reads well in a terminal too."""

from collections.abc import Sequence

from benchmarks.results import Bound, Measurement

PLUGINS = ("empty", "floor", "tuned floor", "plain", "relay")


def markdown(measurements: Sequence[Measurement]) -> str:
    """One table for each group, its columns aligned."""
    groups = dict.fromkeys(measurement.group for measurement in measurements)
    return "\n".join(
        _table(group, [each for each in measurements if each.group == group]) for group in groups
    )


def _table(group: str, measurements: list[Measurement]) -> str:
    plugins = [name for name in PLUGINS if any(name in each.figures for each in measurements)]
    rows = [[group, *plugins, "relay against its bounds", ""]]
    rows += [_row(measurement, plugins) for measurement in measurements]
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    lines = [_line(row, widths) for row in rows]
    return "\n".join(lines) + "\n"


def _row(measurement: Measurement, plugins: Sequence[str]) -> list[str]:
    figures = [
        f"{_number(measurement.figures[name])} {measurement.unit}"
        if name in measurement.figures
        else ""
        for name in plugins
    ]
    bounds = "; ".join(_bound(bound) for bound in measurement.bounds)
    return [measurement.case, *figures, bounds, measurement.note]


def _bound(bound: Bound) -> str:
    unit = f" {bound.unit}" if bound.unit else ""
    tolerance = f" (+{bound.tolerance:.0%})" if bound.tolerance else ""
    verdict = "holds" if bound.holds else "**missed**"
    value, most = _number(bound.value), _number(bound.most)
    return f"{bound.what} {value}{unit}, at most {most}{unit}{tolerance}: {verdict}"


def _number(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
