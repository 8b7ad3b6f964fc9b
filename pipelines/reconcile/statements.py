"""What the running text says of head counts: a count, of whom, of which mission, and over what.

A count is a number with a noun for persons. One over the reporting period, all rotations together, is
`deployed_…`; a ceiling is `frame_…`; one per rotation, at one moment or on average is `rotation_…`, and is
never compared as a total. What fits none of these is left unread, and listed: troops of other countries,
other years, plans.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.reconcile.passages import Names, Sentence
from pipelines.reconcile.text import MAYBE_NUMBER, NUMBERS, find_dates, number, phrase

Period = tuple[datetime.date | None, datetime.date | None]

MILITARY, CIVIL, EITHER = "military", "civil_police", "total"

EDITION = "total of the edition"  # the pattern of what is said of all missions together
IN_PERIOD = "sent in the period"
CEILING = "national frame"
CEILING_FIGURE = "national frame without a noun"
ROTATION = "per rotation"
MOMENT = "at one moment"
UNIT = "size of a unit"

_COUNTED, _ARTICLE, _INVERTED = map(phrase, ("counted", "counted_by_article", "number_behind_noun"))
_RANGE, _BETWEEN, _JOINED = map(phrase, ("range_between", "between_before", "counts_joined"))
_BEFORE = {name.replace("_", " "): phrase(name) for name in ("at_most", "at_least", "about")}
AVERAGE, _AVERAGE = "average", phrase("on_average")
_PART, _ANY_NOUN = phrase("part_of"), phrase("any_noun")
_POLICE, _CIVIL, _MILITARY = map(phrase, ("police", "civil", "military"))
_OTHER_UNIT, _LABEL = phrase("other_unit_behind"), phrase("label_before")
_YEAR, _IN_YEAR = re.compile(r"(?:19|20)\d\d"), phrase("in_year_before")

_CONTRIBUTION, _SENT = phrase("contributes"), phrase("sent_out")
_DUTCH, _FOREIGN = phrase("dutch"), phrase("foreign")
_DUTCH_HEADING, _SERVING = phrase("dutch_heading"), phrase("serving")
_PERIOD, _OTHER_TIME, _SINCE = map(phrase, ("of_the_period", "other_time", "since"))
_TOTAL, _ALL, _LIMITED = phrase("in_total"), phrase("all_missions"), phrase("limited")
_ROTATION, _MOMENT = phrase("per_rotation"), phrase("at_one_moment")
_FRAME, _FIGURE, _UNIT = map(phrase, ("frame", "frame_figure", "unit_size"))
_CLAUSE = phrase("clause_cut")
_QUALIFIERS = (
    ("per rotation", _ROTATION),
    ("permanently", phrase("permanently")),
    ("temporarily", phrase("temporarily")),
    ("at one moment", phrase("at_once")),
)


@dataclass(frozen=True)
class Count:
    """A counted person noun: characters `start` to `end` of its sentence.

    `low` and `high` differ in a range; `kind` is military, civil_police or total (either, or both together);
    `part` says that the words before it make it a part of something counted elsewhere.
    """

    low: int
    high: int
    kind: str
    noun: str
    qualifier: str | None
    start: int
    end: int
    part: bool


def kind_of(noun: str) -> str:
    """Whether a noun phrase speaks of military persons, of civil or police ones, or of either."""
    civil = bool(_POLICE.search(noun) or _CIVIL.search(noun))
    military = bool(_MILITARY.search(re.sub(r"(?i)politie-?officier(?:en)?", "", noun)))
    if civil:
        return EITHER if military else CIVIL
    return MILITARY if military else EITHER


def may_count(text: str) -> bool:
    """Whether a sentence has a person noun and may have a number at all: cheap to ask before the others."""
    return bool(MAYBE_NUMBER.search(text) and _ANY_NOUN.search(text))


def find_counts(text: str) -> list[Count]:
    """Every counted person noun of a sentence, in order."""
    found: list[Count] = list(_inverted(text))
    previous: re.Match[str] | None = None
    for match in NUMBERS.finditer(text):
        value = None if _is_year(text, match) else number(match[0])
        counted = _COUNTED.match(text, match.end()) if value is not None else None
        since = found[-1].end if found else 0  # what comes before is said of another count
        count = (
            _count(text, match, previous, value, counted, since) if value is not None and counted else None
        )
        if count is not None:
            found.append(count)
            if article := _ARTICLE.match(text, count.end):  # `en een POLAD`: here the article counts one
                span = article.start("number"), article.end()
                found.append(Count(1, 1, kind_of(article["noun"]), article["noun"], None, *span, False))
        previous = match
    return sorted(found, key=lambda count: count.start)


def _is_year(text: str, match: re.Match[str]) -> bool:
    """Whether a number is a year: `het aantal in 2020 ingezette militairen` counts none."""
    return bool(_YEAR.fullmatch(match[0]) and _IN_YEAR.search(text[: match.start()]))


def _inverted(text: str) -> Iterator[Count]:
    """`het aantal uitgezonden militairen bedroeg 12`: the number behind its noun."""
    for match in _INVERTED.finditer(text):
        value = number(match["number"])
        other = _OTHER_UNIT.match(text, match.end()) or _COUNTED.match(text, match.end())
        if value is not None and not other:
            noun = match["noun"]
            qualifier = AVERAGE if _AVERAGE.search(text, 0, match.start("number")) else None
            yield Count(value, value, kind_of(noun), noun, qualifier, *match.span("number"), False)


def _count(
    text: str,
    match: re.Match[str],
    previous: re.Match[str] | None,
    value: int,
    counted: re.Match[str],
    since: int,
) -> Count | None:
    low, start = value, match.start()
    if previous is not None:
        between = text[previous.end() : match.start()]
        first = number(previous[0])
        if between == " " and first is not None and previous[0].isalpha():  # tweeduizend driehonderd
            if first % 1000 or first <= value:
                return None
            low = value = first + value
            start = previous.start()
        both = between == " en " and _BETWEEN.search(text[: previous.start()])
        joined = both or _RANGE.fullmatch(between)
        if joined and first is not None and first <= value:
            low, start = first, previous.start()
    before = text[:start]
    qualifier = next((word for word, pattern in _BEFORE.items() if pattern.search(before)), None)
    if _AVERAGE.search(before, since) or _AVERAGE.match(text, counted.end() + 1):
        qualifier = AVERAGE
    part, noun = bool(_PART.search(before)), counted["noun"]
    return Count(low, value, kind_of(noun), noun, qualifier, start, counted.end(), part)


def unread_numbers(text: str, understood: Sequence[tuple[int, int]] = ()) -> list[str]:
    """The number words of a sentence, but for those understood, dates, durations and papers."""
    return [
        match[0]
        for match in NUMBERS.finditer(text)
        if number(match[0]) is not None
        and not any(start <= match.start() < end for start, end in understood)
        and not _OTHER_UNIT.match(text, match.end())
        and not _LABEL.search(text, 0, match.start())
        and not _YEAR.fullmatch(match[0])
    ]


@dataclass(frozen=True)
class Statement(Count):
    """A count that was understood: of which mission, and over what."""

    mission_id: str | None
    quantity: str
    pattern: str
    sentence: Sentence

    @property
    def as_printed(self) -> str:
        return self.sentence.text[self.start : self.end]

    @property
    def value(self) -> int | None:
        """The figure, or None for a range."""
        return self.low if self.low == self.high else None

    @property
    def exact(self) -> bool:
        """Whether the text gives the figure itself: no range, and neither "circa" nor "at least"."""
        words = (self.qualifier or "").split(", ")
        return self.low == self.high and not {"about", "at least", AVERAGE}.intersection(words)


@dataclass(frozen=True)
class Prose:
    """What was understood, and the sentences with a number and a person noun in which something was not."""

    statements: tuple[Statement, ...]
    unread: tuple[tuple[Sentence, tuple[str, ...]], ...]


def read(sentences: Sequence[Sentence], names: Names, regions: Sequence[str], period: Period) -> Prose:
    """Every head count in the sentences; a total under a heading in `regions` is not one of the edition."""
    found: list[Statement] = []
    unread: list[tuple[Sentence, tuple[str, ...]]] = []
    for sentence in sentences:
        if not may_count(sentence.text) and not _FRAME.search(sentence.text):
            continue
        own = _of_sentence(sentence, names, regions, period)
        found.extend(own)
        spans = [(statement.start, statement.end) for statement in own]
        starts = [count.start for count in find_counts(sentence.text)]
        covered = all(any(start <= at < end for start, end in spans) for at in starts)
        open_ = may_count(sentence.text) and not (own and covered)
        if open_ and (left := tuple(unread_numbers(sentence.text, spans))):
            unread.append((sentence, left))
    return Prose(tuple(found), tuple(unread))


def _of_sentence(sentence: Sentence, names: Names, regions: Sequence[str], period: Period) -> list[Statement]:
    text = sentence.text
    counts = find_counts(text)
    found = []
    for index, count in enumerate(counts):
        clause = _clause(text, count.start)
        if count.part or (
            clause.startswith(("waarvan", "onder wie", "van wie")) and not _ROTATION.search(clause)
        ):
            continue
        mission = names.of(sentence, count.end, _reach(text, counts, index))
        kind = _pattern(sentence, clause, mission, regions, period, bool(names.find(text)))
        if kind is not None and count.qualifier == AVERAGE and kind[0] == "deployed":
            # Whoever was there, not all who were sent.
            kind = ("rotation", MOMENT) if mission is not None else None
        if kind is not None:
            found.append(_statement(sentence, count, clause, mission, *kind))
    figure = _FIGURE.search(text)
    if figure and not any(statement.pattern == CEILING for statement in found):
        value = number(figure["number"])
        mission = names.of(sentence, figure.end())
        if value is not None and mission is not None and not _OTHER_TIME.search(text):
            qualifier = "at most" if figure["most"] else None
            count = Count(value, value, EITHER, "", qualifier, *figure.span("number"), False)
            found.append(_statement(sentence, count, "", mission, "frame", CEILING_FIGURE))
    return found


def _reach(text: str, counts: Sequence[Count], index: int) -> tuple[int, int]:
    """Where the name that a count belongs to may be: between the counts that it does not add up with."""
    first = last = index
    while first > 0 and _JOINED.fullmatch(text[counts[first - 1].end : counts[first].start]):
        first -= 1
    while last + 1 < len(counts) and _JOINED.fullmatch(text[counts[last].end : counts[last + 1].start]):
        last += 1
    start = counts[first - 1].end if first else 0
    return start, counts[last + 1].start if last + 1 < len(counts) else len(text)


def _clause(text: str, position: int) -> str:
    start, end = 0, len(text)
    for cut in _CLAUSE.finditer(text):
        if cut.end() <= position:
            start = cut.end()
        else:
            end = cut.start()
            break
    return text[start:end]


def _pattern(
    sentence: Sentence,
    clause: str,
    mission: str | None,
    regions: Sequence[str],
    period: Period,
    names_any: bool,
) -> tuple[str, str] | None:
    """Quantity (without of whom) and pattern of a count, or None where nothing explains it."""
    text = sentence.text
    if _UNIT.search(clause) and mission is not None:
        return "capacity", UNIT
    if _OTHER_TIME.search(clause) or _outside(text, period):
        return None
    if _FRAME.search(clause):
        if mission is not None:
            return "frame", CEILING
        total = _TOTAL.search(text) and _whole_edition(sentence, regions, names_any)
        return ("frame", EDITION) if total else None
    heading = any(_DUTCH_HEADING.search(heading) for heading in sentence.passage.headings)
    own = _DUTCH.search(text) or (heading and _SERVING.search(text))
    if _FOREIGN.search(clause):
        return None
    whole = mission is None and _whole_edition(sentence, regions, names_any)
    if whole and _SENT.search(text) and (_TOTAL.search(text) or _of_all(sentence)):
        return "deployed", EDITION
    if not own or not _CONTRIBUTION.search(text):
        return None
    if _ROTATION.search(clause):
        return "rotation", ROTATION
    if _MOMENT.search(clause):
        return "rotation", MOMENT
    if mission is not None and (_PERIOD.search(text) or (_TOTAL.search(clause) and _SENT.search(clause))):
        return "deployed", IN_PERIOD
    if mission is None and (_PERIOD.search(text) or _TOTAL.search(text)):
        return None  # a total of a region, or of missions that it does not tell apart
    return "rotation", MOMENT


def _whole_edition(sentence: Sentence, regions: Sequence[str], names_any: bool) -> bool:
    if names_any or sentence.passage.mission_ids or _LIMITED.search(sentence.text):
        return False
    words = [heading.casefold() for heading in sentence.passage.headings]
    text = sentence.text.casefold()
    return not any(region.casefold() in words or f"in {region.casefold()}" in text for region in regions)


def _of_all(sentence: Sentence) -> bool:
    """Whether "in the period" alone means all missions: by the sentence's words or its section."""
    section = sentence.passage.row_key
    everywhere = section.isdecimal() or section.startswith("bijlage") or _ALL.search(sentence.text)
    return bool(_PERIOD.search(sentence.text) and everywhere)


def _outside(text: str, period: Period) -> bool:
    """Whether every date that the sentence prints lies outside the reporting period, as in "in 2013"."""
    start, end = period
    if start is None or end is None or _PERIOD.search(text):
        return False
    printed = [date for date in find_dates(text) if not date.attributive]
    return bool(printed) and not _SINCE.search(text) and all(date.high < start for date in printed)


def _statement(
    sentence: Sentence, count: Count, clause: str, mission: str | None, quantity: str, pattern: str
) -> Statement:
    words = [] if count.qualifier is None else [count.qualifier]
    if quantity == "rotation":
        words += [word for word, cue in _QUALIFIERS if cue.search(clause)]
    said = {**vars(count), "qualifier": ", ".join(words) or None}
    of = quantity if quantity == "capacity" else f"{quantity}_{count.kind}"
    return Statement(**said, mission_id=mission, quantity=of, pattern=pattern, sentence=sentence)
