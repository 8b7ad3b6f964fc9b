"""Drawings as SVG, for a page must show them without script: charts by Vega-Lite, and graphs.

Charts are kept with the site, and one that has not changed is not drawn a second time: drawing takes half
of a site's time, and a new release changes few of its charts. What a graph shows, its page has in words too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from markupsafe import Markup

FILE = ".drawings.json"  # in the folder of the site: hash of a spec → its SVG
_ROW, _BOX, _GAP = 34, 24, 56  # height of a row and of its box, width between layers
_LETTER = 7.4  # width of a character at the size of a label


class Drawings:
    """Drawings of one site; `earlier` are those of a site that the same code and tools made."""

    def __init__(self, earlier: Mapping[str, str] | None = None) -> None:
        self._earlier = earlier or {}
        self._used: dict[str, str] = {}

    def of(self, spec: Mapping[str, Any]) -> str:
        """The drawing of one spec, as vl-convert gives it."""
        key = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
        if key not in self._used:
            self._used[key] = self._earlier.get(key) or _drawn(spec)
        return self._used[key]

    def file(self) -> bytes:
        """What `read` reads: every drawing that this site uses."""
        return json.dumps(self._used, indent=0, sort_keys=True).encode()


def read(site: Path) -> dict[str, str]:
    """The drawings of the site in a folder; none where it has none that can be read."""
    try:
        found = json.loads((site / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _drawn(spec: Mapping[str, Any]) -> str:
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(dict(spec), vl_version=vl_convert.get_vegalite_versions()[-1])
    return svg


def graph(edges: Mapping[str, Sequence[str]], links: Mapping[str, str] | None = None) -> Markup:
    """Each node with those it is made from, as boxes in layers, sources on the left; `links` are addresses.

    Raises graphlib.CycleError where the graph runs in a circle.
    """
    depth: dict[str, int] = {}
    for node in TopologicalSorter(
        {name: sorted(made_from) for name, made_from in edges.items()}
    ).static_order():
        depth[node] = max((depth[source] + 1 for source in edges.get(node, ())), default=0)
    layers = [[node for node in depth if depth[node] == layer] for layer in range(max(depth.values()) + 1)]
    height = max(len(layer) for layer in layers) * _ROW
    at: dict[str, float] = {}
    right: dict[str, float] = {}
    boxes: list[Markup] = []
    left = 1.0
    for layer in layers:
        width = max(len(node) for node in layer) * _LETTER + 18
        # Beside what it is made from, so that fewer lines cross.
        mean = {n: sum(at[s] for s in edges.get(n, ())) / (len(edges.get(n, ())) or 1) for n in layer}
        layer.sort(key=lambda node: (mean[node], node))
        for number, node in enumerate(layer):
            y = at[node] = (height - len(layer) * _ROW) / 2 + (number + 0.5) * _ROW
            box = Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="4"/><text x="{}" y="{}">{}</text>')
            drawn = box.format(*_short(left, y - _BOX / 2, width, _BOX, left + 9, y + 4.5), node)
            link = (links or {}).get(node)
            boxes.append(Markup('<a href="{}">{}</a>').format(link, drawn) if link else drawn)
            for source in edges.get(node, ()):
                x, middle = right[source], (right[source] + left) / 2
                points = _short(x, at[source], middle, at[source], middle, y, left, y)
                boxes.insert(0, Markup('<path d="M{} {}C{} {} {} {} {} {}"/>').format(*points))
        right |= dict.fromkeys(layer, left + width)
        left += width + _GAP
    size = (round(left - _GAP + 1), round(height)) * 2
    svg = '<svg class="graph" viewBox="0 0 {} {}" width="{}" height="{}" role="presentation">{}</svg>'
    return Markup(svg).format(*size, Markup("").join(boxes))


def _short(*lengths: float) -> list[float]:
    return [round(length, 1) for length in lengths]
