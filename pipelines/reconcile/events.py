"""Dated beginnings, ends, extensions and changes that the running text prints, with its reason.

An event is read where a verb, what it is about (the Dutch contribution, the mission, its mandate, the
national frame) and a date are in one sentence. The date of a letter or of a council is not the event's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from pipelines.reconcile.passages import Names, Sentence
from pipelines.reconcile.text import Dated, alternatives, find_dates, phrase

BEGUN, ENDED, CHANGED = "contribution begun", "contribution ended", "contribution changed"
MISSION_BEGUN, MISSION_ENDED, END_DECIDED = "mission begun", "mission ended", "mission end decided"
EXTENDED, MANDATE_ENDS, FRAME_ENDS = "mandate extended", "mandate ends", "national frame ends"
STOP_DECIDED = "contribution end decided"
_OF_CONTRIBUTION = (ENDED, STOP_DECIDED)
_ENDINGS = (ENDED, STOP_DECIDED, MISSION_ENDED, END_DECIDED)

_OWN = r"(?:Nederland(?:s|se|ers?)?|het kabinet)\b"
_STOP = alternatives("stopped")
_CONTRIBUTION = re.compile(
    rf"{_OWN}.{{0,160}}?(?:{_STOP}|uit (?:te )?(?:laten )?(?:te )?roteren|uitgeroteerd)"
    rf"|(?:{_STOP}).{{0,60}}?\bNederlandse (?:bijdrage|deelname|inzet)"
    rf"|\b(?:de|deze|onze) (?:bijdrage|deelname|inzet)\b.{{0,60}}?{_STOP}|{_STOP}.{{0,30}}?\b(?:de"
    rf"|deze) (?:bijdrage|deelname)\b"
    rf"|\blaatste Nederlands?e?\b.{{0,90}}?(?:verlaten|vertrokken|teruggekeerd|verlieten|vertrok)"
    rf"|(?:bijdrage|deelname|inzet) (?:van Nederland )?aan .{{0,80}}?{_STOP}",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"(?:Nederland (?:heeft|had|droeg|leverde|nam)|Nederlandse (?:bijdrage"
    r"|deelname)).{0,60}?\btot (?:en met )?(?:\w+ )?$",
    re.IGNORECASE,
)
_PAST = phrase("past_contribution")
_MISSION_STOP = re.compile(
    r"(?:missie|operatie|cel|mandaat|\b[A-Z]{3,}\b).{0,120}?"
    r"(?:te beëindigen|(?:is|werd|zijn|wordt)\b.{0,60}?(?:beëindigd|gesloten|opgeheven)|beëindigde"
    r"|sloot\b|is gesloten|opgeheven"
    r"|werd gesloten|ten einde gekomen|liep af)"
    r"|(?:besloot|besloten).{0,160}?beëindigen"
)
_DECIDED = re.compile(r"\b(?:besloot|besloten|besluit)\b", re.IGNORECASE)
_WITH_EFFECT = re.compile(
    r"\b(?:per|na|tot(?: en met)?|t/m|met ingang van|vanaf|(?:in|op|tot) eind) $", re.IGNORECASE
)
# The contribution is not extended where its words say so, or where the government decides it of no mandate.
_NOT_EXTENDED = re.compile(
    r"(?:\b(?:heeft|hebben|is|werd)\b.{0,160}?\bbesloten\b|\bbesloot\b).{0,160}?"
    r"\bniet(?:\s[\w-]+){0,3}?\s(?:te verlengen|(?:wordt|worden|zal|zou) verlengd)",
    re.IGNORECASE,
)
_OURS = re.compile(r"\b(?:bijdrage|deelname|inzet|nationa(?:al|le) kader)\b", re.IGNORECASE)
_THEIRS = re.compile(r"\b(?:mandaat|Veiligheidsraad|VNVR)\b", re.IGNORECASE)
# A note at a mission's row, or a remark in it: "Beëindigd op …", "Missie gesloten per …".
_NOTED = re.compile(
    r"(?:De )?(?:(?P<mission>missie|operatie)|(?:Nederlandse )?(?:bijdrage|deelname|inzet))?\s?"
    r"(?:(?:is|zijn|werd)\s)?(?:(?:per|op|in|sinds|begin|medio|eind)\s.{4,25}\s)?"
    r"(?:beëindigd|geëindigd|stopgezet|gestopt|afgerond|gesloten|opgeheven)\b",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(r"^(?:Na|Nadat)\s(?:(?!\b(?:is|zijn|werd|werden|wordt|worden)\b)[^,;:])*$")
_BEGIN = phrase("begins")
_SINCE = re.compile(
    r"\bNederland\b.{0,40}?\b(?:draagt|levert|neemt|is)\b.{0,60}?\b(?:sinds|vanaf)\s$|\bNederland\b.{0,30}\bsinds\s$",
    re.IGNORECASE,
)
_MANDATE = re.compile(r"\bmandaat\b|\bmandate\b", re.IGNORECASE)
_EXTENSION = re.compile(r"\bverleng\w*", re.IGNORECASE)
_NOT_YET = phrase("not_yet")
_TO = phrase("until_before")
_ON = re.compile(
    r"\b(?:op|per|tot|tot en met|t/m|eind|einde|in|met ingang van|vanaf) $|\btot (?:en met )?$", re.IGNORECASE
)
_EXPIRES = phrase("expires")
_FRAME = re.compile(r"\bnationa(?:al|le) kader\b|\bkader\b(?= (?:van|voor|loopt))", re.IGNORECASE)
_CHANGE = phrase("changes")
_REASON = re.compile(
    r"\b(?:vanwege|wegens|omdat|doordat|aangezien|gelet op|als gevolg van|naar aanleiding van"
    r"|op verzoek van|door een gebrek|door gebrek)\b[^.;,(]*?(?=[.;,(]|\som\s|\sen\s(?:heeft|is|zijn"
    r"|de)\s|$)",
    re.IGNORECASE,
)

_HENCE = phrase("hence")
# What a conclusion in the same sentence is drawn from: "… en heeft", "…; het kabinet heeft", "…, waardoor".
_CLAUSE = re.compile(r"(?P<cause>(?:\S+\s){3,}?\S*?)(?:,?\sen(?:\s[\w-]+){1,3}\s|;[^;]*|,\s(?=$))$")

# A mission or an operation as running text describes it; "de missie" alone has no words of its own.
_DESCRIBED = re.compile(
    r"(?:\b(?P<article>de|deze|die|het|dit|dat|onze|een)\s(?P<words>(?:(?!(?:de|deze|die)\b)[\w-]+[e-]\s){0,3}))?"
    r"\b(?!(?:e|de|com|per|trans)missie|coöperatie)(?P<kind>[\w-]*?)(?:missie|operatie)\b"
    r"(?P<where>(?:\s(?:in|te|bij|tegen|rond|naar|van|voor)(?:\s(?:de|het))?)?(?:\s(?-i:[A-ZÀ-Ý])[\w’-]+)+)?",
    re.IGNORECASE,
)
_GENERIC = phrase("of_any_mission")
_SUBJECT = re.compile(  # what is before the subject, or before what is contributed to
    r"(?:^|\b(?:is|werd|wordt|zijn|werden|eindigde|stopte|sloot|liep)\s)(?:ook\s)?$"
    r"|\b(?:bijdrage|deelname|inzet)\s(?:van Nederland\s)?aan\s$",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"\b(?:[Aa]an|[Mm]et)\s(?:de\s|het\s)?(?!NAVO\b|OVSE\b)(?P<name>[A-Z]{3,})\b")
_BARE = re.compile(
    r"\b(?:de|deze|die|het|dit|onze)\s(?:\w+e\s)?(?:missie|operatie|cel|mandaat)\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Words:
    """Words of a sentence, from `start` up to `end`."""

    sentence: Sentence
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.sentence.text[self.start : self.end].strip(" .")


@dataclass(frozen=True)
class Event:
    """An event of a mission on a printed date; `reason` has the words that give it."""

    mission_id: str
    event: str
    date: Dated
    sentence: Sentence
    reason: Words | None


def read(sentences: Sequence[Sentence], names: Names) -> list[Event]:
    """The events that the sentences print, at most one of a kind and date in each."""
    found: list[Event] = []
    by_passage = {one: [*all_of] for one, all_of in groupby(sentences, lambda each: id(each.passage))}
    for sentence in sentences:
        text = sentence.text
        printed = [date for date in find_dates(text) if not date.attributive]
        if not printed:
            continue
        reason = _REASON.search(text)
        for event, date, position in _events(sentence, printed):
            mission = names.of(sentence, position)
            if mission is None and event in _ENDINGS and not names.find(text):
                mission = sentence.passage.marked_by
            if mission is not None and not _of_another(sentence, names, event):
                own = reason and date.as_printed not in reason[0]
                words = Words(sentence, reason.start(), reason.end()) if reason and own else None
                if words is None and event in _ENDINGS and sentence.passage.mission_ids == (mission,):
                    words = _cause(event, sentence, by_passage[id(sentence.passage)], names, mission)
                found.append(Event(mission, event, date, sentence, words))
    return found


def _cause(
    event: str, dated: Sentence, passage: Sequence[Sentence], names: Names, mission: str
) -> Words | None:
    """Why it ended, by a sentence of the mission's own section: the dated one, or another without a date.

    What such a sentence concludes from ("en heeft daarom besloten …") stands in it, or in the one before.
    """
    for before, sentence in pairwise([None, *passage]):
        assert sentence is not None  # only the first is
        text, own = sentence.text, sentence is dated
        stop = (_CONTRIBUTION if event in _OF_CONTRIBUTION else _MISSION_STOP).search(text)
        if stop is None or _negated(text, stop.end()) or not _is_of(sentence, names, mission):
            continue
        if not own and (any(find_dates(text)) or _of_another(sentence, names, event)):
            continue
        if reason := None if own else _REASON.search(text):
            return Words(sentence, reason.start(), reason.end())
        if (hence := _HENCE.search(text)) is None:
            continue
        said = _CLAUSE.match(text[: hence.start()])
        if said:
            return Words(sentence, 0, said.end("cause"))
        if before is not None and _is_of(before, names, mission):
            return Words(before, 0, len(before.text))
    return None


def _is_of(sentence: Sentence, names: Names, mission: str) -> bool:
    """Whether a sentence of the mission's section names no other."""
    return {name.mission_id for name in names.find(sentence.text)} <= {mission}


