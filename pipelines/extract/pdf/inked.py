"""Words that recognition gives and the patches of ink under them: markers apart, nothing left out.

Recognition reads a raised marker as one more digit, or as a quotation mark, and overlooks a figure
that stands alone. The ink shows both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from statistics import median

from pipelines.extract.pdf.model import Direction
from pipelines.extract.pdf.picture import Patch
from pipelines.extract.pdf.tesseract import Seen

RAISED = 0.18
"""Share of a digit's height that a marker's ink stands above the baseline, at least."""
SMALL = 0.85
LEAST = 0.4
"""Of a digit's height: what is lower is a dot, an accent or a quotation mark."""
_SURE, _UNSURE = 60.0, 50.0
_NEAR = 0.12
_NO_TALL = frozenset("()[]{}|/gjpqyJQ,;:")
_TALL = frozenset("0123456789ABCDEFGHIKLMNOPRSTUVWXYZbdfhkl")
_X_HEIGHT = 0.7
_OVERSHOOT = 1.3
NAME = 3
"""Pieces of ink from which a word may be a name; of fewer, overlooked ink is taken for a figure."""
_LETTER = 0.6
"""Of the usual height of ink: what is lower is a dot, an accent or a hyphen."""
LIKE_DIGITS = frozenset("lI|!iOoSsBZz°*'\"‘’“”?.,()[]")


@dataclass(slots=True)
class Inked:
    """A word with its ink. `tall` is the height of a digit on its line, `baseline` a height, in dots.

    `body` is the ink without that of `markers`. `second` is what a second look at the body alone
    gives, `note` that at the markers; None where there was none.
    """

    text: str
    line: tuple[str, ...]
    body: list[Patch]
    tall: float
    baseline: float
    markers: list[Patch] = field(default_factory=list)
    direction: Direction = "right"
    second: str | None = None
    note: str | None = None
    doubt: str = ""
    first: str = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.text

    @property
    def ink(self) -> list[Patch]:
        """All of it."""
        return [*self.body, *self.markers]

    @property
    def figure(self) -> bool:
        """Whether it holds a digit, or nothing but what digits are taken for."""
        return any(c.isdigit() for c in self.text) or all(c in LIKE_DIGITS for c in self.text)


def words(seen: Sequence[Seen], patches: Sequence[Patch]) -> list[Inked]:
    """The words with their ink, and words without text for ink as high as digits that no word has."""
    usual = median([patch[3] - patch[1] for patch in patches] or [1])
    sound = [patch for patch in patches if patch[3] - patch[1] < 4 * usual or patch[2] - patch[0] > usual]
    of_word, loose = _shared(seen, sound)
    for ink in of_word:
        if _stands_on_two_lines(ink, usual):
            loose += ink
            ink.clear()
    found: list[Inked] = []
    for _, along in groupby(sorted(range(len(seen)), key=lambda at: seen[at].line), lambda at: seen[at].line):
        line = [at for at in along if of_word[at]]
        tall = _tall([(seen[at], of_word[at]) for at in line])
        if line:
            base = (
                median(p[3] for at in line for p in of_word[at] if p[3] - p[1] > 0.6 * tall)
                if any(p[3] - p[1] > 0.6 * tall for at in line for p in of_word[at])
                else max(seen[at].bottom for at in line)
            )
            made = [_inked(seen[at], of_word[at], tall, base) for at in line]
            found.extend(word for word in made if not _is_rule(word))
    return [*found, *_overlooked(loose, found)]


