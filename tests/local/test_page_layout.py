"""Drawings of random graphs: no box covers another one, and no edge runs through a box."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_bcs.pages.layout import lay_out

_PAIRS = st.tuples(st.integers(0, 15), st.integers(0, 15)).filter(lambda pair: pair[0] < pair[1])


@given(count=st.integers(1, 16), pairs=st.lists(_PAIRS, max_size=60))
def test_boxes_and_edges_stay_apart(count: int, pairs: list[tuple[int, int]]) -> None:
    names = [f"t{number}" for number in range(count)]
    edges = [(names[a], names[b]) for a, b in pairs if b < count]
    layout = lay_out(names, edges)
    assert layout.routes.keys() == set(edges)
    boxes: dict[int, list[float]] = {}
    for x, row in layout.places.values():
        assert 0.5 - 1e-9 <= x <= layout.width - 0.5 + 1e-9
        boxes.setdefault(row, []).append(x)
    assert set(boxes) == set(range(layout.rows))
    for places in boxes.values():
        places.sort()
        assert all(right - left > 1 - 1e-9 for left, right in pairwise(places))
    for (source, target), route in layout.routes.items():
        assert (route[0], route[-1]) == (layout.places[source], layout.places[target])
        rows = [row for _, row in route]
        assert rows == list(range(rows[0], rows[-1] + 1))
        for x, row in route[1:-1]:
            # The width of a box is less than 1: a gap is between two boxes.
            assert all(abs(x - box) > 0.6 for box in boxes[row])
