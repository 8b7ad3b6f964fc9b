"""Picture of a page → its pieces of text as RapidOCR reads them, and a sheet on which another engine can.

Runs in a child process (see `sandbox`) with OpenCV and RapidOCR, which are an optional extra. The
picture is turned upright and straightened, and drawn lines are taken out of it. A piece is what stands
together on one line: a cell, or part of a line of text. Pieces are found by their ink alone, so that no
figure is overlooked, and each is read by itself, in a picture that holds nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from rapidocr_onnxruntime import RapidOCR

from pipelines.extract.sandbox import Message
from schemas.errors import SourceError

TALL = 30
"""Height of a digit on the sheets, in dots."""
RAISED = 0.18
"""Share of a digit's height that a footnote marker stands above the baseline, at least."""
SMALL, SMALLEST = 0.85, 0.4
"""Heights of markers, in heights of a digit: what is lower is a dot, an accent or a quotation mark."""
_MOST_PIECES = 3000
_MOST_PATCHES = 60_000
_LONGEST = 70
"""Patches of a piece that is read here: longer ones are running text, which the other engine reads well."""
_DIGITS = frozenset("0123456789+-.,")
_LIKE_DIGITS = frozenset("lI|!iOoSsBZzDQbqTt[]()/\\?")

Picture = Any
"""Grey dots; 0 is black."""
Patches = Any
"""A row for each patch of dark dots that touch: left, top, right, bottom (exclusive), number of dots."""

_engine: RapidOCR


def prepare(*_: object) -> None:
    """Loads the models while files can still be opened, and by a first small page whatever comes with it."""
    global _engine  # noqa: PLW0603
    cv2.setNumThreads(1)
    _engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    page = np.full((200, 400), 255, np.uint8)
    for line in range(40, 200, 40):
        cv2.putText(page, "Missie   12   34", (30, line), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2)
    list(read(400, 200, page.tobytes()))


@dataclass
class _Piece:
    """Ink that stands together; `tall` is the height of a digit of its size, `base` where it stands."""

    ink: Patches
    way: str = "right"
    tall: float = 1.0
    base: float = 0.0
    text: str = ""
    again: str = ""
    score: float = 0.0
    picture: Picture = field(default_factory=lambda: np.empty(0))
    marker: bool = False


def read(width: int, height: int, dots: bytes) -> Iterator[Message]:
    """First `size`, `turn`, `rules` and `pieces`, then each sheet with the places of pieces on it.

    Figures are read twice, with a narrow and a wider border (`text`, `again`), and are on two sheets, on
    the second each twice in its row: a digit that stands alone is misread more easily.

    `turn` is by how many degrees the page was turned to the left. Lengths are dots of the straightened
    picture, whose centre is that of the page. Each piece has its `ink`, and a marker (`marker`) follows
    the piece that it is raised above.
    """
    grey = np.frombuffer(dots, np.uint8).reshape(height, width)
    grey, turn = _straight(grey)
    level, dark = _level(grey)
    rules = _take_rules(level, dark)
    pieces, lost = _pieces(dark)
    _recognise(level, pieces)
    pieces = list(_with_markers(level, pieces))
    figures = [at for at, piece in enumerate(pieces) if _is_figure(piece)]
    others = [at for at in range(len(pieces)) if at not in set(figures)]
    wider = [_bordered(pieces[at].picture, 0.3 * pieces[at].tall) for at in figures]
    for at, (text, _) in zip(figures, _texts(wider), strict=True):
        pieces[at].again = text
    yield (
        {
            "size": [level.shape[1], level.shape[0]],
            "turn": turn,
            "rules": rules,
            "lost": lost,
            "pieces": [
                vars(piece) | {"ink": piece.ink[:, :4].tolist(), "picture": None, "figure": _is_figure(piece)}
                for piece in pieces
            ],
        },
        b"",
    )
    for digits, times, which in ((True, 1, figures), (True, 2, figures), (False, 1, others)):
        if which:
            sheet, places = _sheet([pieces[at] for at in which], times)
            header = {"digits": digits, "size": [sheet.shape[1], sheet.shape[0]], "places": places}
            yield {**header, "pieces": which}, sheet.tobytes()


def _is_figure(piece: _Piece) -> bool:
    """Whether it is a figure, or a few letters that digits are taken for."""
    letters = "".join(piece.text.split())
    if len(letters) < 3 and len(piece.ink) < 5:
        return set(letters) <= _DIGITS | _LIKE_DIGITS
    return bool(letters) and set(letters) <= _DIGITS


# --- the picture as a whole