def _shared(seen: Sequence[Seen], patches: Iterable[Patch]) -> tuple[list[list[Patch]], list[Patch]]:
    """The patches of each word, and those of none."""
    of_word: list[list[Patch]] = [[] for _ in seen]
    loose: list[Patch] = []
    rows: dict[int, list[int]] = {}
    for at, word in enumerate(seen):
        for row in range((word.top - 8) // 32, (word.bottom + 8) // 32 + 1):
            rows.setdefault(row, []).append(at)
    for patch in patches:
        x, y = (patch[0] + patch[2]) / 2, (patch[1] + patch[3]) / 2
        near = [
            at
            for at in rows.get(int(y) // 32, ())
            if seen[at].left - 3 <= x <= seen[at].right + 3 and seen[at].top - 4 <= y <= seen[at].bottom + 4
        ]
        if near:
            at = min(near, key=lambda at: abs(seen[at].middle - y) + abs(seen[at].centre - x) / 100)
            of_word[at].append(patch)
        else:
            loose.append(patch)
    return [sorted(found) for found in of_word], loose


def _stands_on_two_lines(ink: Sequence[Patch], usual: float) -> bool:
    """Whether recognition took words below each other for one, as where one cell of a row has two lines."""
    letters = sorted((p for p in ink if p[3] - p[1] > _LETTER * usual), key=lambda patch: patch[1])
    reach = list(accumulate((patch[3] for patch in letters), max))
    return any(letters[at][1] >= reach[at - 1] for at in range(2, len(letters) - 1))


def _tall(line: Sequence[tuple[Seen, list[Patch]]]) -> float:
    """Height of a digit on a line, by the ink of its words whose letters say how high they are."""
    plain = [(word, ink) for word, ink in line if not _NO_TALL & set(word.text)]
    sure = [_height(ink) for word, ink in plain if _TALL & set(word.text) and word.confidence > _UNSURE]
    if sure:
        return median(sure)
    low = [median(p[3] - p[1] for p in ink) / _X_HEIGHT for word, ink in plain if word.text.isalpha()]
    return median(low or [max(p[3] - p[1] for p in ink) / _OVERSHOOT for _, ink in line] or [1.0])


def _height(ink: Sequence[Patch]) -> int:
    """Of the highest letter that stands where most do: an italic f goes below."""
    foot = median(patch[3] for patch in ink)
    return max((p[3] - p[1] for p in ink if abs(p[3] - foot) <= 2), default=ink[0][3] - ink[0][1])


def _inked(word: Seen, ink: list[Patch], tall: float, line_base: float) -> Inked:
    """Takes the raised small patches at the end of a word, or all of them, for markers."""
    near = [patch[3] for patch in ink if abs(patch[3] - line_base) < _NEAR * tall]
    full = [patch for patch in ink if patch[3] - patch[1] >= SMALL * tall]
    base = median(near) if near else float(full[0][3]) if full else line_base
    found = Inked(word.text, word.line, list(ink), tall, base)
    if word.text.isalpha() and word.confidence > _SURE:
        return found
    while found.body and _is_raised(found.body[-1], base, tall):
        found.markers.insert(0, found.body.pop())
    if found.markers and found.body and not any(c.isalnum() for c in word.text):
        found.body, found.markers = list(ink), []
    return found


def _is_rule(word: Inked) -> bool:
    """Whether a word is what a drawn line left: bars that are higher than any digit."""
    high = max(patch[3] for patch in word.ink) - min(patch[1] for patch in word.ink)
    return set(word.text) <= set("|[]") and high > 1.35 * word.tall


def _is_raised(patch: Patch, base: float, tall: float) -> bool:
    left, top, right, bottom, _ = patch
    low = bottom - top < SMALL * tall and bottom - top >= LEAST * tall
    return low and base - bottom > RAISED * tall and right - left < tall


def _overlooked(loose: Sequence[Patch], found: Sequence[Inked]) -> Iterator[Inked]:
    """Ink as high as the digits of a page that no word has, neighbours together."""
    if not found:
        return
    tall = median(word.tall for word in found)
    high = sorted(
        patch
        for patch in loose
        if LEAST * tall < patch[3] - patch[1] < 1.5 * tall and patch[2] - patch[0] < 1.5 * tall
    )
    groups: list[list[Patch]] = []
    for patch in high:
        beside = next(
            (
                group
                for group in groups
                if 0 <= patch[0] - group[-1][2] < 0.4 * tall and abs(patch[3] - group[-1][3]) < 0.3 * tall
            ),
            None,
        )
        if beside:
            beside.append(patch)
        else:
            groups.append([patch])
    made: list[Inked] = []
    for group in sorted(groups):
        base = float(max(patch[3] for patch in group))
        marked = [word for word in (*found, *made) if not word.markers and _marks(group, word)]
        if marked:
            marked[-1].markers = group
        else:
            made.append(Inked("", ("", "", "", str(len(made))), group, tall, base))
    yield from made


def _marks(group: Sequence[Patch], word: Inked) -> bool:
    """Whether overlooked ink is the marker of the word before it."""
    if len(word.body) < NAME or not -1 <= group[0][0] - word.body[-1][2] < 0.4 * word.tall:
        return False
    return all(_is_raised(p, word.baseline, word.tall) for p in group)
