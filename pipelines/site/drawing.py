"""Graphs drawn as SVG: boxes in layers from left to right, and which column comes from which.

Drawn here, because a page must show it without script. Every line is there in words too: the page
lists what the drawing shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter

from markupsafe import Markup

Graph = Mapping[str, Sequence[str]]  # node → the nodes it is made from

ROW = 34
BOX = 24
LETTER = 7.4  # width of a character at the size of a label
GAP = 56  # between layers
_TURNS = 4  # rounds of untangling; more change little


def graph(edges: Graph, links: Mapping[str, str] | None = None) -> Markup:
    """A graph as SVG, sources on the left; `links` are addresses of nodes.

    Raises graphlib.CycleError where the graph runs in a circle.
    """
    layers = _untangled(_layers(edges), edges)
    widths = [max(len(node) for node in layer) * LETTER + 18 for layer in layers]
    height = max(len(layer) for layer in layers) * ROW
    place: dict[str, tuple[float, float, float]] = {}
    left = 1.0
    for layer, width in zip(layers, widths, strict=True):
        top = (height - len(layer) * ROW) / 2
        for number, node in enumerate(layer):
            place[node] = (left, top + number * ROW + ROW / 2, width)
        left += width + GAP
    parts = [_curve(place[a], place[b]) for b, sources in edges.items() for a in sources if a in place]
    parts += [_box(node, *place[node], (links or {}).get(node)) for layer in layers for node in layer]
    return _svg(left - GAP + 1, height, parts)


def columns(sources: Mapping[str, Sequence[tuple[str, str]]]) -> Markup:
    """Column lineage of one view: what it is computed from on the left, its columns on the right."""
    origins = list(
        dict.fromkeys(f"{relation}.{name}" for found in sources.values() for relation, name in found)
    )
    pairs = {
        f"{at} {column}": [f"{relation}.{name}" for relation, name in found]
        for at, (column, found) in enumerate(sources.items())
    }
    wide = max((len(origin) for origin in origins), default=1) * LETTER + 18
    narrow = max(len(column) for column in sources) * LETTER + 18
    height = max(len(origins), len(pairs)) * ROW
    left = {name: (1.0, number * ROW + ROW / 2, wide) for number, name in enumerate(origins)}
    right = {name: (wide + GAP * 2, number * ROW + ROW / 2, narrow) for number, name in enumerate(pairs)}
    parts = [_curve(left[origin], right[name]) for name, found in pairs.items() for origin in found]
    parts += [_box(name, *place) for name, place in left.items()]
    parts += [_box(name.split(" ", 1)[1], *place) for name, place in right.items()]
    return _svg(wide + GAP * 2 + narrow + 1, height, parts)


def _layers(edges: Graph) -> list[list[str]]:
    """Nodes by their longest way from a source."""
    depth: dict[str, int] = {}
    for node in TopologicalSorter({name: sorted(sources) for name, sources in edges.items()}).static_order():
        depth[node] = max((depth[source] + 1 for source in edges.get(node, ())), default=0)
    return [[node for node in depth if depth[node] == layer] for layer in range(max(depth.values()) + 1)]


def _untangled(layers: list[list[str]], edges: Graph) -> list[list[str]]:
    """The same layers, each sorted by where its neighbours stand, so that fewer lines cross."""
    near: dict[str, list[str]] = {node: [] for layer in layers for node in layer}
    for node, sources in edges.items():
        for source in sources:
            near[node].append(source)
            near[source].append(node)
    for _ in range(_TURNS):
        height = {node: (number + 0.5) / len(layer) for layer in layers for number, node in enumerate(layer)}
        layers = [
            sorted(layer, key=lambda node: (_mean([height[other] for other in near[node]]), node))
            for layer in layers
        ]
    return layers


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.5


def _box(name: str, x: float, y: float, width: float, link: str | None = None) -> Markup:
    box = Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="4"/><text x="{}" y="{}">{}</text>').format(
        round(x, 1), round(y - BOX / 2, 1), round(width, 1), BOX, round(x + 9, 1), round(y + 4.5, 1), name
    )
    return Markup('<a href="{}">{}</a>').format(link, box) if link else box


def _curve(start: tuple[float, float, float], end: tuple[float, float, float]) -> Markup:
    x, y, width = start
    x, to, at = x + width, end[0], end[1]
    middle = (x + to) / 2
    return Markup('<path d="M{} {}C{} {} {} {} {} {}"/>').format(
        *(round(value, 1) for value in (x, y, middle, y, middle, at, to, at))
    )


def _svg(width: float, height: float, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg class="graph" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="{r}">{p}</svg>'
    ).format(w=round(width), h=round(height), r="presentation", p=Markup("").join(parts))
