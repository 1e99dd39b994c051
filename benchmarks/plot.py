"""The plot for the README: CPU per event against streams, as an SVG without any dependency."""

import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 70, 110, 46, 52
STEPS = 5
"""Lines of the grid, about."""

# Mid tones, legible on GitHub's white and on its near-black page, and apart for colour-blind eyes.
COLOURS = {"floor": "#8b949e", "tuned floor": "#2da44e", "plain": "#d9822b", "relay": "#2f81f7"}
DASHES = {"floor": "2 4", "tuned floor": "2 4", "plain": "7 4", "relay": ""}
INK = "#848d97"

type Points = Sequence[tuple[int, float]]


def svg(lines: Mapping[str, Points]) -> str:
    """Draw one line for each plugin.

    Args:
        lines: plugin -> (streams, microseconds of CPU for an event).
    """
    streams = sorted({x for points in lines.values() for x, _ in points})
    step = _step(max(y for points in lines.values() for _, y in points))
    top = step * math.ceil(max(y for points in lines.values() for _, y in points) / step)
    scale = _Scale(streams[0], streams[-1], top)
    parts = [_frame(scale, streams, step)]
    labels = _apart({name: scale.y(points[-1][1]) for name, points in lines.items()})
    parts += [_line(name, points, scale, labels[name]) for name, points in lines.items()]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="CPU time for each event against concurrent streams" '
        f'font-family="-apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="13">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


class _Scale:
    """Where a point lies: streams on a logarithmic axis, microseconds on a linear one."""

    def __init__(self, first: int, last: int, top: float) -> None:
        self._first, self._span, self.top = math.log(first), math.log(last / first), top

    def x(self, streams: int) -> float:
        share = (math.log(streams) - self._first) / self._span
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, microseconds: float) -> float:
        return HEIGHT - BOTTOM - microseconds / self.top * (HEIGHT - TOP - BOTTOM)


def _step(highest: float) -> float:
    """A round distance between the lines of the grid."""
    magnitude = math.pow(10, math.floor(math.log10(highest / STEPS)))
    return next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude * STEPS >= highest)


def _frame(scale: _Scale, streams: Sequence[int], step: float) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        _text(LEFT - 50, 24, "CPU time of the plugin for one event (µs)", weight="600"),
        _text((LEFT + right) / 2, HEIGHT - 10, "concurrent streams", anchor="middle"),
    ]
    for number in range(round(scale.top / step) + 1):
        y = scale.y(number * step)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{right}" stroke="{INK}" stroke-opacity=".3" fill="none"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{number * step:g}", anchor="end"))
    for count in streams:
        parts.append(_text(scale.x(count), bottom + 20, str(count), anchor="middle"))
    return "\n".join(parts)


def _line(name: str, points: Points, scale: _Scale, label_y: float) -> str:
    colour = COLOURS[name]
    path = "L".join(f"{scale.x(x):.1f} {scale.y(y):.1f}" for x, y in points)
    dots = "".join(
        f'<circle cx="{scale.x(x):.1f}" cy="{scale.y(y):.1f}" r="3.5" fill="{colour}"/>'
        for x, y in points
    )
    return (
        f'<path d="M{path}" stroke="{colour}" stroke-width="2.5" '
        f'stroke-dasharray="{DASHES[name]}" fill="none"/>{dots}'
        + _text(scale.x(points[-1][0]) + 12, label_y + 4, name, colour=colour, weight="600")
    )


def _apart(wanted: Mapping[str, float]) -> dict[str, float]:
    """Heights of the labels, moved so far that none covers another."""
    placed: dict[str, float] = {}
    lowest = -math.inf
    for name, y in sorted(wanted.items(), key=lambda item: item[1]):
        lowest = placed[name] = max(y, lowest + 17)
    return placed


def _text(
    x: float, y: float, words: str, anchor: str = "start", colour: str = INK, weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-weight="{weight}">{words}</text>'
    )