def _straight(grey: Picture) -> tuple[Picture, float]:
    """The picture upright and straight, and the degrees that it was turned to the left."""
    turn = 0
    _, dark = _level(grey)
    if _is_on_its_side(_letters(_patches(dark), 0.5)):
        turn, grey = 90, np.rot90(grey)
    angle = _angle(grey)
    straight = _turned(grey, angle)
    if _is_upside_down(straight):
        turn, straight = turn + 180, np.rot90(straight, 2)
    return straight, turn + angle


def _turned(grey: Picture, angle: float) -> Picture:
    if abs(angle) < 0.03:
        return grey
    middle = (grey.shape[1] / 2, grey.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, angle, 1)
    return cv2.warpAffine(grey, matrix, grey.shape[::-1], flags=cv2.INTER_CUBIC, borderValue=255)


def _level(grey: Picture) -> tuple[Picture, Picture]:
    """The picture with white paper and black ink, whatever their shades, and 1 where there is ink."""
    small = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((9, 9), np.uint8)), 11)
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    level = grey.astype(np.float32) * 255 / np.maximum(paper, 1)
    soft = cv2.GaussianBlur(level, (0, 0), 0.7)
    inked = soft[soft < 225]
    black = float(np.percentile(inked, 10)) if inked.size > 100 else 0.0
    level = np.clip((level - black) * 255 / (255 - black), 0, 255).astype(np.uint8)
    dark = (cv2.GaussianBlur(level, (0, 0), 0.7) < 150).astype(np.uint8)
    return level, dark


