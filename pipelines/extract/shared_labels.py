"""Which rows a label between them heads, where nothing drawn shows how far it reaches.

Of a PDF that is open for a row at the border of two labels. In a text rotated labels come out as words on a
line of their own or as a run of such lines, before their rows or behind some of them.
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
    names = [region_of(label) for label in order]
    ways = fitting(wanted, names)
    if all(ways):
        return [
            order[at] if (at := _certain(ways, row, wanted, names)) is not None else None
            for row in range(len(own))
        ]
    return [
        label if label and region_of(label) == region else None
        for label, region in zip(own, wanted, strict=True)
    ]


def nearer(labels: Sequence[Text], region: str | None, headings: Mapping[str, str]) -> Text | None:
    """Of labels of which any may be a row's, that of the region that the registry gives its mission.

    None where that is the region of none, or of several.
    """
    known = {comparable(printed): comparable(of) for printed, of in headings.items()}
    wanted = comparable(region or "")
    found = [one for one in labels if known.get(comparable(one.printed), comparable(one.printed)) == wanted]
    return found[0] if len(found) == 1 else None


def _certain(ways: Sequence[set[int]], row: int, regions: Sequence[str], labels: Sequence[str]) -> int | None:
    """The label, by index, that a row surely has: its region's, one of no other row, or that around it.

    Of a row whose region has no label a label may be missing.
    """
    if len(ways[row]) > 1:
        return None
    [at] = ways[row]
    same = [other for other, way in enumerate(ways) if way == {at} and regions[other] == labels[at]]
    around = bool(same) and same[0] < row < same[-1]
    return at if regions[row] == labels[at] or labels[at] not in regions or around else None


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
