"""A table's header by the words that headers are known to have: columns, what heads them, and their roles.

A header is one row of texts or several. The lowest text at a place is a column's own; one above it that
reaches over several columns heads them, and one that says what columns beside it lack heads these too.
Which columns a group has is decided by what makes every column mean something and no two the same, and
where that leaves it open by place. Nothing is guessed: a word that is unknown, or a header that can be read
in two ways, is a problem that is named.

A function of lines of words with boxes: whoever has these, from a PDF or a text set by positions, asks here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

from pipelines.extract.pdf.model import Box, PdfLine, PdfPage, Word, grouped, plain_text, runs
from schemas.header_words import (
    FIGURE_ROLES,
    MANDATE_ROLES,
    ROLES,
    HeaderWords,
    letters,
    tokens,
    without_date,
)
from schemas.registry_layouts import ASIDE

Kind = Literal["personnel", "mandates", "combined"]

_EDGE = 0.1  # font sizes between the left edges of texts of one column
_GAP, WIDE = 0.6, 1.0  # font sizes of white space between two texts of a header; where words are far apart
_NO_NUMBER = re.compile(r"^[+−-]|%$")
_MOST_COLUMNS = 24
_OVERLAP = 0.15  # font sizes that texts above each other share, at least
_MARGIN = 0.7  # font sizes by which a group's place must be better than by another reading
_TIED = 0.01  # of groups that are placed equally well, that with more columns is taken
FEWEST = 2  # columns of figures; a header of one is a sentence
_OF_WHOM = 3  # columns that say of whom they count, and not what, of which fewer are not a header
_FEW, _MOST = 2, 12  # words that say what is below a heading
_BESIDES = frozenset({"mission", "region", "country", "remark", "ignore"})
_MORE = frozenset(ASIDE) - _BESIDES - MANDATE_ROLES
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    "personnel": FIGURE_ROLES | _BESIDES | _MORE,
    "mandates": MANDATE_ROLES | _BESIDES,
    "combined": FIGURE_ROLES | MANDATE_ROLES | _BESIDES | _MORE,
}


@dataclass(frozen=True)
class HeaderColumn:
    """One column: its own text, that of its group (None under none), and its role, None where it is unknown.

    `date` is a date in its texts as printed, such as that of `Sterkte op 1 mei 2018`. `above` is the text
    over columns of several years or months, under that of its group.
    """

    printed: str
    group: str | None
    role: str | None
    box: Box
    date: str | None = None
    above: str | None = None


@dataclass(frozen=True)
class HeaderProblem:
    """A column that has no role: its text with that of its group, its number from 1, and what is known.

    `unknown` are words of it that are known nowhere, `ways` the roles that it may have, if several. `like` is
    the number of the column that has the only role that its words mean.
    """

    text: str
    column: int
    unknown: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    like: int | None = None


@dataclass(frozen=True)
class FoundHeader:
    """A header on a page: its columns from left to right, the band and the lines that it takes."""

    kind: Kind
    page: int
    columns: tuple[HeaderColumn, ...]
    top: float
    bottom: float
    lines: frozenset[int]
    problems: tuple[HeaderProblem, ...] = ()
    groups: Mapping[str, Box] = field(default_factory=dict)
    """Where what heads several columns is printed."""
    said: int = 0
    """How many of its words mean something, a date behind `op` or `in` among them."""
    year: str | None = None
    """The last of the years that its columns are parted by."""

    @property
    def roles(self) -> tuple[str | None, ...]:
        return tuple(column.role for column in self.columns)


def first_asked(problems: Sequence[HeaderProblem]) -> Sequence[HeaderProblem]:
    """What to ask of a header first: with its words known, groups are over the right columns.

    Columns that seem alike are asked last.
    """
    words = [one for one in problems if one.unknown]
    return words or [one for one in problems if not one.like] or problems


@dataclass(frozen=True)
class Run:
    """Neighbouring words of one line of a header."""

    line: int
    words: tuple[Word, ...]

    @cached_property
    def box(self) -> Box:
        return Box.around(word.box for word in self.words)

    @cached_property
    def text(self) -> str:
        return plain_text(self.words)

    @property
    def size(self) -> float:
        return max(word.size for word in self.words)


class Known:
    """The words of headers, with each answer kept: many bands of lines ask the same."""

    def __init__(self, words: HeaderWords) -> None:
        self.known, self.rows, self.pieces, self.openings = (
            words.known,
            words.rows,
            words.pieces,
            words.openings,
        )
        self.facets, self.roles, self.said = cache(words.facets), cache(words.roles), cache(words.said)
        self.is_known, self.is_answered = words.is_known, words.is_answered


def runs_of(line: PdfLine, gap: float = _GAP) -> list[Run]:
    return [Run(line.number, run) for run in runs(line.words, gap)]


def rank(header: FoundHeader) -> tuple[bool, int, int, int]:
    """More that means something, in fewer lines: a date belongs to it where a word before asks for one."""
    known = sum(role is not None for role in header.roles)
    unknown = {word for problem in header.problems for word in problem.unknown}
    # One answer settles an unknown word of several columns; a column without one lacks a line of the header.
    bare = sum(not (problem.unknown or problem.ways or problem.like) for problem in header.problems)
    left = len(unknown) + 2 * bare + sum(bool(problem.like) for problem in header.problems)
    return not header.problems, known - left, header.said, -len(header.lines)


def read(page: PdfPage, band: Sequence[PdfLine], words: Known, fewest: int) -> FoundHeader | None:
    """The header that lines make up, or None where they hold no columns of a known table."""
    ways = []
    lefts = [run.box.left for line in band for run in runs_of(line)]
    cuts: Sequence[Callable[[PdfLine], Iterable[Run]]] = (
        runs_of,
        lambda line: runs_of(line, WIDE),
        lambda line: _at_edges(line, lefts),
        lambda line: _by_words(line, words),
    )
    before: list[tuple[Word, ...]] = []
    for cut in cuts:
        found = [run for line in band for run in cut(line) if run.text]  # a mark alone heads nothing
        parted = [run.words for run in found]
        if not found or (parted == before and cut is not cuts[-1]):
            continue
        before = parted
        own: list[FoundHeader | None] = []
        for narrow in (0, 2, 1):
            made = _Band(page, found, words, fewest, whole=cut is not cuts[-1], narrow=narrow)
            header = made.header()
            if header and not header.problems:
                return header
            own.append(header)
            if not made.has_narrow:
                break
        ways.append(max(filter(None, own), key=rank, default=None))
    return next(filter(None, ways), None)


def _at_edges(line: PdfLine, lefts: Sequence[float]) -> Iterator[Run]:
    """The texts of a line, parted where texts of other lines begin too."""
    for run in runs_of(line):
        begun = (any(abs(word.box.left - left) < _EDGE * word.size for left in lefts) for word in run.words)
        starts = [at for at, begins in enumerate(begun) if begins or not at]
        for start, end in pairwise((*starts, len(run.words))):
            yield Run(line.number, run.words[start:end])


def _by_words(line: PdfLine, words: Known) -> Iterator[Run]:
    """The texts of a line, parted where words cannot go together."""

    def apart(piece: Sequence[Word], word: Word) -> bool:
        ways, unknown = words.facets(" ".join(one.plain for one in (*piece, word)))
        fits = not unknown and any(way <= role for way in ways for role in ROLES)
        return not fits and bool(tokens(word.plain))

    for run in runs_of(line):
        yield from (Run(line.number, tuple(piece)) for piece in grouped(run.words, apart))


@dataclass
class _Stack:
    """Texts above each other: a column's own, or those over columns, of which `first` and `last` are sure.

    Where rules are drawn around it, it is over no others: it is `closed`.
    """

    runs: list[Run]
    first: int = 0
    last: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self.add()

    def add(self, *runs: Run) -> None:
        self.runs.extend(runs)
        self.box = Box.around(run.box for run in self.runs)
        # As it is read: by lines, which glyphs of other heights do not part, then along them.
        in_order = sorted(self.runs, key=lambda run: (round(run.words[0].baseline), run.box.left))
        self.text = joined([run.text for run in in_order])


class _Way(NamedTuple):
    """One way to read a header: per column the number of its group and its role, and how ill it is placed."""

    groups: tuple[int | None, ...]
    roles: tuple[str, ...]
    cost: float


class _Band:
    """The texts of a header."""

    def __init__(
        self,
        page: PdfPage,
        found: Sequence[Run],
        words: Known,
        fewest: int,
        *,
        whole: bool = True,
        narrow: int = 0,
    ) -> None:
        self._page = page
        self._fewest = fewest
        self._narrow = narrow  # columns that a text over the white space between two heads: the last, both
        self.has_narrow = False
        self._whole = whole  # its texts are parted by white space, as no running text is
        self._runs = sorted(found, key=lambda run: (-run.box.bottom, run.box.left))
        self._verticals = [rule for rule in page.rules if not rule.horizontal]
        self._words = words
        self._size = max(run.size for run in found)
        self.columns: list[_Stack] = []
        self.groups: list[_Stack] = []
        # Once its texts are in their places, each way to read it asks the same of them.
        self._roles = cache(self._roles_of)
        self._choice = cache(self._choice_of)
        self._own = cache(lambda at: self._facets(self.columns[at].runs))
        self._dated = cache(lambda at, group: without_date(self._said(at, group)))

    def header(self) -> FoundHeader | None:
        self._stack()
        if not self._fewest < len(self.columns) <= _MOST_COLUMNS:
            return None
        for kind in _ALLOWED:
            ways = list(self._ways(kind))
            ways = [way for way in ways if _is_table(kind, way.roles, self._fewest)]
            if ways:
                return self._found(kind, ways)
        return self._unknown()

    def _stack(self) -> None:
        """Puts every text into its column, or above several."""
        overs: list[tuple[Run, list[int]]] = []
        closed: set[int] = set()
        for run in self._runs:
            under = [at for at, column in enumerate(self.columns) if over(run.box, column.box, self._size)]
            if len(drawn := self._within(run)) > 1 and {*under} <= {*drawn}:
                overs.append((run, drawn))
                closed.add(id(run))
                continue
            if not under and (beside := self._beside(run)):
                self.has_narrow = True
                under = beside[-self._narrow :] if self._narrow else under
            if not under:
                self.columns.append(_Stack([run]))
            elif len(under) == 1 and not any(over(run.box, above.box, self._size) for above, _ in overs):
                self.columns[under[0]].add(run)
            else:
                overs.append((run, under))
        order = sorted(range(len(self.columns)), key=lambda at: self.columns[at].box.left)
        place = {old: new for new, old in enumerate(order)}
        self.columns = [self.columns[at] for at in order]
        for run, under in overs:
            found = [place[at] for at in under]
            known = [group for group in self.groups if over(run.box, group.box, self._size)]
            within = [one for one in self.groups if min(found) <= one.first and one.last <= max(found)]
            alone = {*found}.difference(*(range(one.first, one.last + 1) for one in within))
            if max(map(len, (known, within))) > 1 or (within and alone and id(run) in closed):
                # What is over several groups, or one and columns beside it, says the same of each.
                for group in {id(one): one for one in (*known, *within)}.values():
                    group.text = joined([run.text, group.text])
                for span in grouped(sorted(alone), lambda before, at: at > before[-1] + 1):
                    self.groups.append(_Stack([run], span[0], span[-1], closed=True))
            elif known:
                known[0].add(run)
                known[0].first, known[0].last = min(known[0].first, *found), max(known[0].last, *found)
            elif (
                not self.groups
                or self._words.facets(run.text) != ({frozenset()}, [])
                or any(map(str.isdigit, run.text))
            ):  # above groups `Aantal personen` says nothing
                self.groups.append(_Stack([run], min(found), max(found), id(run) in closed))
        self._split()
        self.groups.sort(key=lambda group: group.box.left)

    def _within(self, run: Run) -> list[int]:
        """The columns in the cell that rules draw around a text, if it is alone in it."""
        height = run.box.middle
        at = [rule.at for rule in self._verticals if rule.start < height < rule.end]
        left = max((one for one in at if one < run.box.left + 1), default=None)
        right = min((one for one in at if one > run.box.right - 1), default=None)
        if left is None or right is None:
            return []
        if all(left < one.box.centre < right for one in self._runs):  # a frame around the table
            return []
        beside = (one for one in self._runs if one is not run and abs(one.box.middle - height) < one.size)
        if any(left < one.box.centre < right for one in beside):
            return []
        found = [at for at, one in enumerate(self.columns) if left < one.box.centre < right]
        return [at for at in found if self.columns[at].box.top >= height]

    def _beside(self, run: Run) -> list[int]:
        """The columns on both sides of a text that is above the white space between them."""
        boxes = [column.box for column in self.columns]
        left = [at for at, box in enumerate(boxes) if box.right <= run.box.left]
        right = [at for at, box in enumerate(boxes) if box.left >= run.box.right]
        if not left or not right:
            return []
        sides = max(left, key=lambda at: boxes[at].right), min(right, key=lambda at: boxes[at].left)
        return [*sides] if all(run.box.bottom < boxes[at].middle for at in sides) else []

    def _split(self) -> None:
        """Takes the upper texts of a column for a group's where the lower ones say no more than of whom."""
        covered = {at for group in self.groups for at in range(group.first, group.last + 1)}
        for at, column in enumerate(self.columns):
            stacked = sorted(column.runs, key=lambda run: run.box.top)
            if at in covered or len(stacked) < 2:
                continue
            for cut in range(1, len(stacked)):
                upper, lower = stacked[:cut], stacked[cut:]
                above, below = self._facets(upper), self._facets(lower)
                bare = all(way and way <= _KINDS for way in below)
                bare = bare and (bool(below) or (bool(above) and all(way <= MEASURES for way in above)))
                broken = upper[-1].text.endswith((*HYPHENS, "/"))  # `niet-` above `militair` is one word
                if bare and not broken and all(way and not way & _KINDS for way in above):
                    self.groups.append(_Stack(upper, at, at))
                    self.columns[at] = _Stack(lower)
                    break

    def _facets(self, found: Sequence[Run]) -> set[frozenset[str]]:
        ways, unknown = self._words.facets(joined([run.text for run in found]))
        return set() if unknown else ways

    def _ways(self, kind: Kind) -> Iterator[_Way]:
        for owner, away in self._groupings:
            choices = [self._choice(kind, at, group) for at, group in enumerate(owner)]
            for at in self._older(owner)[0]:
                choices[at] = {"ignore"}
            if all(choices):
                cost = away - _TIED * sum(number is not None for number in owner)
                for roles in _different(choices, ()):
                    if self._agree(owner, roles):
                        yield _Way(owner, roles, cost)

    def _older(self, owner: Sequence[int | None]) -> tuple[list[int], str | None]:
        """Columns that say of an earlier year what another says of a later one, and the last such year."""
        if not any(YEAR.search(one.text) for one in (*self.columns, *self.groups)):
            return [], None
        said = [self._dated(at, group) for at, group in enumerate(owner)]
        years: dict[str, set[str]] = {}
        for text, date in said:
            if date and YEAR.fullmatch(date):
                years.setdefault(letters(text), set()).add(date)
        found = [
            at
            for at, (text, date) in enumerate(said)
            if date
            and date < max(years.get(letters(text), {date}))
            and not self._words.is_known(self._said(at, owner[at]))
        ]
        return found, max(max(years[letters(said[at][0])]) for at in found) if found else None

    def _choice_of(self, kind: Kind, at: int, group: int | None) -> set[str]:
        """The roles that a column may have in a table of a kind.

        Beside a legal basis or an end a mandate says until when, and a frame where no persons are counted.
        """
        found = self._roles(at, group)
        if kind != "personnel" and self._of_mandates:
            own = self._words.facets(self._said(at, group))[0]
            found = found.union(*(_ENDING[kind].get(way, ()) for way in own))
        return found & _ALLOWED[kind]

    @cached_property
    def _of_mandates(self) -> bool:
        return any(way & _ENDS for at in range(len(self.columns)) for way in self._own(at))

    def _agree(self, owner: Sequence[int | None], roles: Sequence[str]) -> bool:
        """Whether each group says the same of all its columns that do not say it themselves."""
        said: dict[int, set[str]] = {}
        for at, group in enumerate(owner):
            own = roles[at] == "ignore" or any(way & MEASURES for way in self._own(at))
            if group is not None and not own:
                said.setdefault(group, set()).add(roles[at].split("_")[0])
        return all(len(measures) == 1 for measures in said.values())

    @cached_property
    def _groupings(self) -> list[tuple[tuple[int | None, ...], float]]:
        """Ways to give each column its group, or none, and how far the groups are from their places then."""
        found = []
        for spans in self._spans(0, 0):
            owner: list[int | None] = [None] * len(self.columns)
            for number, (first, last) in enumerate(spans):
                owner[first : last + 1] = [number] * (last + 1 - first)
            away = sum(self._misplaced(group, *span) for group, span in zip(self.groups, spans, strict=True))
            found.append((tuple(owner), away))
        return found

    def _spans(self, number: int, start: int) -> Iterator[tuple[tuple[int, int], ...]]:
        """Ways to give each group its columns: those below it, and perhaps some beside these."""
        if number == len(self.groups):
            yield ()
            return
        group = self.groups[number]
        for first in range(max(start, group.first) if group.closed else start, group.first + 1):
            for last in range(group.last, group.last + 1 if group.closed else len(self.columns)):
                if not self._may_have(group, first, last):
                    continue
                for rest in self._spans(number + 1, last + 1):
                    yield ((first, last), *rest)

    def _may_have(self, group: _Stack, first: int, last: int) -> bool:
        """Whether a group may reach so far: only to columns that mean nothing without it."""
        beside = [at for at in range(first, last + 1) if not group.first <= at <= group.last]
        return all(self._roles(at, None) <= {"ignore"} or self._bare(at) for at in beside)

    def _bare(self, at: int) -> bool:
        """Whether a column says of whom it counts, but not what: `Totaal`."""
        return any(way <= _KINDS for way in self._own(at))

    def _roles_of(self, at: int, group: int | None) -> set[str]:
        above = [self.groups[group].text] if group is not None else []
        found = self._words.roles(*above, self.columns[at].text)
        if at and "mission" in found and only_figures(texts_below(self._page, self.columns[at].box)):
            found -= {"mission"}  # as below `Inzet 2016` beside `Missie`
        if {"region", "country"} <= found:  # such as `Locatie`: what groups the rows is on the left
            found -= {"region" if at else "country"}
        return found

    def _misplaced(self, group: _Stack, first: int, last: int) -> float:
        """How far a group's text is from its columns' edges or middle, in font sizes."""
        own, left, right = group.box, self.columns[first].box.left, self.columns[last].box.right
        away = (abs(own.left - left), abs(own.centre - (left + right) / 2), abs(own.right - right))
        return min(away) / self._size

    def _found(self, kind: Kind, ways: Sequence[_Way]) -> FoundHeader:
        """The best way, and what rivals give otherwise."""
        best = min(ways, key=lambda way: way.cost)
        near = [way for way in ways if way.cost < best.cost + _MARGIN]
        # Where somebody answered what a column's text means with that of its group, that counts.
        answered = [sum(self._is_known(at, group) for at, group in enumerate(way.groups)) for way in near]
        near = [way for way, count in zip(near, answered, strict=True) if count == max(answered)]
        best = min(near, key=lambda way: way.cost)
        rivals = [way for way in near if way.roles != best.roles]
        problems = []
        for at in range(len(self.columns)):
            others = sorted({best.roles[at], *(way.roles[at] for way in rivals)})
            if len(others) > 1:
                problems.append(HeaderProblem(self._said(at, best.groups[at]), at + 1, (), tuple(others)))
        return self._header(kind, best.groups, best.roles, problems)

    def _is_known(self, at: int, group: int | None) -> bool:
        said = self._said(at, group)
        return self._words.is_answered(said) or (group is not None and self._words.is_known(said))

    def _unknown(self) -> FoundHeader | None:
        """The header with what is not known of it, where enough of it is."""
        owner = self._likeliest()
        ways = [self._roles(at, group) for at, group in enumerate(owner)]
        # `Nederlandse bijdrage tot` beside other ends is one: no total.
        ends = self._of_mandates
        known = [min(way, key=lambda role: (ends and role not in MANDATE_ROLES, role)) for way in ways if way]
        kinds: list[Kind] = [one for one in _ALLOWED if _is_table(one, known, fewest=1)]
        both = len(MANDATE_ROLES & {*known}) > 1  # one alone may be a word with another meaning
        kind = kinds[-1 if both else 0] if kinds else None
        if kind is None and self._whole and "mission" in known:
            # Where no group is known, columns of military, police, totals … are still one of persons each.
            # So are columns that say what they count, if not of whom: strengths, persons sent.
            said = [self._words.facets(self._said(at, group)) for at, group in enumerate(owner)]
            of_whom = sum(any(way and way <= _KINDS for way in ways) for ways, _ in said)  # `K-mil` too
            of_whom = max(of_whom, sum(self._bare(at) for at in range(len(self.columns))))
            counted = [one for ways, _ in said if (one := frozenset().union(*ways) & _COUNTED)]
            # `Kader` and `Ingezet` are two measures, if that is all there is.
            two = len({*counted}) > 1 and not any(unknown for _, unknown in said)
            kind = "personnel" if two or max(of_whom, len(counted)) >= _OF_WHOM else None
        if kind is None:
            return None
        problems, roles = [], list[str | None]()
        choices = [self._choice(kind, at, group) for at, group in enumerate(owner)]
        # `Mandaat` beside `Mandaat tot` is no end.
        sure = {role for own in choices if len(own) == 1 for role in own}
        choices = [(own - sure or own) if len(own) > 1 else own for own in choices]
        for at, own in enumerate(choices):
            only = next(iter(own)) if len(own) == 1 else None
            alike = [other for other, one in enumerate(choices) if other != at and one == own]
            like = alike[0] + 1 if only not in (None, "ignore") and alike else None
            roles.append(None if like else only)
            if roles[-1] is None:
                text = self._said(at, owner[at])
                found = self._words.facets(text)[1]
                parts = text.split(" / ") if found else ()
                unknown = tuple(dict.fromkeys(word for one in parts for word in self._words.facets(one)[1]))
                sides = () if own or unknown else self._sides(text, known)
                others = () if like else (*sorted(own), *sides)
                problems.append(HeaderProblem(text, at + 1, unknown, others, like))
        return self._header(kind, owner, roles, problems)

    def _sides(self, text: str, known: Sequence[str]) -> tuple[str, ...]:
        """What a column may be that says what it counts, and not of whom; nothing that another is."""
        facets = frozenset().union(*self._words.facets(text)[0])
        measures = [one for one in ("frame", "deployed") if one in facets]
        measures = measures or (["frame"] if "mandate" in facets else [])
        if all("until" in way for way in self._words.facets(text.rpartition(" / ")[2])[0]):
            measures = []  # an end counts nobody; `tot` may be a total
        roles = (
            f"{measure}_{kind}" for measure in measures for kind in ("military", "civil_police", "total")
        )
        ends = (role for way in (_MANDATE, _FRAME) if way <= facets for role in _ENDING["mandates"][way])
        of_day = {"strength_on_day"} < facets and (
            ROLES.get(facets - {"strength_on_day"} | {"deployed"}),
            ROLES.get(facets),
        )
        return tuple(role for role in (*roles, *ends, *filter(None, of_day or ())) if role not in known)

    def _likeliest(self) -> Sequence[int | None]:
        """Each column's group in the way by which most columns mean something, and groups are placed best."""
        ways = []
        for owner, away in self._groupings:
            means = [self._roles(at, group) for at, group in enumerate(owner)]
            own = {next(iter(way)) for way in means if len(way) == 1}
            fits = [bool(way) or self._bare(at) for at, way in enumerate(means)]
            covered = sum(1 if fits[at] else -1 for at, group in enumerate(owner) if group is not None)
            ways.append(((-len(own), away - _TIED * covered), owner))
        return min(ways, key=lambda way: way[0])[1] if ways else [None] * len(self.columns)

    def _of_soldiers(self, at: int, group: int | None, role: str | None) -> str | None:
        """A column's role where soldiers alone are counted: their women are all women then."""
        ways = (way for way in self._words.facets(self._said(at, group))[0] if ROLES.get(way) == "ignore")
        return next(filter(None, (ROLES.get(way - {"military"}) for way in ways)), role)

    def _said(self, at: int, group: int | None) -> str:
        own = self.columns[at].text
        return f"{self.groups[group].text} / {own}" if group is not None else own

    def _header(
        self,
        kind: Kind,
        owner: Sequence[int | None],
        roles: Sequence[str | None],
        problems: Sequence[HeaderProblem],
    ) -> FoundHeader:
        band = Box.around(run.box for run in self._runs)
        if {*roles} & FIGURE_ROLES <= {"frame_military", "deployed_military"}:
            roles = [self._of_soldiers(at, *of) for at, of in enumerate(zip(owner, roles, strict=True))]
        alone = {group for group in owner if group is not None and owner.count(group) == 1}
        for at, group in enumerate(owner):
            if group is not None and group in alone:  # what heads one column is its own text
                self.columns[at].add(*self.groups[group].runs)
        owner = [None if group in alone else group for group in owner]
        self._dated.cache_clear()
        columns = tuple(
            HeaderColumn(
                column.text,
                self.groups[group].text if group is not None else None,
                role,
                column.box,
                self._dated(at, group)[1],
            )
            for at, (column, group, role) in enumerate(zip(self.columns, owner, roles, strict=True))
        )
        numbers = frozenset(run.line for run in self._runs)
        texts = [*(column.text for column in self.columns), *(group.text for group in self.groups)]
        said = sum(self._words.said(text) + bool(_DATED.search(text)) for text in texts)
        year = self._older(owner)[1]
        page, groups = self._page.number, {group.text: group.box for group in self.groups}
        return FoundHeader(
            kind, page, columns, band.top, band.bottom, numbers, tuple(problems), groups, said, year
        )


