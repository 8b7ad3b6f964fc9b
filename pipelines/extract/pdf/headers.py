"""Which lines of a page are a table's header: those around the heading of missions that `header` reads best.

What is printed around it says more of its columns: names of regions below one, years or months, a caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from pipelines.extract.pdf.header import (
    FEWEST,
    HYPHENS,
    MEASURES,
    WIDE,
    FoundHeader,
    HeaderColumn,
    Known,
    Run,
    over,
    rank,
    read,
    runs_of,
)
from pipelines.extract.pdf.model import Box, PdfLine, PdfPage, Word, grouped, plain_text, runs
from schemas.header_words import FIGURE_ROLES, HeaderWords, tokens, without_date
from schemas.registry import comparable

_PITCH = 3.4  # font sizes from one line of a header to the next, at most
_ALONE = 1.9  # the same to a line below with one text alone
_MOST_LINES = 9  # of a header
# Of a text above it: what ends as a sentence, where abbreviations are shorter, or is an annex's heading.
_NO_HEADER = re.compile(
    r"(?:[^\W\dA-Z]|[^\W\d_]+(?: [^\W\d_]+){2} ).*[^\W\d_]{5}\.|(?i:bijlage|annex) [0-9A-Z]{1,3}\b.*"
)
_BROKEN = re.compile("[^\\W\\d_][-\u00ad\u2010]$")  # a word that goes on below
_DIGIT = re.compile(r"\d")
_WHOM = frozenset({"military", "civil", "police", "total", "women", "men"})
_PARTS = _WHOM | {"until"}  # what columns of a group say
_SIDE = 2.0  # points between a column without a heading and the next


def find(page: PdfPage, known: HeaderWords, fewest: int = FEWEST) -> list[FoundHeader]:
    """The headers on a page from top to bottom, those with problems too.

    A table of figures has so many columns of them at least.
    """
    words = Known(known)
    lines = [
        line
        for line in sorted(page.lines, key=lambda line: (line.words[0].baseline, line.box.left))
        if line.direction == "right" and line.number not in page.furniture
    ]
    found: list[FoundHeader] = []
    for at, line in enumerate(lines):
        if any(line.number in header.lines for header in found):
            continue
        if not _like_a_header(line, words) or not any(_opens_mission(run, words) for run in runs_of(line)):
            continue
        header = _best(page, lines, at, words, fewest)
        header = header and _captioned(lines, _with_times(lines, _with_regions(page, header, words)), words)
        if header and not any(header.lines & other.lines for other in found):
            found.append(header)
    return found


def of_pages(pages: Sequence[PdfPage], known: HeaderWords, fewest: int) -> dict[int, list[FoundHeader]]:
    """The headers of each page; one that returns on the next has its column of regions there too.

    What `Gebied` heads shows below it, where enough regions are.
    """
    found = {page.number: find(page, known, fewest) for page in pages}
    regions: dict[tuple[str, ...], int] = {}
    for headers in found.values():
        for at, header in enumerate(headers):
            printed = tuple(f"{column.group} / {column.printed}" for column in header.columns)
            if "region" in header.roles:
                regions[printed] = header.roles.index("region")
            elif printed in regions:
                columns = [*header.columns]
                columns[regions[printed]] = replace(columns[regions[printed]], role="region")
                headers[at] = replace(header, columns=tuple(columns))
    return found


def _opens_mission(run: Run, words: Known) -> bool:
    """Whether a text is the heading of missions, or the beginning of one."""
    ways = words.known.get("".join(tokens(run.text)), ())
    return "mission" in words.roles(run.text) or any("mission" in way for way in ways)


def _best(
    page: PdfPage, lines: Sequence[PdfLine], seed: int, words: Known, fewest: int
) -> FoundHeader | None:
    """The header around a line: that without problems which has most lines, else that with most columns."""
    bands = [
        (first, last)
        for first in _reached(lines, seed, -1, words)
        for last in _reached(lines, seed, 1, words)
        if last - first < _MOST_LINES
    ]
    reached = sorted({at for band in bands for at in range(band[0], band[1] + 1)})
    broken = (at for at in reached if any(run.text.endswith(HYPHENS) for run in runs_of(lines[at])))
    whole = range(next(broken, len(lines)) + 1)  # behind a word that is broken its end may be
    unknown = {at for at in reached if at in whole and _has_unknown(lines, at, words)}
    bands = [band for band in bands if not _is_cut(lines, band, reached, words)]
    # Where lines of known words make a header, others, such as the first rows, make none without problems.
    known = [(first, last) for first, last in bands if unknown.isdisjoint(range(first, last + 1))]
    ways: list[tuple[FoundHeader, int, int]] = []
    for band in (known, [one for one in bands if one not in known]):
        ways += [
            (header, first, last)
            for first, last in band
            if (header := read(page, lines[first : last + 1], words, fewest))
        ]
        if any(not header.problems for header, _, _ in ways):
            break
    best = max(ways, key=lambda way: rank(way[0]), default=None)
    if best is None or best[0].problems:
        return best and best[0]
    # Lines of words that say nothing (`personeel`, perhaps broken) are of it where columns have them.
    longer = (
        header
        for header, first, last in ways
        if first == best[1] and last > best[2] and header.roles == best[0].roles and not header.problems
        if not any(map(str.isdigit, "".join(line.text for line in lines[best[2] + 1 : last + 1])))  # a date
        if any(run.box.left > header.columns[1].box.left for run in runs_of(lines[last]))
    )
    return max(longer, key=lambda header: len(header.lines), default=best[0])


def _names_region(text: str, words: Known) -> bool:
    """Whether a line is a region's name, which no header has: the first rows are below it."""
    name = comparable(text)
    return bool(words.facets(text)[1]) and any(name == comparable(region) for region in words.rows.regions)


