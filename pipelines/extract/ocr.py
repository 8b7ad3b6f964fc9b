"""Pages that are pictures → the same lines of words as any PDF's, by two engines that do not know each other.

RapidOCR finds every figure and runs words together; Tesseract reads words well and loses figures that
stand alone. Both are optional, and get pictures only, never the document, in processes within limits.
A figure that they read alike is taken; where they differ the word says so (`Word.doubt`, with what the
other one read in `Word.other`), and only an equality can decide. Words are Tesseract's, but for one that
only the other reading has in common with the registry. How ink becomes pieces is in `ocr_engine`.
"""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from statistics import median
from typing import Any

from pipelines.extract import sandbox
from pipelines.extract.pdf.model import Box, RecognisedPage, Rule, Word, grouped
from schemas.dates import MONTHS
from schemas.errors import SourceError
from schemas.registry import Registry

_HINT = "scan it again at 300 dots an inch, or give the report's text"
_DRAWING = sandbox.Limits(hint=_HINT)
_RAPIDOCR = sandbox.Limits(seconds=300, cpu_seconds=120, memory=2 * 2**30, hint=_HINT)
_TESSERACT = sandbox.Limits(seconds=120, cpu_seconds=60, output=32 * 2**20, hint=_HINT)
_MOST_PAGES = 60
_LONGEST = 900.0  # seconds, for all pictures of one document
_LIGHT = bytes(range(144, 256))  # of paper without ink, however it was scanned
_APT = "tesseract-ocr tesseract-ocr-nld"
_PIP = "pip install --no-deps -r requirements-scan.lock"
_DPI = 300
_POINTS = 72 / _DPI
_DIGIT_HEIGHT, _X_HEIGHT = 0.72, 0.72
"""Height of a digit in font sizes, and of a low letter in heights of a digit."""
_ALIKE = 1.06
"""Ratio of sizes up to which lines are of one size."""
_LOST = (0.3, 1.2)
"""Heights of ink that may be a figure which no engine reads, in heights of the digits on the page."""
_TALL = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZbdfhklt")
_FIGURE = re.compile(r"[0-9][0-9.+]*")
_UNSURE = 40.0
_STROKE_DIGITS = str.maketrans("lI|iOo", "111100")
_STROKES = ":;|!‘’“”'\""
"""What Tesseract takes strokes beside a word for."""
_BRACKETS = "()[]‘’“”'\""
_AROUND = _BRACKETS + ","
_ALIKE_LETTERS = str.maketrans("1Iltj|!:/0O5S", "iiiiiiiiiooss")
_WORD = "5"
"""The level of a word in the table that Tesseract writes."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A word as Tesseract sees it: edges in dots of its picture."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


def require(file: str, pages: Sequence[int]) -> None:
    """Raises SourceError, with what to install, where an engine is missing."""
    missing = {}
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        missing["RapidOCR"] = _PIP
    if not _has_tesseract():
        missing["Tesseract with Dutch data"] = f"sudo apt-get install {_APT}"
    if missing:
        what, them = f"page {pages[0]} holds a picture and no text", "it"
        if len(pages) > 1:
            what = f"{len(pages)} of its pages, the first of them page {pages[0]}, are pictures without text"
            them = "them"
        are = "is" if len(missing) == 1 else "are"
        message = f"{what}, and {' and '.join(missing)} to read {them} {are} not installed"
        hint = f"install what is missing ({'; '.join(missing.values())}), or give the report's text"
        raise SourceError(message, file=file, page=pages[0], hint=hint)


def _has_tesseract() -> bool:
    if shutil.which("tesseract") is None:
        return False
    command = ["tesseract", "--list-langs"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "nld" in (listed.stdout + listed.stderr).split()


def recognise(
    data: bytes, path: str, pages: Sequence[int], registry: Registry | None = None
) -> dict[int, RecognisedPage]:
    """What is on these pages of a PDF, which are pictures, by page number.

    Raises SourceError where an engine is not installed, fails, or goes over a limit.
    """
    if len(pages) > _MOST_PAGES:
        message = f"{len(pages)} of its pages are pictures; at most {_MOST_PAGES} are read"
        hint = "give the pages with the annexes alone, or the report's text"
        raise SourceError(message, file=path, page=pages[0], hint=hint)
    require(path, pages)
    known, until = _Known(registry), time.monotonic() + _LONGEST
    with ThreadPoolExecutor(min(len(pages), os.cpu_count() or 1)) as pool:
        read = list(pool.map(lambda page: _page(data, path, page, known, until), pages))
    return dict(zip(pages, read, strict=True))


class _Known:
    """The words of the registry and the names of months: which of two readings of a word is one of them."""

    def __init__(self, registry: Registry | None) -> None:
        texts = [*MONTHS]
        if registry:
            texts += [spelling for mission in registry.missions for spelling in mission.spellings]
            texts += _texts(registry.layouts)
        parts = sorted({part.strip(_BRACKETS) for text in texts for part in text.split()})
        words = sorted(set(map(_bare, parts)))
        self._stops = {
            _bare(part): part[-1] for part in parts if part[-1:] in (".", ",") and _bare(part) not in parts
        }
        self._exact = {word.casefold() for word in words}
        self._alike = {_shape(word): word for word in words if len(word) > 2 and not word.isdecimal()}

    def choose(self, word: str, other: str, otherwise: str = "", least: int = 4) -> str:
        """The reading that is known; or the known word that differs from one in letters that look alike.

        `least` is how many letters the other reading must have.
        """
        if other != word and other == word.rstrip(_STROKES):
            return other
        for text in (word, other):
            bare = _bare(text)
            known = bare.casefold() in self._exact and (text is word or len(bare) >= least)
            usual = bare.isupper() or bare.islower() or bare.istitle()
            if known and (usual or bare in self._alike.values()):
                return self._stopped(text, bare)
        for text in (word, other):
            for part in (text.strip(_AROUND), _bare(text)):
                if len(part) > 3 and (alike := self._alike.get(_shape(part))):
                    return text.replace(part, alike)
        return otherwise or word

    def _stopped(self, text: str, bare: str) -> str:
        """A known word with the full stop or comma that it always has, where a dot was lost or misread."""
        stop, core = self._stops.get(bare, ""), text.strip(_BRACKETS)
        lost = core == bare if stop == "." else core[:-1] == bare and core[-1] in ".;:"
        return text.replace(core, bare + stop) if stop and lost else text


def _texts(value: object) -> Iterator[str]:
    """All texts in what a layout says."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, Iterable):
        for item in value:
            yield from _texts(item)


