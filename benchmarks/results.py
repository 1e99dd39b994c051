"""What the benchmarks found, and the bounds it is held against."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure that must not be exceeded.

    Attributes:
        what: what is compared, such as "relay / floor".
        value: what was found.
        most: what is allowed.
        unit: of both; "" for a ratio.
        tolerance: how far the figure may lie above, as a share of what is allowed.
    """

    what: str
    value: float
    most: float
    unit: str = ""
    tolerance: float = 0.0

    @property
    def holds(self) -> bool:
        return self.value <= self.most * (1 + self.tolerance)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table.

    Attributes:
        group: what kind of figure it is.
        case: under which load it was taken.
        unit: of the figures.
        figures: by plugin.
        bounds: what follows from the figures, and what is allowed.
        note: what a reader has to know.
    """

    group: str
    case: str
    unit: str
    figures: dict[str, float]
    bounds: tuple[Bound, ...] = ()
    note: str = ""


def as_json(measurements: list[Measurement], about: dict[str, Any]) -> dict[str, Any]:
    """The whole run, for `results.json`."""
    rows = []
    for measurement in measurements:
        row = asdict(measurement)
        for bound, written in zip(measurement.bounds, row["bounds"], strict=True):
            written["holds"] = bound.holds
        rows.append(row)
    missed = sum(not bound.holds for each in measurements for bound in each.bounds)
    return about | {"bounds_missed": missed, "measurements": rows}