def _of_another(sentence: Sentence, names: Names, event: str) -> bool:
    """Whether the sentence is about a mission that the registry does not know by what it calls it here.

    Words that the headings above it have describe the section's own. Beside a name, only the subject counts.
    """
    text, found = sentence.text, names.find(sentence.text)
    known = {word for heading in sentence.passage.headings for word in _WORD.findall(heading.casefold())}
    for one in _DESCRIBED.finditer(text):
        own = " ".join(filter(None, (one["words"], one["kind"], one["where"]))).casefold()
        named = any(
            one.start() <= name.start <= one.end() + len(" (de ") or 0 <= one.start() - name.end <= 2
            for name in found
        )
        ours = known.issuperset(_WORD.findall(_GENERIC.sub(" ", own))) or named
        if not ours and (not found or _SUBJECT.search(text[: one.start()])):
            return True
    if found:
        return False
    unknown = any(one["name"].casefold() not in known for one in _UNKNOWN.finditer(text))
    unnamed = event == MISSION_ENDED and not sentence.passage.marked_by and not _BARE.search(text)
    return unknown or unnamed


def _events(sentence: Sentence, printed: Sequence[Dated]) -> Iterator[tuple[str, Dated, int]]:
    """Event, its date, and the position that says which mission is meant."""
    text = sentence.text
    mandate, frame = _MANDATE.search(text), _FRAME.search(text)
    if frame:
        date = _dated(text, printed, _TO, _ON)
        if date and (_EXPIRES.search(text) or _EXTENSION.search(text)) and not _NOT_YET.search(text):
            yield FRAME_ENDS, date, frame.end()
    elif mandate and _EXTENSION.search(text):
        date = _dated(text, printed, _TO)
        if date and not _NOT_YET.search(text[: date.start].rsplit(",", maxsplit=1)[-1]):
            yield EXTENDED, date, mandate.end()
    elif mandate and _EXPIRES.search(text):
        date = _dated(text, printed, _TO, _ON)
        if date:
            yield MANDATE_ENDS, date, mandate.end()
    noted = _NOTED.match(text) if sentence.passage.marked_by else None
    if noted and not _negated(text, noted.end()):
        yield MISSION_ENDED if noted["mission"] else ENDED, _nearest(printed, noted.end()), noted.end()
        return
    yield from _endings(text, printed)
    yield from _beginnings(text, printed)