def _bare(word: str) -> str:
    return word.strip(_AROUND + ".;:")


def _as_digits(text: str) -> str:
    """A reading of a number with digits for the letters that are the same strokes; any other as it is."""
    digits = text.translate(_STROKE_DIGITS)
    return digits if any(map(str.isdigit, text)) or len(text) == 1 else text


def _shape(word: str) -> str:
    """A word without accents and case, with one letter for those that look alike."""
    plain = unicodedata.normalize("NFD", word).translate(_ALIKE_LETTERS).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _page(data: bytes, path: str, number: int, known: _Known, until: float) -> RecognisedPage:
    """What is on one page; nothing on one without ink. `until` is when the whole document must be done."""
    try:
        if time.monotonic() > until:
            raise SourceError(
                f"reading its pictures takes longer than {_LONGEST / 60:.0f} minutes", hint=_HINT
            )
        ((size, dots),) = sandbox.call(
            "pipelines.extract.pdf.pdfium:draw", data, number, path, _DPI, file=path, limits=_DRAWING
        )
        if not dots.translate(None, _LIGHT):
            return RecognisedPage((), (), size[0] * _POINTS, size[1] * _POINTS)
        (page, _), *sheets = sandbox.call(
            "pipelines.extract.ocr_engine:read", *size, dots, file=path, limits=_RAPIDOCR
        )
        seen: dict[int, list[list[_Seen]]] = {at: [] for at in range(len(page["pieces"]))}
        for header, picture in sheets:
            found = _tesseract(header["size"], picture, digits=header["digits"])
            for piece, place in zip(header["pieces"], header["places"], strict=True):
                seen[piece].append(list(_on_piece(found, *place)))
        return _recognised(page, seen, known)
    except SourceError as error:
        error.file, error.page = path, number
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError("its picture came back damaged", file=path, page=number, hint=_HINT) from error


