"""Positions for the drawing of a graph: rows from top to bottom, with few crossings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import TypeAlias

#: Name of a node, or an edge with a row that it only passes through.
_Node: TypeAlias = "str | tuple[str, str, int]"
_SWEEPS = 6


@dataclass(frozen=True)
class Layout:
    """Positions in the drawing. The unit is the width of a box with its gap, and the height of a row.

    :ivar places: node -> column (the middle of its box) and row
    :ivar routes: edges with the points that they pass through, from the source to the target
    """

    places: Mapping[str, tuple[float, int]]
    routes: Mapping[tuple[str, str], Sequence[tuple[float, int]]]
    width: float
    rows: int


def lay_out(nodes: Sequence[str], edges: Iterable[tuple[str, str]], bend_width: float = 0.25) -> Layout:
    """Return positions for the nodes of a graph without cycles.

    :param bend_width: width that an edge takes in a row that it passes through

    >>> found = lay_out(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    >>> [row for _, row in found.places.values()], len(found.routes["a", "c"])
    ([0, 1, 2], 3)
    """
    edges = list(dict.fromkeys(edges))
    row = _rows(nodes, edges)
    chains = _chains(edges, row)
    order: list[list[_Node]] = [[] for _ in range(max(row.values(), default=-1) + 1)]
    for name in nodes:
        order[row[name]].append(name)
    above: dict[_Node, list[_Node]] = {}
    below: dict[_Node, list[_Node]] = {}
    for chain in chains.values():
        for bend in chain[1:-1]:
            order[_row_of(bend, row)].append(bend)
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    width = {node: 1.0 if isinstance(node, str) else bend_width for level in order for node in level}
    x = {node: float(index) for level in order for index, node in enumerate(level)}
    for sweep in range(_SWEEPS):
        levels, beside = (order, above) if sweep % 2 == 0 else (order[::-1], below)
        for level in levels:
            wanted = {node: _mean([x[other] for other in beside.get(node, ())], x[node]) for node in level}
            level.sort(key=wanted.__getitem__)
            x.update(_packed(level, wanted, width))
    left = min((x[node] - width[node] / 2 for node in x), default=0.0)
    x = {node: value - left for node, value in x.items()}
    return Layout(
        {name: (x[name], row[name]) for name in nodes},
        {edge: [(x[node], _row_of(node, row)) for node in chain] for edge, chain in chains.items()},
        max((x[node] + width[node] / 2 for node in x), default=0.0),
        len(order),
    )


def _rows(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the row of each node: one below the lowest node that it waits for."""
    before: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        before[target].append(source)
    found: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        found[name] = max((found[other] + 1 for other in before[name]), default=0)
    return found


def _chains(edges: Sequence[tuple[str, str]], row: Mapping[str, int]) -> dict[tuple[str, str], list[_Node]]:
    """Return each edge as the nodes and bends that it passes through, one for each row."""
    return {
        (source, target): [source, *((source, target, each) for each in range(row[source] + 1, row[target])), target]
        for source, target in edges
    }


def _row_of(node: _Node, row: Mapping[str, int]) -> int:
    return row[node] if isinstance(node, str) else node[2]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _packed(level: Sequence[_Node], wanted: Mapping[_Node, float], width: Mapping[_Node, float]) -> dict[_Node, float]:
    """Return positions near the wanted ones that keep the order and let no two nodes overlap."""
    found: list[float] = []
    for index, node in enumerate(level):
        free = found[-1] + (width[level[index - 1]] + width[node]) / 2 if found else wanted[node]
        found.append(max(wanted[node], free))
    shift = _mean([wanted[node] - place for node, place in zip(level, found, strict=True)], 0.0)
    return {node: place + shift for node, place in zip(level, found, strict=True)}
