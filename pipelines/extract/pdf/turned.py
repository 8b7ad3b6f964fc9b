"""Labels that stand on their side in a picture: found where recognition of the page gives rubble."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.extract.pdf import tesseract
from pipelines.extract.pdf.inked import Inked
from pipelines.extract.pdf.model import Direction
from pipelines.extract.pdf.mosaic import Picture
from pipelines.extract.pdf.picture import Patch
from pipelines.extract.pdf.tesseract import Seen

_UNSURE = 80.0
_SURE = 70.0
_BESIDE = 60
"""Dots between the middles of what may be one label."""
_ROUND = 12
_LEAST_LETTERS = 3


def read(
    picture: Picture, seen: Sequence[Seen], patches: Sequence[Patch], path: str
) -> tuple[list[Inked], list[Seen], list[Patch]]:
    """The labels; and the words and the ink that are no part of one."""
    labels: list[Inked] = []
    upright, left = list(seen), list(patches)
    sure = [word for word in seen if word.confidence >= _UNSURE and len(word.text) >= _LEAST_LETTERS]
    for low, high in _strips(picture, seen, patches):
        inside = [p for p in left if low <= (p[0] + p[2]) / 2 <= high and not _is_read(p, sure)]
        found = _turned(picture, low, high, inside, path)
        for label in found:
            around = _around(label.body)
            upright = [w for w in upright if not _inside(w, around)]
            mine = set(label.body)
            left = [p for p in left if p not in mine]
        labels.extend(found)
    return labels, upright, left


def _strips(picture: Picture, seen: Sequence[Seen], patches: Sequence[Patch]) -> Iterator[tuple[int, int]]:
    """Columns of a page in which short unsure words, or ink without words, stand above each other."""
    unsure = [w.centre for w in seen if len(w.text) <= 3 and w.confidence < _UNSURE and w.right - w.left < 60]
    sure = [w for w in seen if w.confidence >= _UNSURE or w.right - w.left >= 60]
    bare = []
    for p in patches:
        x, y = (p[0] + p[2]) / 2, (p[1] + p[3]) / 2
        if p[3] - p[1] > 8 and not any(
            w.left <= x <= w.right and w.top - 4 <= y <= w.bottom + 4 for w in sure
        ):
            bare.append(x)
    middles = sorted([*unsure, *bare])
    group: list[float] = []
    for x in [*middles, float("inf")]:
        if group and x - group[-1] > _BESIDE:
            if len(group) >= 4 and group[-1] - group[0] < 4 * _BESIDE:
                yield max(0, int(group[0]) - 30), min(picture.width, int(group[-1]) + 30)
            group = []
        group.append(x)


def _turned(picture: Picture, low: int, high: int, patches: Sequence[Patch], path: str) -> list[Inked]:
    """The labels of a strip, in the direction in which more can be read."""
    ways = [_read(picture, low, high, patches, path, direction) for direction in ("up", "down")]
    return max(ways, key=lambda way: sum(len(label.text) for label in way))


def _read(
    picture: Picture, low: int, high: int, patches: Sequence[Patch], path: str, direction: Direction
) -> list[Inked]:
    width = high - low + 2 * _ROUND
    blank = b"\xff" * picture.height
    columns = [picture.dots[x :: picture.width] for x in range(low, high)]
    rows = [blank] * _ROUND + columns + [blank] * _ROUND
    if direction == "up":
        rows = [row[::-1] for row in rows]
    else:
        rows.reverse()
    seen = tesseract.read(picture.height, width, b"".join(rows), file=path)
    inked = []
    for word in seen:
        box = _back(word, picture.height, low, width, direction)
        ink = [patch for patch in patches if _holds(box, patch)]
        letters = sum(c.isalpha() for c in word.text)
        if ink and letters >= _LEAST_LETTERS and word.confidence >= _SURE:
            left, top, right, bottom = _around(ink)
            if bottom - top > right - left:
                inked.append(ink)
    return [label for ink in _whole(inked) if (label := _label(picture, ink, path, direction))]


def _whole(inked: Sequence[list[Patch]]) -> list[list[Patch]]:
    """Words that share ink, or follow close on each other, as one label."""
    whole: list[list[Patch]] = []
    for patch in sorted({patch for ink in inked for patch in ink}, key=lambda patch: patch[1]):
        last = whole[-1] if whole else []
        if last and patch[1] - max(other[3] for other in last) < 0.8 * (_around(last)[2] - _around(last)[0]):
            last.append(patch)
        else:
            whole.append([patch])
    return whole


def _label(picture: Picture, ink: list[Patch], path: str, direction: Direction) -> Inked | None:
    """A label read on its own."""
    left, top, right, bottom = _around(ink)
    blank = b"\xff" * (bottom - top + 2 * _ROUND)
    side = b"\xff" * _ROUND
    columns = [
        side + picture.dots[top * picture.width + x : bottom * picture.width + x : picture.width] + side
        for x in range(left, right)
    ]
    rows = [blank] * _ROUND + columns + [blank] * _ROUND
    rows = [row[::-1] for row in rows] if direction == "up" else rows[::-1]
    seen = tesseract.read(len(blank), len(rows), b"".join(rows), file=path, block=tesseract.ONE_LINE)
    text = " ".join(word.text for word in seen)
    if sum(c.isalpha() for c in text) < _LEAST_LETTERS:
        return None
    base = float(right) if direction == "up" else float(-left)
    return Inked(text, ("label", str(top)), ink, float(right - left), base, direction=direction)


def _back(word: Seen, length: int, low: int, width: int, direction: Direction) -> tuple[int, int, int, int]:
    """The box of a word of the turned strip, on the page."""
    if direction == "up":
        left = low - _ROUND + word.top
        return left, length - word.right, left + word.bottom - word.top, length - word.left
    right = low - _ROUND + width - word.top
    return right - (word.bottom - word.top), word.left, right, word.right


def _is_read(patch: Patch, sure: Sequence[Seen]) -> bool:
    return any(_holds((word.left, word.top, word.right, word.bottom), patch) for word in sure)


def _inside(word: Seen, box: tuple[int, int, int, int]) -> bool:
    left, top, right, bottom = box
    return left - 4 <= word.centre <= right + 4 and top - 4 <= word.middle <= bottom + 4


def _holds(box: tuple[int, int, int, int], patch: Patch) -> bool:
    x, y = (patch[0] + patch[2]) / 2, (patch[1] + patch[3]) / 2
    return box[0] - 3 <= x <= box[2] + 3 and box[1] - 3 <= y <= box[3] + 3


def _around(ink: Sequence[Patch]) -> tuple[int, int, int, int]:
    return (
        min(p[0] for p in ink),
        min(p[1] for p in ink),
        max(p[2] for p in ink),
        max(p[3] for p in ink),
    )