def _dated(text: str, printed: Sequence[Dated], *before: re.Pattern[str]) -> Dated | None:
    """The first date that the words before it announce, the patterns tried in turn."""
    for pattern in before:
        for date in printed:
            if pattern.search(text[: date.start]):
                return date
    return None


def _endings(text: str, printed: Sequence[Dated]) -> Iterator[tuple[str, Dated, int]]:
    stop = _NOT_EXTENDED.search(text)
    if stop:
        ours = _OURS.search(text[: stop.end()]) or (
            re.search(_OWN, text[: stop.end()], re.IGNORECASE) and not _THEIRS.search(text[: stop.end()])
        )
        with_effect = _dated(text, printed, _WITH_EFFECT)
        decided, ended = (STOP_DECIDED, ENDED) if ours else (END_DECIDED, MISSION_ENDED)
        yield ended if with_effect else decided, with_effect or _nearest(printed, stop.start()), stop.end()
        return
    stop = _CONTRIBUTION.search(text)
    if stop and not _negated(text, stop.end()):
        date = _nearest(printed, stop.end())
        yield STOP_DECIDED if _only_decided(text, stop, date) else ENDED, date, stop.end()
        return
    for date in printed:
        if _UNTIL.search(text[: date.start]) and _PAST.search(text):
            yield ENDED, date, date.end
            return
    stop = _MISSION_STOP.search(text)
    if stop and not _negated(text, stop.end()) and not re.search(r"\bniet\b", stop[0]):
        date = _nearest(printed, stop.end())
        only = _only_decided(text, stop, date)
        only = only or bool(date.end <= stop.end() and _AFTERWARDS.search(text[: date.start]))
        yield END_DECIDED if only else MISSION_ENDED, date, stop.end()