YEAR = re.compile(r"(?:19|20)\d\d")
_DATED = re.compile(
    r"\b(?:op|per|in|van|peildatum)\b[^a-z]*\d.*\d{4}|\b(?:in|over)\s+\d{4}|[a-z)]\s(?:19|20)\d\d$",
    re.IGNORECASE,
)
_COUNTED = frozenset({"frame", "deployed", "strength_on_day"})
MEASURES = frozenset({"frame", "deployed", "strength_on_day", "mandate"})
HYPHENS = ("-", "\u00ad", "\u2010")
_ENDS = MANDATE_ROLES | {"until"}
_MANDATE, _FRAME, _UNTIL = (frozenset({one}) for one in ("mandate", "frame", "until"))
_ENDING: Mapping[Kind, Mapping[frozenset[str], tuple[str, ...]]] = {  # what the end is printed of
    "mandates": {
        _MANDATE: ("international_mandate",),
        _FRAME: ("national_frame",),
        _UNTIL: ("international_mandate", "national_frame"),
    },
    "combined": {_MANDATE: ("international_mandate",)},
}
_KINDS = frozenset({"military", "civil", "police", "total", "women", "men"})


def texts_below(page: PdfPage, box: Box) -> list[str]:
    """The words below a column's heading, blanks left out."""
    words = (word for line in page.lines if line.box.top > box.bottom for word in line.words)
    return [one.plain for one in words if over(one.box, box, one.size) and one.plain.strip("-–—.")]


