"""Which rows of a text a label heads that stands between them: a text does not show how far it reaches.

Rotated labels come out as words on a line of their own, and labels over several rows on any of these lines.
What is certain is their order, and the region that the registry gives the mission of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.extract.cells import Text
from schemas.registry import comparable


def share_out(
    own: Sequence[Text | None], below: Sequence[Text], regions: Sequence[str], headings: Mapping[str, str]
) -> list[Text | None]:
    """The label of each row, None where it is not certain.

    `own` are those beside the rows by their places, `below` others that stand under the last row, `regions`
    the registry's of the rows' missions. `headings` gives the registry's region of a printed one.
    """
    labels = {label.spans[0]: label for label in (*own, *below) if label}
    if len(labels) == len(own):
        return [*own]
    order = [labels[span] for span in sorted(labels, key=lambda span: (span.line, span.char_start))]
    known = {comparable(printed): comparable(region) for printed, region in headings.items()}

    def region_of(label: Text) -> str:
        return known.get(comparable(label.printed), comparable(label.printed))

    wanted = [comparable(region) for region in regions]
    ways = fitting(wanted, [region_of(label) for label in order])
    if all(ways):
        return [order[way.pop()] if len(way) == 1 else None for way in ways]
    return [
        label if label and region_of(label) == region else None
        for label, region in zip(own, wanted, strict=True)
    ]


def fitting(regions: Sequence[str], labels: Sequence[str]) -> list[set[int]]:
    """Per row the labels, by index, that it can have where all labels head rows, in their order.

    A row whose region a label names has such a label.
    """
    known = set(labels)

    def reached(regions: Sequence[str], labels: Sequence[str]) -> list[set[int]]:
        found: list[set[int]] = []
        for region in regions:
            next_to = {at + step for at in found[-1] for step in (0, 1)} if found else {0}
            inside = (at for at in next_to if at < len(labels))
            found.append({at for at in inside if region == labels[at] or region not in known})
        return found

    last = len(labels) - 1
    backward = [{last - at for at in ways} for ways in reached(regions[::-1], labels[::-1])][::-1]
    return [one & other for one, other in zip(reached(regions, labels), backward, strict=True)]
