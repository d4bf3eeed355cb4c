"""Drawing of a job's graph as inline SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from .layout import lay_out
from .model import JobView, Part
from .states import SIGNS, kind, kind_of_all

_BOX, _GAP = 150, 18
_HEIGHT, _ROW = 46, 84
_LETTERS = 18


def draw(job: JobView, text: Callable[[str], str]) -> str:
    """Return the graph of a job's parts as an SVG element; each box is a link to its part.

    :param text: function that escapes a text
    """
    layout = lay_out([part.name for part in job.parts], job.edges)
    unit = _BOX + _GAP
    width, height = max(1.0, layout.width) * unit, layout.rows * _ROW - _ROW + _HEIGHT + 8

    def at(x: float, row: int) -> tuple[float, float]:
        return x * unit, row * _ROW + 4.0

    lines = []
    for (source, target), points in layout.routes.items():
        title = f"{text(target)} waits for {text(source)}"
        lines.append(
            f'<path class="edge" d="{_curve([at(*point) for point in points])}" marker-end="url(#arrow)">'
            f"<title>{title}</title></path>"
        )
    boxes = [_box(part, *at(*layout.places[part.name]), job.unit_word, text) for part in job.parts]
    label = f"Graph of {len(job.parts)} {job.part_word.lower()}s and {len(lines)} dependencies"
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img"'
        f' aria-label="{label}">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def part_anchor(name: str) -> str:
    """Return the id of the element that shows a part or pod; a link ends with it."""
    return f"part-{name}"


def counted(part: Part, unit_word: str) -> str:
    """Return the number of a part's units by state in one line.

    >>> counted(Part("t", "", {"Running": 1, "Finished": 2}, "", {}, ()), "instance")
    '3 instances: 1 Running, 2 Finished'
    """
    total = sum(part.counts.values())
    states = ", ".join(f"{count} {state}" for state, count in part.counts.items() if count)
    return f"{total} {unit_word}{'' if total == 1 else 's'}{f': {states}' if states else ''}"


def _curve(points: Sequence[tuple[float, float]]) -> str:
    (x, y), *_ = points
    y += _HEIGHT
    found = [f"M{x:.1f} {y:.1f}"]
    for index, (next_x, top) in enumerate(points[1:], 2):
        middle = (y + top) / 2
        found.append(f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {top:.1f}")
        x, y = next_x, top
        if index < len(points):
            # Straight down beside the boxes of this row.
            y = top + _HEIGHT
            found.append(f"V{y:.1f}")
    return "".join(found)


def _box(part: Part, x: float, y: float, unit_word: str, text: Callable[[str], str]) -> str:
    found = kind(part.state) if part.state else kind_of_all(part.counts)
    name = part.name if len(part.name) <= _LETTERS else f"{part.name[: _LETTERS - 1]}\u2026"
    total = sum(part.counts.values())
    below = part.state or f"{total} {unit_word}{'' if total == 1 else 's'}"
    title = f"{text(part.name)}: {text(counted(part, unit_word))}"
    return (
        f'<a href="#{text(quote(part_anchor(part.name)))}"><g class="box {found}"><title>{title}</title>'
        f'<rect x="{x - _BOX / 2:.1f}" y="{y:.1f}" width="{_BOX}" height="{_HEIGHT}" rx="8"/>'
        f'<text class="name" x="{x:.1f}" y="{y + 19:.1f}">{text(name)}</text>'
        f'<text x="{x:.1f}" y="{y + 36:.1f}">{SIGNS[found]} {text(below)}</text></g></a>'
    )
