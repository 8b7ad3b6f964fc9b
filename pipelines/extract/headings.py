"""Which lines head an annex, over how many lines, and by what number or letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from pipelines.extract import durations
from pipelines.model import Line
from schemas.registry import comparable
from schemas.registry_layouts import Heading, plain_heading

MOST = 200  # headings of one annex: one on each page of it, and some to spare
LINES = 3  # a heading may be printed over so many lines
_ANNEX = re.compile(
    r"(?P<label>(?:bijlage|annex) (?:\d{1,2}|[a-z]|[ivx]{1,4}))(?: (?P<title>\S.*))?", re.IGNORECASE
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ANNEX_OPENING = re.compile(r"\s*(?:vervolg|bijlage|annex)", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A heading: the index of its first line and of the one after its last, its words and named parts."""

    start: int
    end: int
    text: str
    names: dict[str, str]

    @cached_property
    def label(self) -> str | None:
        return annex_label(self.text)

    def same(self, other: Place) -> bool:
        """Whether both head the same annex."""
        own, label = (comparable(one.label or "") for one in (self, other))
        return other.text == self.text or own == label != ""


def places(lines: Sequence[Line], heading: Heading) -> list[Place]:
    """The places of a layout's heading; some more than there may be at most, and none of an empty one."""
    if not heading.printed:
        return []
    opening = re.compile(rf"\s*{re.escape(heading.printed.split()[0])}", re.IGNORECASE)
    found = (_place(lines, i, heading) for i, line in enumerate(lines) if opening.match(line.text))
    return list(islice((place for place in found if place), MOST + 1))


def annexes(lines: Sequence[Line]) -> list[Place]:
    """Lines that head an annex of any kind, `Bijlage 3 …`."""
    return [
        Place(index, index + 1, line.text.strip(), {})
        for index, line in enumerate(lines)
        if annex_label(line.text)
    ]


def whole(lines: Sequence[Line], place: Place) -> Place:
    """An annex's heading with the lines of its title: one, or all up to the end of a period."""
    joined = [Place(place.start, end, text, {}) for text, end in _joined(lines, place.start)]
    ended = (one for one in joined if durations.ends_in_period(one.text))
    alone = plain_heading(place.text) == place.label
    return next(ended, joined[min(1, len(joined) - 1)] if alone else place)


def _place(lines: Sequence[Line], start: int, heading: Heading) -> Place | None:
    """The heading at one line. Where it ends in any text, a period says how many lines belong to it."""
    best: Place | None = None
    for text, end in _joined(lines, start):
        names = heading.match(text)
        if names is None:
            continue
        ended = any(durations.ends_in_period(value) for value in names.values())
        if best is None or ended:
            best = Place(start, end, text, names)
        if ended or not names:
            break
    return best


def _joined(lines: Sequence[Line], start: int) -> list[tuple[str, int]]:
    """The text of the first, the first two … filled lines from `start` on, and the index after the last."""
    found: list[tuple[str, int]] = []
    filled = (index for index in range(start, len(lines)) if lines[index].text.strip())
    for index in islice(filled, LINES):
        before = found[-1][0] if found else ""
        found.append((" ".join(f"{before} {lines[index].text}".split()), index + 1))
    return found


def annex_label(text: str) -> str | None:
    """`Bijlage 3` of a line that heads an annex; None of another line, such as a sentence about one."""
    match = _ANNEX.fullmatch(plain_heading(text)) if _ANNEX_OPENING.match(text) else None
    title = match["title"] if match else None
    heads = title is None or title.casefold().startswith(("(", "vervolg")) or is_title(title)
    return match["label"] if match and heads else None


def years(text: str) -> set[int]:
    """The years that a text names."""
    return {int(year) for year in _YEAR.findall(text)}


def is_title(text: str) -> bool:
    """Whether the words look like a heading: a capital first, and no end of a sentence."""
    return text[:1].isupper() and text[-1:] not in ".,;:"