def _only_decided(text: str, stop: re.Match[str], date: Dated) -> bool:
    """Whether the date is that of the decision to end, and not of the end."""
    decided = _DECIDED.search(text) and re.search(
        r"beëindigen$|\bte (?:stoppen|staken)\b", text[: stop.end()]
    )
    return bool(decided) and not _WITH_EFFECT.search(text[: date.start])


def _beginnings(text: str, printed: Sequence[Dated]) -> Iterator[tuple[str, Dated, int]]:
    for date in printed:
        if _SINCE.search(text[: date.start]):
            yield BEGUN, date, date.end
            return
    begin, change = _BEGIN.search(text), _CHANGE.search(text)
    if begin and re.search(r"missie|operatie|\b[A-Z]{3,}", text):
        date = _nearest(printed, begin.start())
        yield MISSION_BEGUN, date, begin.end()
    elif change and re.search(rf"{_OWN}|bijdrage|officier|militair", text, re.IGNORECASE):
        yield CHANGED, _nearest(printed, change.start()), change.end()


def _nearest(printed: Sequence[Dated], position: int) -> Dated:
    return min(
        printed, key=lambda date: (min(abs(date.start - position), abs(date.end - position)), date.start)
    )


def _negated(text: str, position: int) -> bool:
    """Whether what ends at the position is denied or only considered."""
    before = text[max(0, position - 40) : position]
    return re.search(r"\b(?:niet|nog niet|overwe\w+|mogelijk|zou)\b", before, re.IGNORECASE) is not None
