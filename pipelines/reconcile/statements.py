"""What the running text says of head counts: a count, of whom, of which mission, and over what.

A count over the reporting period, every rotation taken together, is `deployed_…`; a ceiling is
`frame_…`; how many there are per rotation or at one moment is `rotation_…`, and is never compared as
a total. What fits none of these is left unread, and listed: other countries' troops, other years, plans.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.reconcile import dates, numbers, persons
from pipelines.reconcile.naming import Names
from pipelines.reconcile.passages import Sentence
from pipelines.reconcile.persons import EITHER, Count

Period = tuple[datetime.date | None, datetime.date | None]

EDITION = "total of the edition"  # the pattern of what is said of all missions together
IN_PERIOD = "sent in the period"
CEILING = "national frame"
CEILING_FIGURE = "national frame without a noun"
ROTATION = "per rotation"
MOMENT = "at one moment"
UNIT = "size of a unit"

_CONTRIBUTION = re.compile(
    r"bijdra|bijgedragen|droeg|dragen|draagt|lever|ingezet|inzet|inzette|uitgezonden|uitzend|werkza|werkte|werken|geplaatst"
    r"|gestationeerd|besta|bestond|omva|deelgenomen|neemt deel|nam deel|namen deel|deelname|deelnam"
    r"|aanwezig|actief"
    r"|gedetacheerd|verhoogd|verlaagd|uitgebreid|teruggebracht|toegevoegd|vervul|roteren|participe|dien(?:en|den)\b"
    r"|gestuurd|vertegenwoordig|bemen[st]|ter beschikking|gezonden|\bzet(?:te|ten|ten)?\b.*\bin\b"
    r"|\bnam(?:en)?\b.*\bdeel\b|\bzond(?:en)?\b.*\buit\b|\b(?:zijn|waren) er\b|\btel(?:t|de)\b|\baantal\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\bNederland(?:s|se|ers?)?\b|\bkrijgsmacht\b|\bDefensie\b|\bons land\b", re.IGNORECASE)
# Under a heading that speaks of the Dutch contribution these verbs mean it too, without "Nederland".
_SERVING = re.compile(
    r"ingezet|uitgezonden|werkza|werkte|geplaatst|gestationeerd|bijdra|bijgedragen|droeg|gedetacheerd|geleverd"
    r"|\bper rotatie\b|gezonden",
    re.IGNORECASE,
)
_OWN_HEADING = re.compile(r"bijdrage|inzet\b", re.IGNORECASE)
_FOREIGN = re.compile(
    r"\b(?:lidstaten|\d+ landen|het gebied telt|partnerlanden|andere landen|troepenleverende landen"
    r"|gewond|omgekomen|gedood"
    r"|gesneuveld|slachtoffers?|beschuldigt"
    r"|Malinese|lokale|getraind|opgeleid|opgeleide|getrainde|deelnemers|land van herkomst"
    r"|de missie telt|missie bestaat)\b",
    re.IGNORECASE,
)
_OTHER_TIME = re.compile(
    r"\b(?:(?:vorige|voorgaande|volgende|komende|eerdere) (?:rapportage|verslag|voortgangs)|destijds|voorheen"
    r"|oorspronkelijk|aanvankelijk|eerder|zal|zullen|voornemens|beoogd|gepland|zou|zouden)",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"(?:rapportage|verslag)(?:periode|jaar)|in de periode daarvoor|(?:in|over|gedurende) (?:deze|die"
    r"|de (?:hele|gehele|afgelopen)) periode"
    r"|afgelopen periode|in de periode (?:van )?\w+ \d{4}|tussen \w+ \d{4} en \w+ \d{4}",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:in totaal|totaal van|totaal aantal|totale aantal|alles bij elkaar|tezamen|het totaal)\b",
    re.IGNORECASE,
)
_ALL = re.compile(
    r"\bmissies en operaties\b|\balle missies\b|\b\w+ \d{4} (?:t/m|tot en met) \w+ \d{4}", re.IGNORECASE
)
_SENT = re.compile(
    r"\bzet(?:te|ten)?\b.*\bin\b|\bnam(?:en)?\b.*\bdeel\b|\bzond(?:en)?\b.*\buit\b|"
    r"ingezet|uitgezonden|uitzend|bijgedragen|deelgenomen|gezonden|gedetacheerd|inzette",
    re.IGNORECASE,
)
_ROTATION = re.compile(
    r"\bper (?:rotatie|uitzending|detachement|lichting)\b|\b(?:elke|iedere) rotatie\b", re.IGNORECASE
)
_MOMENT = re.compile(
    r"gelijktijdig|tegelijk|op (?:enig|elk|ieder|dit|dat) moment|momenteel|\bthans\b|permanent"
    r"|doorlopend|continu\b|tijdelijk"
    r"|\bsteeds\b|\btelkens\b",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"\bnationa(?:al|le) (?:kaders?|plafonds?|mandaat)\b|\b(?:personeels|inzet)plafond\b|\bkadersterkte\b"
    r"|(?<!in het )(?<!binnen het )\bkader (?:bedraagt|bedroeg|bestaat|bestond|omvat|omvatte)",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"\bkader\b[^.;,]{0,60}?\b(?:is|bedraagt|bedroeg|van|was|telt)\s(?P<most>maximaal |ten hoogste "
    r"|hoogstens )?(?:uit )?"
    rf"(?P<number>{numbers.WORD})(?=\s?(?:\(|[.;,]|$))",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\b(?:Een|Elk|Ieder)(?: \w+)? (?P<unit>[\w’'-]+) (?:bestaat|telt|omvat)\b", re.IGNORECASE)
_LIMITED = re.compile(
    r"\b(?:exclusief|buiten beschouwing|overige missies|daarvan|waarvan|artikel 100-missie"
    r"|uitgezonderd|zonder)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(r",?\s(?:en |alsmede |plus )?")
_CLAUSE = re.compile(
    r"[;:]\s|,\s(?=(?:waarvan|waarbij|terwijl|maar|onder wie|van wie|met per|in totaal|over de hele)\b)"
)
_QUALIFIERS = (
    ("per rotation", _ROTATION),
    ("permanently", re.compile("permanent|doorlopend|continu", re.IGNORECASE)),
    ("temporarily", re.compile("tijdelijk", re.IGNORECASE)),
    ("at one moment", re.compile("gelijktijdig|tegelijk|moment|thans", re.IGNORECASE)),
)


@dataclass(frozen=True)
class Statement:
    """A figure understood in a sentence (characters `start` to `end`); `low` is `high` but in a range."""

    mission_id: str | None
    quantity: str
    kind: str
    low: int
    high: int
    qualifier: str | None
    pattern: str
    noun: str
    sentence: Sentence
    start: int
    end: int

    @property
    def as_printed(self) -> str:
        """The printed words."""
        return self.sentence.text[self.start : self.end]

    @property
    def value(self) -> int | None:
        """The figure, or None for a range."""
        return self.low if self.low == self.high else None

    @property
    def exact(self) -> bool:
        """Whether the text gives the figure itself: no range, and neither "circa" nor "at least"."""
        words = (self.qualifier or "").split(", ")
        return self.low == self.high and "about" not in words and "at least" not in words


@dataclass(frozen=True)
class Reading:
    """What was understood, and the sentences with a number and a person noun in which something was not."""

    statements: tuple[Statement, ...]
    unread: tuple[tuple[Sentence, tuple[str, ...]], ...]


def read(sentences: Sequence[Sentence], names: Names, regions: Sequence[str], period: Period) -> Reading:
    """Every head count in the sentences; under a heading in `regions` stands no total of the edition."""
    found: list[Statement] = []
    unread: list[tuple[Sentence, tuple[str, ...]]] = []
    for sentence in sentences:
        if not persons.possible(sentence.text) and not _FRAME.search(sentence.text):
            continue
        own = _of_sentence(sentence, names, regions, period)
        found.extend(own)
        spans = [(statement.start, statement.end) for statement in own]
        if own and all(_covered(count, spans) for count in persons.find(sentence.text)):
            continue
        if not persons.possible(sentence.text):
            continue
        left = tuple(persons.mentions(sentence.text, spans))
        if left:
            unread.append((sentence, left))
    return Reading(tuple(found), tuple(unread))


def _covered(count: Count, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= count.start < end for start, end in spans)


def _of_sentence(sentence: Sentence, names: Names, regions: Sequence[str], period: Period) -> list[Statement]:
    text = sentence.text
    counts = persons.find(text)
    found = []
    for index, count in enumerate(counts):
        clause = _clause(text, count.start)
        if count.part or (
            clause.startswith(("waarvan", "onder wie", "van wie")) and not _ROTATION.search(clause)
        ):
            continue
        mission = names.of(sentence, count.end, _reach(text, counts, index))
        kind = _pattern(sentence, clause, mission, regions, period, bool(names.find(text)))
        if kind is not None:
            found.append(_statement(sentence, count, clause, mission, *kind))
    figure = _FIGURE.search(text)
    if figure and not any(statement.pattern == CEILING for statement in found):
        value = numbers.value(figure["number"])
        mission = names.of(sentence, figure.end())
        if value is not None and mission is not None and not _OTHER_TIME.search(text):
            start, end = figure.span("number")
            qualifier = "at most" if figure["most"] else None
            found.append(
                Statement(
                    mission,
                    "frame_total",
                    EITHER,
                    value,
                    value,
                    qualifier,
                    CEILING_FIGURE,
                    "",
                    sentence,
                    start,
                    end,
                )
            )
    return found


def _reach(text: str, counts: Sequence[Count], index: int) -> tuple[int, int]:
    """Where a name may stand that a count belongs to: between the counts that it does not add up with."""
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
        return (
            ("frame", EDITION)
            if _TOTAL.search(text) and _whole_edition(sentence, regions, names_any)
            else None
        )
    heading = any(_OWN_HEADING.search(heading) for heading in sentence.passage.headings)
    own = _OWN.search(text) or (heading and _SERVING.search(text))
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
    """Whether "in the period" alone means all missions: by the sentence's words, or where it stands."""
    section = sentence.passage.row_key
    everywhere = section.isdecimal() or section.startswith("bijlage") or _ALL.search(sentence.text)
    return bool(_PERIOD.search(sentence.text) and everywhere)


def _outside(text: str, period: Period) -> bool:
    """Whether every date that the sentence prints lies outside the reporting period, as in "in 2013"."""
    start, end = period
    if start is None or end is None or _PERIOD.search(text):
        return False
    since = re.search(r"\b(?:sinds|vanaf|op dit moment|momenteel|per rotatie)\b", text, re.IGNORECASE)
    printed = [date for date in dates.find(text) if not date.attributive]
    return bool(printed) and not since and all(date.high < start for date in printed)


def _statement(
    sentence: Sentence, count: Count, clause: str, mission: str | None, quantity: str, pattern: str
) -> Statement:
    words = [] if count.qualifier is None else [count.qualifier]
    if quantity == "rotation":
        words += [word for word, cue in _QUALIFIERS if cue.search(clause)]
    return Statement(
        mission,
        quantity if quantity == "capacity" else f"{quantity}_{count.kind}",
        count.kind,
        count.low,
        count.high,
        ", ".join(words) or None,
        pattern,
        count.noun,
        sentence,
        count.start,
        count.end,
    )