def only_figures(texts: Sequence[str]) -> bool:
    """Whether texts below a heading are figures; a footer may be below them."""
    return len(texts) > _FEW and all(text.isdigit() for text in texts[:_MOST])


def no_figures(texts: Sequence[str]) -> bool:
    """Whether none is a number of persons: codes, words, marks, differences, shares."""
    numbers = [text for text in texts[:_MOST] if any(map(str.isdigit, text))]
    return len(texts) > 1 and all(_NO_NUMBER.search(text) for text in numbers)


def over(box: Box, other: Box, size: float) -> bool:
    """Whether two texts at different heights share a place along the line."""
    least = min(_OVERLAP * size, box.width / 2, other.width / 2)  # an `l` that a narrow column breaks off
    return min(box.right, other.right) - max(box.left, other.left) > least


def _different(choices: Sequence[set[str]], taken: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The ways to give each column a role of its own."""
    if len(taken) == len(choices):
        yield taken
        return
    for role in sorted(choices[len(taken)]):
        if role == "ignore" or role not in taken:
            yield from _different(choices, (*taken, role))


def _is_table(kind: Kind, roles: Sequence[str], fewest: int) -> bool:
    figures = sum(role in FIGURE_ROLES for role in roles)
    mandates = sum(role in MANDATE_ROLES for role in roles)
    if "mission" not in roles:
        return False
    return {
        "personnel": figures >= fewest,
        "mandates": mandates >= 1,
        "combined": figures >= fewest and mandates >= 1,
    }[kind]


def joined(texts: Sequence[str]) -> str:
    """Texts below each other as one; a hyphen at a line's end goes where small letters follow.

    A date that is broken there (`1-` above `5-2021`) is one.
    """
    whole = ""
    for text in texts:
        if whole.endswith(HYPHENS) and text[:1].islower():
            whole = whole[:-1] + text
        elif whole.endswith("/") or (re.search(r"\d-$", whole) and text[:1].isdigit()):
            whole += text
        else:
            whole = f"{whole} {text}" if whole else text
    return whole
