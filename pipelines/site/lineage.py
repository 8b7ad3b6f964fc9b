"""The pipeline as a graph by stage: which steps there are, and which each is made from.

Here belongs what places a step in the drawing. Steps whose names begin alike (`tables/cells`) are one box.
"""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

LANE, ROW, HIGH, WIDE = 34, 58, 30, 30  # percent across; pixels down; pixels high; percent wide


def graph(assets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The boxes, each above what is made from it, and the lines between them; the height in pixels.

    Places across are in percent and places down in pixels, as in charts.
    """
    made_from: dict[str, dict[str, None]] = {}
    members: dict[str, dict[str, Sequence[str]]] = {}
    for step, sources in assets.items():
        stage = _stage(step)
        members.setdefault(stage, {})[step] = sources
        made_from.setdefault(stage, {}).update(dict.fromkeys(map(_stage, sources)))
        made_from[stage].pop(stage, None)
    order = [*TopologicalSorter(made_from).static_order()]
    before: dict[str, set[str]] = {}
    for stage in order:
        before[stage] = {*made_from[stage]}.union(*(before[source] for source in made_from[stage]))
    lines = [
        (source, stage)
        for stage, sources in made_from.items()
        for source in sources
        if not any(source in before[other] for other in sources)  # else another line says so
    ]
    below: dict[str, int] = {}  # rows, as few as what is made from a step needs
    for stage in reversed(order):
        below[stage] = max((below[other] + 1 for source, other in lines if source == stage), default=0)
    rows = {stage: max(below.values()) - below[stage] for stage in made_from}
    boxes: dict[str, dict[str, Any]] = {}
    for stage in sorted(made_from, key=lambda stage: -len(before[stage])):  # the longest way is straight
        beside = sum(rows[other] == rows[stage] for other in boxes)
        place = {"x": LANE * beside, "y": ROW * rows[stage]}
        boxes[stage] = {"stage": stage, **place, "members": members[stage]}
    joined = [(boxes[source], boxes[stage]) for source, stage in lines]
    return {
        "boxes": sorted(boxes.values(), key=lambda box: (box["y"], box["x"])),
        "lines": [
            (one["x"] + WIDE / 2, one["y"] + HIGH, other["x"] + WIDE / 2, other["y"]) for one, other in joined
        ],
        "height": ROW * max(rows.values(), default=0) + HIGH,
        "wide": WIDE,
        "high": HIGH,
    }


def _stage(step: str) -> str:
    return step.partition("/")[0]