def _is_cut(lines: Sequence[PdfLine], band: tuple[int, int], reached: Sequence[int], words: Known) -> bool:
    """Whether a line below is of the header too: texts of columns, of whom some count, and no row's name."""
    last = runs_of(lines[band[1]])
    if band[1] + 1 in reached and any(_BROKEN.search(run.text) for run in last):
        return True
    left = min(run.box.left for line in lines[band[0] : band[1] + 1] for run in runs_of(line))
    for at in range(band[1] + 1, band[1] + 3):
        found = runs_of(lines[at]) if at in reached else []
        kinds = sum(any(way & _PARTS for way in words.facets(run.text)[0]) for run in found)
        texts = all(any(map(str.isalpha, run.text)) and not _DIGIT.search(run.text) for run in found)
        if len(found) > 2 and kinds and texts and found[0].box.left > left + found[0].size:
            return True
    return False


def _has_unknown(lines: Sequence[PdfLine], at: int, words: Known) -> bool:
    """Whether a line has a word that is not even the beginning of a known one, or goes on one above it."""
    above = [(run.box, tokens(run.text)[-1:]) for run in runs_of(lines[at - 1])] if at else []
    for run in runs_of(lines[at]):
        ends = [end for box, (end,) in filter(lambda one: one[1], above) if over(run.box, box, run.size)]
        for word in (word for text in words.facets(run.text)[1] for word in text.split()):
            if not any(begun + word in words.openings for begun in ("", *ends)):
                return True
    return False