def _tesseract(size: Sequence[int], picture: bytes, *, digits: bool) -> list[_Seen]:
    """The words of a picture, in which there are only digits if asked."""
    only = ["-c", "tessedit_char_whitelist=0123456789.+-"] if digits else []
    command = _TESSERACT.command(
        "tesseract", "-", "-", "-l", "nld", "--psm", "6", "--dpi", "300", *only, "tsv"
    )
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.write(b"P5 %d %d 255\n" % tuple(size))
        given.write(picture)
        given.seek(0)
        try:
            code = subprocess.run(
                command,
                stdin=given,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                cwd=sandbox.ROOT,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                timeout=_TESSERACT.seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise SourceError("Tesseract takes longer than two minutes for this page", hint=_HINT) from None
        answer.seek(0)
        content = answer.read().decode("utf-8", "replace")
    if code:
        raise SourceError(f"Tesseract fails on this page (exit code {code})", hint=_HINT)
    rows = (line.split("\t") for line in content.splitlines()[1:])
    return [
        _Seen(row[11].strip(), left, top, left + width, top + height, float(row[10]))
        for row in rows
        if len(row) == 12 and row[0] == _WORD and row[11].strip()
        for left, top, width, height in [[float(value) for value in row[6:10]]]
    ]


def _on_piece(
    found: Iterable[_Seen], top: float, bottom: float, scale: float, start: float
) -> Iterator[_Seen]:
    """The words in one row of a sheet, from left to right, with left and right on the page."""
    row = (word for word in found if top - 8 <= (word.top + word.bottom) / 2 <= bottom + 8)
    for word in sorted(row, key=lambda word: word.left):
        yield replace(word, left=start + word.left / scale, right=start + word.right / scale)


# --- two readings of each piece → words


def _recognised(page: dict[str, Any], seen: dict[int, list[list[_Seen]]], known: _Known) -> RecognisedPage:
    pieces = page["pieces"]
    heights = sorted(_height(piece) for piece in pieces if piece["figure"] and not piece["marker"])
    digit = median(heights) if heights else 0.0
    words: list[Word] = []
    last: list[Word] = []
    for at, piece in enumerate(pieces):
        if piece["marker"]:
            _mark(last, piece, _readings(piece, seen[at]))
            continue
        words += last
        if piece["way"] == "right" and piece["figure"]:
            last = list(_figure(piece, _readings(piece, seen[at]), digit))
        else:
            last = list(_words(piece, seen[at][0], known))
    words = list(_of_one_size([*words, *last, *(_unread(place, digit) for place in page["lost"])]))
    width, height = (dots * _POINTS for dots in page["size"])
    rules = [Rule(bool(across), *(dots * _POINTS for dots in line)) for across, *line in page["rules"]]
    return RecognisedPage(tuple(map(tuple, _lines(words))), tuple(rules), width, height, page["turn"])


@dataclass(frozen=True)
class _Readings:
    """What RapidOCR and Tesseract read of a figure, each in two pictures of it."""

    rapidocr: tuple[str, ...]
    tesseract: tuple[str, ...]

    @cached_property
    def _often(self) -> list[tuple[str, int]]:
        return Counter((*self.rapidocr, *self.tesseract)).most_common()

    @property
    def agreed(self) -> str | None:
        """What both engines read, three times of four at least."""
        text, count = self._often[0]
        return text if count > 2 else None

    @property
    def figures(self) -> list[str]:
        """All figures that were read, what was read more often first."""
        return [text for text, _ in self._often if _FIGURE.fullmatch(text)]

    def __str__(self) -> str:
        one, other = (
            " or ".join(f"“{text}”" for text in dict.fromkeys(way)) for way in (self.rapidocr, self.tesseract)
        )
        return f"RapidOCR reads {one}, Tesseract {other}"


def _readings(piece: dict[str, Any], seen: Sequence[Sequence[_Seen]]) -> _Readings:
    once, twice = ("".join(word.text for word in row) for row in seen)
    half = twice[: len(twice) // 2]
    rapidocr = (_as_digits("".join(piece[way].split())) for way in ("text", "again"))
    return _Readings(tuple(rapidocr), (once, half if twice == 2 * half else ""))


def _height(piece: dict[str, Any]) -> float:
    high: float = max(ink[3] for ink in piece["ink"]) - min(ink[1] for ink in piece["ink"])
    return high


def _words(piece: dict[str, Any], seen: Sequence[_Seen], known: _Known) -> Iterator[Word]:
    other = " ".join(word.text for word in seen)
    if piece["way"] != "right":
        letters = sum(letter.isalpha() for letter in other)
        yield _word(piece, known.choose(other if letters > 2 else piece["text"], piece["text"]), piece["ink"])
    elif not seen:
        yield from _by_share(piece, piece["text"])
    else:
        yield from _text(piece, seen, known)


def _figure(piece: dict[str, Any], read: _Readings, digit: float) -> Iterator[Word]:
    """A figure as both engines read it; else as one of them does, in doubt."""
    text = read.agreed
    if text and (text in "+-" or any(letter.isalnum() for letter in text)):
        yield _word(piece, text, piece["ink"])
    elif read.figures or _LOST[0] * digit < _height(piece) < _LOST[1] * digit:
        first, second = (*read.figures, "", "")[:2]
        yield _word(piece, first or piece["text"] or "?", piece["ink"], str(read), second)


def _difference(one: str, other: str) -> str:
    return f"RapidOCR reads “{one}”, Tesseract “{other}”"


def _text(piece: dict[str, Any], seen: Sequence[_Seen], known: _Known) -> Iterator[Word]:
    """The words that Tesseract reads, each compared with what RapidOCR reads there."""
    inks: list[list[list[int]]] = [[] for _ in seen]
    for ink in piece["ink"]:
        x = (ink[0] + ink[2]) / 2
        away = [max(word.left - x, x - word.right, 0) for word in seen]
        inks[away.index(min(away))].append(ink)
    others = _aligned([word.text for word in seen], "".join(piece["text"].split()))
    for word, other, ink in zip(seen, others, inks, strict=True):
        unsure = word.confidence < _UNSURE and piece["score"] > 0.9 and len(other) > 1
        text = known.choose(
            word.text, other, other if unsure else word.text, least=2 if word.confidence < 80 else 4
        )
        one, two = ("".join(filter(str.isdigit, reading)) for reading in (other, word.text))
        same = one == two or _as_digits(other) == word.text
        doubted = piece["text"] and not same and any(map(str.isdigit, text))
        doubt = _difference(other, word.text) if doubted else ""
        top, bottom = piece["base"] - piece["tall"], piece["base"]
        yield _word(piece, text, ink or [[word.left, top, word.right, bottom]], doubt)


def _aligned(words: Sequence[str], other: str) -> list[str]:
    """What another reading without spaces has in place of each word."""
    text = "".join(words)
    steps = difflib.SequenceMatcher(None, text, other, autojunk=False).get_opcodes()

    def there(place: int) -> int:
        places = (min(low + place - at, high) for _, at, end, low, high in steps if at <= place < end)
        return next(places, len(other))

    ends = [*accumulate(map(len, words), initial=0)]
    return [other[there(at) : there(end)] for at, end in pairwise(ends)]


def _by_share(piece: dict[str, Any], text: str) -> Iterator[Word]:
    """Words of a text that only RapidOCR reads, placed by their share of its letters."""
    left, right = min(ink[0] for ink in piece["ink"]), max(ink[2] for ink in piece["ink"])
    at, wide = 0, (right - left) / max(1, len(text))
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        low, high = left + start * wide, left + at * wide
        ink = [one for one in piece["ink"] if low <= (one[0] + one[2]) / 2 <= high]
        doubt = _difference(word, "") if any(map(str.isdigit, word)) else ""
        yield _word(piece, word, ink or [[low, piece["base"] - piece["tall"], high, piece["base"]]], doubt)


def _word(
    piece: dict[str, Any], text: str, ink: Sequence[Sequence[float]], doubt: str = "", other: str = ""
) -> Word:
    low = piece["text"] and not _TALL & set(piece["text"])  # without a text it is a long one
    tall = piece["tall"] / (_X_HEIGHT if low and piece["way"] == "right" else 1)
    left, top, right, bottom = zip(*ink, strict=True)
    box = Box(min(left) * _POINTS, min(top) * _POINTS, max(right) * _POINTS, max(bottom) * _POINTS)
    way = piece["way"]
    base = {"right": piece["base"] * _POINTS, "up": box.right, "down": -box.left}[way]
    return Word(text, box, base, tall * _POINTS / _DIGIT_HEIGHT, direction=way, doubt=doubt, other=other)


def _unread(place: Sequence[float], digit: float) -> Word:
    """What is left of a letter: a figure may be lost there."""
    box = Box(*(dots * _POINTS for dots in place))
    return Word("?", box, box.bottom, (digit or 20) * _POINTS / _DIGIT_HEIGHT, doubt="no engine reads it")


def _mark(words: list[Word], piece: dict[str, Any], read: _Readings) -> None:
    """Puts a footnote marker to the word before it; without one it opens the text of a footnote."""
    one = read.agreed or piece["text"]
    box = _word(piece, one, piece["ink"]).box
    before = [at for at, word in enumerate(words) if word.box.left < box.left]
    if not before:
        if words:
            opening = replace(words[0], text=one, box=box, markers=((0, len(one)),), doubt="", other="")
            words.insert(0, opening)
        return
    word = words[before[-1]]
    doubt = word.doubt or ("" if read.agreed else f"as its marker {read}")
    marker, around = (len(word.text), len(word.text) + len(one)), Box.around((word.box, box))
    markers = (*word.markers, marker)
    words[before[-1]] = replace(word, text=word.text + one, markers=markers, box=around, doubt=doubt)


def _of_one_size(words: Iterable[Word]) -> Iterator[Word]:
    """The words with one size where they are nearly of one size."""
    in_order = sorted(words, key=lambda word: word.size)
    for group in grouped(in_order, lambda group, word: word.size > _ALIKE * group[0].size):
        size = median(one.size for one in group)
        yield from (replace(one, size=size) for one in group)


def _lines(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words by the height they stand on, from the top; each text on its side is a line of its own."""
    rows: list[list[Word]] = [[word] for word in words if word.direction != "right"]
    upright = sorted((one for one in words if one.direction == "right"), key=lambda one: one.baseline)

    def lower(row: list[Word], word: Word) -> bool:
        return word.baseline - row[0].baseline > 0.3 * min(word.size, row[0].size)

    rows += grouped(upright, lower)

    def height(row: list[Word]) -> float:
        return row[0].baseline if row[0].direction == "right" else row[0].box.top

    yield from (sorted(row, key=lambda word: word.box.left) for row in sorted(rows, key=height))