def _patches(dark: Picture) -> Patches:
    """Patches of dark dots, without specks."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
    found = stats[1:]
    found = found[(found[:, 4] >= 6) & (np.maximum(found[:, 2], found[:, 3]) >= 4)]
    if len(found) > _MOST_PATCHES:
        raise SourceError("a page is a picture of noise, not of text", hint="scan it again, or give its text")
    left, top, wide, high, dots = found.T
    return np.column_stack([left, top, left + wide, top + high, dots])


def _high(patches: Patches) -> Any:
    return patches[:, 3] - patches[:, 1]


def _wide(patches: Patches) -> Any:
    return patches[:, 2] - patches[:, 0]


def _usual(patches: Patches) -> float:
    """The height of most letters."""
    high = _high(patches)
    high = high[(high >= 9) & (high < 120) & (_wide(patches) < 120)]
    return float(np.median(high)) if high.size else 20.0


def _letters(patches: Patches, least: float) -> Patches:
    """Patches that may be letters, by their size."""
    usual = _usual(patches)
    high, wide = _high(patches), _wide(patches)
    return patches[(high > least * usual) & (high < 3 * usual) & (wide > least * usual) & (wide < 3 * usual)]


def _is_on_its_side(letters: Patches) -> bool:
    """Whether most letters follow each other downwards."""
    reach = 0.35 * _usual(letters)
    down = letters[:, [1, 0, 3, 2, 4]]
    return len(letters) >= 20 and _followers(down, reach) > 1.5 * _followers(letters, reach)


def _followers(letters: Patches, reach: float) -> int:
    """How many letters have one close to their right."""
    return sum(len(beside) > 0 for _, beside in _beside(letters[np.argsort(letters[:, 0])], reach))


def _beside(order: Patches, reach: float) -> Iterator[tuple[int, Any]]:
    """Each patch of a list from left to right, with those close to its right and at its height."""
    ends = np.searchsorted(order[:, 0], order[:, 2] + reach)
    for at, (_, top, _, bottom, _) in enumerate(order):
        after = order[at + 1 : ends[at]]
        overlap = np.minimum(after[:, 3], bottom) - np.maximum(after[:, 1], top)
        yield at, at + 1 + np.nonzero(overlap > 0.5 * np.minimum(_high(after), bottom - top))[0]


def _angle(grey: Picture) -> float:
    """By how many degrees it must be turned to the left for the feet of its letters to stand in lines."""
    letters = _letters(_patches(_level(grey)[1]), 0.6)
    if len(letters) < 20:
        return 0.0
    x, y = (letters[:, 0] + letters[:, 2]) / 2, letters[:, 3].astype(np.float64)

    def sharpness(angle: float) -> float:
        feet = y - np.tan(np.radians(angle)) * x
        counts = np.bincount(np.round((feet - feet.min()) / 2).astype(int))
        return float((counts.astype(np.float64) ** 2).sum())

    best = max(np.arange(-3.2, 3.21, 0.1), key=sharpness)
    return float(max(np.arange(best - 0.1, best + 0.101, 0.02), key=sharpness))


def _is_upside_down(grey: Picture) -> bool:
    """Whether long pieces are read better the other way up."""
    level, dark = _level(grey)
    _take_rules(level, dark)
    pieces = [piece for piece in _pieces(dark)[0] if 6 <= len(piece.ink) <= 20 and piece.way == "right"]
    pictures = [_cut(level, piece.ink, piece.tall) for piece in pieces[:: -(-len(pieces) // 10) or 1]]
    upright = sum(score for _, score in _texts(pictures))
    if upright > 0.9 * len(pictures):
        return False
    turned = sum(score for _, score in _texts([np.rot90(picture, 2) for picture in pictures]))
    return turned > upright + 0.05 * len(pictures)


def _take_rules(level: Picture, dark: Picture) -> list[list[float]]:
    """Drawn lines, wiped out of the picture: whether across, at what place, from where to where."""
    usual = _usual(_patches(dark))
    rules: list[list[float]] = []
    wiped = np.zeros_like(dark)
    for across, long in ((True, round(5 * usual)), (False, round(3.5 * usual))):
        kernel = np.ones((1, long) if across else (long, 1), np.uint8)
        lines = cv2.morphologyEx(dark, cv2.MORPH_OPEN, kernel)
        _, _, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
        for left, top, wide, high, _ in stats[1:].tolist():
            rules.append(
                [1, top + high / 2, left, left + wide] if across else [0, left + wide / 2, top, top + high]
            )
        wiped |= cv2.dilate(lines, np.ones((5, 3) if across else (3, 5), np.uint8))
    places = [at for across, at, _, _ in rules if not across]
    patches = _patches(dark & (1 - wiped))
    for left, top, right, bottom, dots in patches.tolist():
        wide, high = right - left, bottom - top
        if not high > 1.7 * usual > 4 * wide or dots < 0.8 * wide * high:
            continue
        # A bar between two lines across is no longer than a letter, but its neighbours are lower.
        near = (
            (patches[:, 0] > left - 5 * usual) & (patches[:, 2] < right + 5 * usual) & (_wide(patches) > wide)
        )
        beside = patches[near & (patches[:, 3] > top) & (patches[:, 1] < bottom)]
        middle = (left + right) / 2
        if not (_high(beside) > 0.6 * high).any() or any(abs(middle - place) <= 3 for place in places):
            wiped[top - 1 : bottom + 1, left - 1 : right + 1] = 1
            rules.append([0, middle, top, bottom])
    level[wiped > 0] = 255
    dark[wiped > 0] = 0
    return rules


# --- pieces of text


def _pieces(dark: Picture) -> tuple[list[_Piece], list[Sequence[int]]]:
    """Patches that stand together on a line or on their side; and places of ink lower than any letter."""
    patches = _patches(dark)
    usual = _usual(patches)
    patches = patches[(_high(patches) < 5 * usual) & (_wide(patches) < 8 * usual)]
    order = patches[np.argsort(patches[:, 0], kind="stable")]
    group = list(range(len(order)))

    def root(at: int) -> int:
        while group[at] != at:
            group[at] = group[group[at]]
            at = group[at]
        return at

    for at, beside in _beside(order, 0.75 * usual):
        for other in beside.tolist():
            group[root(other)] = root(at)
    members: dict[int, list[int]] = {}
    for at in range(len(order)):
        members.setdefault(root(at), []).append(at)
    labels, upright = _labels([order[some] for some in members.values()], usual)
    whole, lost = _whole(upright, usual)
    pieces = [_Piece(ink) for ink in whole] + [_Piece(ink, "side") for ink in labels]
    if len(pieces) > _MOST_PIECES:
        raise SourceError("a page is a picture of noise, not of text", hint="scan it again, or give its text")
    for piece in pieces:
        _measure(piece)
    return _joined(pieces), lost


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """The pieces, with small ones (markers, commas) put to the larger ones that they are beside."""
    frames = np.array([_frame(piece.ink) for piece in pieces]).reshape(-1, 4)
    gone: set[int] = set()
    for at, piece in enumerate(pieces):
        left, top, right, bottom = frames[at]
        if piece.way != "right" or len(piece.ink) > 3:
            continue
        gap = np.maximum(left - frames[:, 2], frames[:, 0] - right)
        near = (gap > -3) & (gap < 0.7 * piece.tall) & (frames[:, 1] < bottom) & (frames[:, 3] > top)
        for one in np.nonzero(near)[0].tolist():
            other = pieces[one]
            high, inside = bottom - top, top > other.base - 1.6 * other.tall
            up = other.base - bottom
            raised = up > RAISED * other.tall and high < (1 if up > 0.4 * other.tall else SMALL) * other.tall
            if one in gone or other.way != "right" or not inside:
                continue
            if (raised and high > SMALLEST * other.tall) or high < 0.5 * other.tall:
                other.ink = np.concatenate([other.ink, piece.ink])
                other.ink = other.ink[np.argsort(other.ink[:, 0], kind="stable")]
                gone.add(at)
                break
    return [piece for at, piece in enumerate(pieces) if at not in gone]


def _frame(ink: Patches) -> tuple[int, int, int, int]:
    left, top = ink[:, :2].min(0).tolist()
    right, bottom = ink[:, 2:4].max(0).tolist()
    return left, top, right, bottom


def _labels(groups: list[Patches], usual: float) -> tuple[list[Patches], list[Patches]]:
    """Text on its side, whose letters stand alone and close above each other; and the other groups."""
    frames = [_frame(ink) for ink in groups]
    single = [
        at
        for at, (left, top, right, bottom) in enumerate(frames)
        if len(groups[at]) <= 3 and max(right - left, bottom - top) <= 1.8 * usual
    ]
    chains: list[list[int]] = []
    for at in sorted(single, key=lambda at: frames[at][1]):
        left, top, right, _ = frames[at]
        for chain in chains:
            low, high = min(frames[one][0] for one in chain), max(frames[one][2] for one in chain)
            close = top - max(frames[one][3] for one in chain) < 0.5 * usual
            if close and min(high, right) - max(low, left) > 0.4 * min(high - low, right - left):
                chain.append(at)
                break
        else:
            chains.append([at])
    labels: list[Patches] = []
    used: set[int] = set()
    for chain in chains:
        ink = np.concatenate([groups[at] for at in chain])
        left, top, right, bottom = _frame(ink)
        if len(chain) >= 3 and bottom - top > 2 * (right - left):
            labels.append(ink)
            used.update(chain)
    return labels, [ink for at, ink in enumerate(groups) if at not in used]


def _whole(groups: list[Patches], usual: float) -> tuple[list[Patches], list[Sequence[int]]]:
    """The groups that hold a letter, with the dots and accents that are nearest to each.

    And the places of other ink that is neither near one nor a speck nor a dash.
    """
    real = [ink for ink in groups if _high(ink).max() >= 0.55 * usual]
    lost: list[Sequence[int]] = []
    if not real:
        return [], lost
    left, top, right, bottom = np.array([_frame(ink) for ink in real]).T
    more: dict[int, list[Patches]] = {}
    for ink in groups:
        if _high(ink).max() < 0.55 * usual:
            x, y = (ink[:, 0].min() + ink[:, 2].max()) / 2, (ink[:, 1].min() + ink[:, 3].max()) / 2
            away = np.maximum(0, np.maximum(left - x, x - right)) + np.maximum(
                0, np.maximum(top - y, y - bottom)
            )
            if away.min() < 0.6 * usual:
                more.setdefault(int(away.argmin()), []).append(ink)
            elif _high(ink).max() > 0.25 * usual and _wide(ink).max() > 0.15 * usual:
                lost.append(_frame(ink))
    return [np.concatenate([ink, *more.get(at, [])]) for at, ink in enumerate(real)], lost


def _measure(piece: _Piece) -> None:
    """Sets the height of a digit and where letters stand, by the highest letters of a piece."""
    if piece.way == "side":
        piece.tall, piece.base = float(_wide(piece.ink).max()), float(piece.ink[:, 2].max())
        return
    piece.ink = piece.ink[np.argsort(piece.ink[:, 0], kind="stable")]
    high = _high(piece.ink)
    # Of a few letters the highest stand on the line, as the figure does that as many digits are raised above.
    few = len(piece.ink) <= 5
    letters = piece.ink[high >= (SMALL if few else 0.5) * high.max()]
    feet = sorted(letters[:, 3].tolist(), reverse=not few)
    near = 0.1 * float(high.max())
    standing = max((letters[np.abs(letters[:, 3] - foot) <= near] for foot in feet), key=len)
    piece.base = float(np.median(standing[:, 3]))
    piece.tall = float(_high(standing).max())


def _border(tall: float) -> int:
    return max(2, round(0.15 * tall))


def _bordered(picture: Picture, border: float) -> Picture:
    width = round(border)
    return cv2.copyMakeBorder(picture, width, width, width, width, cv2.BORDER_CONSTANT, value=255)


def _cut(level: Picture, ink: Patches, size: float) -> Picture:
    """The picture of these patches and of nothing else, with a white border."""
    left, top, right, bottom = _frame(ink)
    border = _border(size)
    picture = np.full((bottom - top + 2 * border, right - left + 2 * border), 255, np.uint8)
    for start, above, end, below in np.maximum(ink[:, :4] + [-2, -2, 2, 2], 0).tolist():
        x, y = max(start, left - border), max(above, top - border)
        part = level[y : min(below, bottom + border), x : min(end, right + border)]
        y, x = y - top + border, x - left + border
        picture[y : y + part.shape[0], x : x + part.shape[1]] = part
    return picture


def _recognise(level: Picture, pieces: Sequence[_Piece]) -> None:
    """Sets picture, text and score of each piece; one on its side is turned the way it reads best."""
    for piece in pieces:
        piece.picture = _cut(level, piece.ink, piece.tall)
    side = [piece for piece in pieces if piece.way == "side"]
    up, down = ([np.rot90(piece.picture, times) for piece in side] for times in (-1, 1))
    read = _texts([*up, *down])
    for at, piece in enumerate(side):
        upward = read[at][1] >= read[at + len(side)][1]
        piece.way, piece.picture = ("up", up[at]) if upward else ("down", down[at])
    short = [piece for piece in pieces if len(piece.ink) <= _LONGEST]
    for piece, (text, score) in zip(short, _texts([piece.picture for piece in short]), strict=True):
        piece.text, piece.score = text, score


def _texts(pictures: Sequence[Picture]) -> list[tuple[str, float]]:
    """What RapidOCR reads in each picture, and how sure it is (0 to 1)."""
    if not pictures:
        return []
    read, _ = _engine.text_rec(
        [cv2.cvtColor(np.ascontiguousarray(one), cv2.COLOR_GRAY2BGR) for one in pictures]
    )
    return [(" ".join(text.split()), float(score)) for text, score in read]


def _with_markers(level: Picture, pieces: Sequence[_Piece]) -> Iterator[_Piece]:
    """The pieces, with raised small ink as pieces of its own where it is read as a number."""
    for piece in pieces:
        runs = list(_raised(piece)) if piece.way == "right" else []
        marks = [_Piece(piece.ink[run], tall=float(_high(piece.ink[run]).max()), marker=True) for run in runs]
        for mark in marks:
            mark.base = float(mark.ink[:, 3].max())
        _recognise(level, marks)
        marks = [mark for mark in marks if mark.text.isdecimal() and mark.text[0] != "0"]
        if marks:
            taken = {tuple(patch) for mark in marks for patch in mark.ink.tolist()}
            piece.ink = np.array([patch for patch in piece.ink.tolist() if tuple(patch) not in taken])
            _recognise(level, [piece])
        yield piece
        yield from marks


def _raised(piece: _Piece) -> Iterator[list[int]]:
    """Runs of patches at the end of a word that stand higher and are smaller than digits."""
    high = _high(piece.ink)
    ends = np.maximum.accumulate(piece.ink[:, 2])
    up = piece.base - piece.ink[:, 3]
    raised = (up > RAISED * piece.tall) & (high < np.where(up > 0.4 * piece.tall, 1, SMALL) * piece.tall)
    if raised.all():
        return
    run: list[int] = []
    for at, is_raised in enumerate([*raised.tolist(), False]):
        if is_raised:
            run.append(at)
        elif run:
            gap = (0.1 if run[0] == 0 else 0.2) * piece.tall
            ends_word = at == len(high) or piece.ink[at, 0] - ends[at - 1] > gap
            if ends_word and high[run].max() >= SMALLEST * piece.tall:
                yield run
            run = []


def _sheet(pieces: Sequence[_Piece], times: int) -> tuple[Picture, list[list[float]]]:
    """All pieces in one picture, at one height and a row each, `times` beside itself.

    Each with its top, bottom, scale, and what is to be added to a length over the scale for its place on
    the page (along its direction).
    """
    margin, apart = 40, 30
    made: list[Picture] = []
    places, y = [], margin
    for piece in pieces:
        scale = TALL / max(piece.tall, 4)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(np.ascontiguousarray(piece.picture), None, fx=scale, fy=scale, interpolation=how)
        picture = cv2.copyMakeBorder(picture, 0, 0, 0, TALL // 2, cv2.BORDER_CONSTANT, value=255)
        made.append(np.hstack([picture] * times))
        start = _frame(piece.ink)[0] - _border(piece.tall) - margin / scale
        places.append([y, y + made[-1].shape[0], scale, start])
        y += made[-1].shape[0] + apart
    sheet = np.full((y + margin, 2 * margin + max(one.shape[1] for one in made)), 255, np.uint8)
    for one, (top, bottom, _, _) in zip(made, places, strict=True):
        sheet[int(top) : int(bottom), margin : margin + one.shape[1]] = one
    return sheet, places