def _with_regions(page: PdfPage, header: FoundHeader, words: Known) -> FoundHeader:
    """The header with the column that names of regions below it make, whatever is printed above them.

    `Gebied` heads countries or regions; above labels beside the names of missions there is often nothing.
    """
    if "region" in header.roles or "mission" not in header.roles:
        return header
    known = {comparable(region) for region in words.rows.regions}
    below = [line for line in page.lines if line.box.middle > header.bottom]
    ends = [*(column.box.left for column in header.columns[1:]), page.width]
    for at, column in enumerate(header.columns):
        alike = [
            one
            for one in header.problems
            if one.like and at + 1 in (one.column, one.like) and words.roles(one.text) == {"country"}
        ]
        if column.role == "country" or alike:
            texts = list(_texts(below, column.box.left - 2 * _SIDE, ends[at]))
            heads = [
                one for one in texts if comparable(one[0]) in known and plain_text(one[1].words) == one[0]
            ]
            texts = [one for one in texts if one not in heads] if len(heads) + 2 < len(texts) else texts
            named = {comparable(text) for text, _ in texts} & known
            parts = sum(any(comparable(text) in one for one in known) for text, _ in texts)  # `Midden-Oo`
            sure = alike or len(named) > 1 or parts == len(texts)  # a country may be `Afrika`
            if named and sure and 2 * parts >= max(3, len(texts)):
                columns = [*header.columns]
                columns[at] = replace(column, role="region")
                for one in alike:  # beside it another says where, and it alone now
                    other = one.column + (one.like or 0) - (at + 1)
                    columns[other - 1] = replace(columns[other - 1], role="country")
                left = tuple(one for one in header.problems if one not in alike)
                return replace(header, columns=tuple(columns), problems=left)
    first = header.columns[0]
    texts = list(_texts(below, 0.0, first.box.left))
    labels = [line for text, line in texts if comparable(text) in known]
    if first.role != "mission" or 2 * len(labels) < max(2, len(texts)):
        return header
    box = first.box._replace(left=min(line.box.left for line in labels), right=first.box.left - _SIDE)
    return replace(header, columns=(HeaderColumn("", None, "region", box), *header.columns))


def _with_times(lines: Sequence[PdfLine], header: FoundHeader) -> FoundHeader:
    """The header with its columns parted by the years or months on the line below it.

    The last year has the role of the column; what is beside it is not this edition's. How many were there
    month by month is ignored.
    """
    size = max((word.size for line in lines if line.number in header.lines for word in line.words), default=0)
    low, high = header.top, header.bottom + _PITCH / 2 * size
    times = [
        line
        for line in lines
        if line.number not in header.lines
        and low < line.box.middle < high
        and all(_TIME.fullmatch(word.plain) for word in line.words)
    ]
    if len(times) != 1 or header.problems:
        return header
    ways = (_rising(times[0].words), [of[::-1] for of in _rising(times[0].words[::-1])][::-1])
    groups = max(ways, key=lambda way: min(map(len, way)))
    found: dict[int, list[Word]] = {}
    for group in groups:
        box = Box.around(word.box for word in group)
        away = [column.box.aside(box) for column in header.columns]
        found[away.index(min(away))] = group
    last = {max(group, key=_time).plain for group in groups}
    years = all(word.plain.isdigit() for group in groups for word in group)
    counted = all(_COUNTS.fullmatch(header.columns[at].role or "") for at in found)
    if len(found) < len(groups) or min(map(len, groups)) < 2 or (len(last) > 1 if years else not counted):
        return header
    columns: list[HeaderColumn] = []
    for at, column in enumerate(header.columns):
        columns += [
            replace(
                column,
                printed=word.plain,
                above=column.printed,
                box=word.box,
                role=column.role if years and word.plain in last else "ignore",
            )
            for word in found.get(at, ())
        ] or [column]
    if any(one.box.left >= behind.box.left for one, behind in pairwise(columns)):
        return header
    return replace(
        header,
        columns=tuple(columns),
        bottom=max(header.bottom, times[0].box.bottom),
        lines=header.lines | {times[0].number},
        year=last.pop() if years else None,
    )


