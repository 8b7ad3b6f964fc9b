"""Labels that head several rows: where a text has them, and whose a label is that stands between rows.

In a text a rotated label comes out as a run of lines of a few letters, before its rows or behind some of
them; a label over several rows is on any of their lines. In a PDF only a row at the border of two labels is
open. What is certain is their order, and the region that the registry gives the mission of a row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.extract.cells import Text, Word, spans, words
from pipelines.extract.pdf.rows import PdfCell
from pipelines.model import Line
from schemas.registry import comparable

_PIECE = 3  # a rotated label comes in pieces of at most so many letters
_MOST = 0.75  # share of rows with the registry's regions, from which these say whose labels are
_FEW = 3  # so many pieces in a row look like a label


@dataclass(frozen=True)
class Label:
    """A text's region label: its name as printed, its pieces, and the index of its first and last line."""

    name: str
    pieces: tuple[Word, ...]
    first: int
    last: int

    @property
    def text(self) -> Text:
        """The label as a cell, its letters parted as the region's name is."""
        return Text(self.pieces, cell=PdfCell(self.name, (), spans(self.pieces)))


def find_labels(lines: Sequence[Line], regions: Sequence[str]) -> tuple[list[Label], list[Label]]:
    """The labels on `lines`, and runs of pieces that look like one but spell no known region."""
    filled = [index for index, line in enumerate(lines) if line.text.strip()]
    wanted = {_letters(region): region for region in regions}
    known: list[Label] = []
    unknown: list[Label] = []
    position = 0
    while position < len(filled):
        if label := _known(lines, filled[position:], wanted):
            known.append(label)
        elif label := _unknown(lines, filled[position:], wanted):
            unknown.append(label)
        position = bisect_right(filled, label.last if label else filled[position])
    return known, unknown


def _known(lines: Sequence[Line], filled: Sequence[int], wanted: Mapping[str, str]) -> Label | None:
    """The longest region that the lines spell from the first of them on; `wanted` is by its letters."""
    spelt = ""
    best: Label | None = None
    for count, index in enumerate(filled, 1):
        spelt += _letters(lines[index].text)
        if spelt in wanted:
            pieces = tuple(words(lines[i] for i in filled[:count]))
            letters = iter("".join(piece.text for piece in pieces))
            # The printed letters, parted as the layout's region is.
            name = "".join(" " if sign == " " else next(letters, "") for sign in wanted[spelt])
            best = Label(name, pieces, filled[0], index)
        if not any(region.startswith(spelt) for region in wanted):
            break
    return best


def _unknown(lines: Sequence[Line], filled: Sequence[int], wanted: Mapping[str, str]) -> Label | None:
    """The pieces from the first line on, up to a known region: a short word may come before that."""
    run: list[int] = []
    for position, index in enumerate(filled):
        letters = lines[index].text.strip()
        short = len(letters) <= _PIECE and letters.lstrip("-").isalpha()
        if not short or (run and _known(lines, filled[position:], wanted)):
            break
        run.append(index)
    if len(run) < _FEW:
        return None
    pieces = tuple(words(lines[index] for index in run))
    return Label("".join(piece.text for piece in pieces), pieces, run[0], run[-1])


def _letters(text: str) -> str:
    return comparable(text).replace(" ", "")


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
    found = _by_order(order, regions, headings)
    return found or [
        label if label and _region_of(label, headings) == comparable(region) else None
        for label, region in zip(own, regions, strict=True)
    ]


def confirmed(
    own: Sequence[Text | None], regions: Sequence[str], headings: Mapping[str, str]
) -> list[Text | None]:
    """The labels that rows have by their places, where nothing is drawn between labels.

    All may be out of place together. So where the registry and the order of labels agree for most rows, a
    row to which they give another label has None.
    """
    order = list({label.spans[0]: label for label in own if label}.values())
    found = _by_order(order, regions, headings) or []
    pairs = zip(found, regions, strict=bool(found))
    agreed = sum(label is not None and _region_of(label, headings) == comparable(of) for label, of in pairs)
    if agreed < _MOST * len(own):
        return [*own]
    return [label if label == other else None for label, other in zip(own, found, strict=True)]


def _by_order(
    order: Sequence[Text], regions: Sequence[str], headings: Mapping[str, str]
) -> list[Text | None] | None:
    """The label of each row by their order and the registry's regions; None where these contradict."""
    wanted = [comparable(region) for region in regions]
    names = [_region_of(label, headings) for label in order]
    ways = fitting(wanted, names)
    if not all(ways):
        return None
    sure = (_certain(ways, row, wanted, names) for row in range(len(wanted)))
    return [None if at is None else order[at] for at in sure]


def _region_of(label: Text, headings: Mapping[str, str]) -> str:
    """The registry's region of a label."""
    known = {comparable(printed): comparable(region) for printed, region in headings.items()}
    return known.get(comparable(label.printed), comparable(label.printed))


def nearer(labels: Sequence[Text], region: str | None, headings: Mapping[str, str]) -> Text | None:
    """Of labels of which any may be a row's, that of the region that the registry gives its mission.

    None where that is the region of none, or of several.
    """
    wanted = comparable(region or "")
    found = [one for one in labels if _region_of(one, headings) == wanted]
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