def _captioned(lines: Sequence[PdfLine], header: FoundHeader, words: Known) -> FoundHeader:
    """The header with the roles that the line above it gives: `2a. Militairen` over `Kader` and `Ingezet`.

    It says of whom the table counts, and nothing else; the columns say the rest, and nothing of whom.
    """
    above = [line for line in lines if line.words[0].baseline < header.top]
    size = max((word.size for line in above[-1:] for word in line.words), default=0.0)
    if not header.problems or not above or header.top - above[-1].words[0].baseline > _PITCH * size:
        return header
    caption, before = (_LISTED.sub("", line.text, count=1) for line in (above[-1], above[-2:][0]))
    if not _says_of_whom(caption, words) or (caption != before and _says_of_whom(before, words)):
        return header
    columns = [*header.columns]
    for one in header.problems:
        roles = words.roles(caption, one.text) & FIGURE_ROLES
        if len(roles) == 1 and all(way <= MEASURES for way in words.facets(one.text)[0]):
            columns[one.column - 1] = replace(columns[one.column - 1], role=roles.pop())
    left = tuple(one for one in header.problems if columns[one.column - 1].role is None)
    return replace(header, columns=tuple(columns), problems=left)


def _says_of_whom(text: str, words: Known) -> bool:
    ways, unknown = words.facets(text)
    return not unknown and bool(ways) and all(way and way <= {"military", "civil", "police"} for way in ways)


_LISTED = re.compile(r"\s*(?:(?:tabel|deel)\s*)?(?:\d{0,2}[a-z]?\s*[.:)–-])?\s*", re.IGNORECASE)


def _rising(words: Sequence[Word]) -> list[list[Word]]:
    """Years or months in groups in which they rise."""
    return [list(group) for group in grouped(words, lambda group, word: _time(group[-1]) >= _time(word))]


_COUNTS = re.compile(r"strength_.*|ignore")  # roles of columns that count who were there
_MONTHS = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_TIME = re.compile(rf"(?:19|20)\d\d|(?:{'|'.join(_MONTHS)}|maart)[a-z]*\.?", re.IGNORECASE)


def _time(word: Word) -> int:
    """A year, or the number of a month."""
    text = word.plain.casefold().replace("maa", "mrt")
    return int(text) if text.isdigit() else _MONTHS.index(text[:3])


def _texts(lines: Sequence[PdfLine], left: float, right: float) -> Iterator[tuple[str, PdfLine]]:
    """Texts that are set within a column, rotated ones too; each with its line."""
    for line in lines:
        parts = runs(line.words, WIDE) if line.direction == "right" else (line.words,)
        for words in parts:
            box = Box.around(word.box for word in words)
            if left <= box.left and box.right < right:
                yield plain_text(words), line


def _reached(lines: Sequence[PdfLine], seed: int, step: int, words: Known) -> list[int]:
    """The lines from one on, upwards or downwards, that may be of one header with it."""
    found = [seed]
    for at in range(seed + step, seed + step * _MOST_LINES, step):
        if not 0 <= at < len(lines):
            break
        upper, lower = sorted((at, at - step))
        if not _near(lines[upper], lines[lower]) or not _like_a_header(lines[at], words):
            break
        if step > 0 and len(runs_of(lines[at])) == 1 and not _near(lines[upper], lines[lower], _ALONE):
            break  # the first text of a row whose others stand lower
        found.append(at)
    return found


def _near(upper: PdfLine, lower: PdfLine, pitch: float = _PITCH) -> bool:
    """Whether a line is close below another, or beside one of texts on their side."""
    size = max(word.size for word in (*upper.words, *lower.words))
    close = lower.words[0].baseline - upper.words[0].baseline < pitch * size
    aside = max(upper.box.height, lower.box.height)
    return close or (aside > pitch * size and lower.box.top - upper.box.bottom < max(size, aside / 2))


def _like_a_header(line: PdfLine, words: Known) -> bool:
    """Whether a line has a word of a header, or the rest of one, and is not a row of figures."""
    texts = [without_date(run.text)[0] for run in runs_of(line)]
    if len(runs_of(line, WIDE)) == 1 and (
        _NO_HEADER.fullmatch(line.text.strip()) or _names_region(line.text, words)
    ):
        return False
    alone = [text for text in texts if text.strip() and not any(map(str.isalpha, text))]
    if sum(any(map(str.isdigit, text)) for text in alone) > 1:
        return False
    found = [token for text in texts for token in tokens(text)]
    known = sum(piece.words for piece in words.pieces(found) if piece)
    return bool(known) or not found or len(found) <= 2 * len(texts)
