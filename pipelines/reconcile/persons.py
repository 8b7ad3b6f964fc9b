"""Counted persons in a sentence: a number, its noun, and whether the noun is military, civil or either."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.reconcile import dates, numbers

MILITARY, CIVIL, EITHER = "military", "civil_police", "total"

_ENDING = (
    r"(?:militair(?:en)?|officier(?:en)?|functionaris(?:sen)?|waarnemers?|experts?|deskundigen?"
    r"|adviseurs?|trainers?|instructeurs?|medewerkers?|agent(?:en)?|marechaussees?|mariniers?|ambtena(?:ar|ren)"
    r"|specialist(?:en)?|planners?|analist(?:en)?|verpleegkundigen?|soldaten|matrozen|mentoren|juristen"
    r"|bemanningsleden|personeelsleden|opvarenden|commandanten)"
)
_NOUN = (
    rf"(?:[\w’'-]*?{_ENDING}"
    r"|personen|persoon|artsen|arts|man|mensen|manschappen|krachten|collega[’']s|Nederlanders"
    r"|burgers|POLAD(?:[’']?s)?|(?:Police|Military|Staff|Liaison) (?:Officers?|Observers?|Advisers?)"
    r"|IPO[’']?s?|MLO[’']?s?|officers?)(?![\w-])"
)
_NOT_ADJECTIVE = (
    r"(?!(?:de|die|deze|beide|elke|iedere|welke|onze|hele|keuze|rotatie|maanden?|jaar|jaren|dagen"
    r"|twee|drie)\b)"
)
_ADJECTIVE = (
    rf"(?:{_NOT_ADJECTIVE}(?:[\w-]+e|militair|civiel|civiele?-|extra|politiek|juridisch|vast|voltijds|anders?|"
    r"uitgezonden|individual|senior|civiele? (?:en|en/of|of)|civiele?- (?:en|en/of|of)|militaire? en"
    r"|en/of)\s)"
)
_PHRASE = rf"(?:{_ADJECTIVE}){{0,4}}{_NOUN}"
_ALSO = rf"(?:(?:,| en| en/of| alsmede| evenals| of|/) ?{_PHRASE})"
_COUNTED = re.compile(rf"\s(?P<noun>{_PHRASE}{_ALSO}{{0,3}})", re.IGNORECASE)
_ARTICLE = re.compile(rf"(?:,? en| alsmede| plus) (?P<number>een) (?P<noun>{_PHRASE})", re.IGNORECASE)
_INVERTED = re.compile(
    rf"\baantal\s(?:aan\s)?(?P<noun>{_PHRASE}{_ALSO}{{0,3}})\b[^.;,\d]{{0,50}}?\b(?:bedroeg|bedraagt|was|is|kwam|komt)\b"
    rf"[^.;,\d]{{0,60}}?(?P<number>{numbers.WORD})",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?(?:tot|à|a|-|–|tot en met)\s?$", re.IGNORECASE)
_BETWEEN = re.compile(r"\btussen (?:de )?$", re.IGNORECASE)
_BEFORE = {
    "at most": re.compile(
        r"\b(?:maximaal|hoogstens|ten hoogste|niet meer dan|hooguit)(?: uit)? $", re.IGNORECASE
    ),
    "at least": re.compile(r"\b(?:minimaal|ten minste|minstens|meer dan|tenminste) $", re.IGNORECASE),
    "about": re.compile(
        r"(?:\b(?:circa|ongeveer|rond de|zo[’']n|bijna|ruim|naar schatting|plusminus)|\bca\.|±) $",
        re.IGNORECASE,
    ),
}
_PART = re.compile(
    r"\b(?:van de|van deze|van die|waarvan|onder wie|onder andere|inclusief|elk van de|in plaats van"
    r"|meer dan de|nog eens) $",
    re.IGNORECASE,
)
_POLICE = re.compile(r"politie(?!k)|police|\bipo", re.IGNORECASE)
_CIVIL = re.compile(r"civiel|burger|civilian|polad|politiek adviseur", re.IGNORECASE)
_MILITARY = re.compile(
    r"militai|officier|marinier|soldaten|matrozen|military|manschappen|\bmlo", re.IGNORECASE
)

_ANY_NOUN = re.compile(
    rf"(?:{_ENDING}|\b(?:personen|persoon|artsen|man|mensen|manschappen|krachten|Nederlanders|burgers)"
    r"|\bPOLAD|Officers?|\bIPO)(?![\w-])",
    re.IGNORECASE,
)
_OTHER_UNIT = re.compile(
    rf"(?:\s(?:tot|à|en|of|-)\s\w+)?\s(?:(?:{'|'.join(dates.MONTHS)})\b|jaar|jaren|maand|dag|dagen|week|weken|uur|procent"
    r"|miljoen|miljard|euro|meter|kilometer|landen\b|keer\b)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:resolutie|nr\.|nummer|artikel|art\.|kamerstuk|hoofdstuk|paragraaf|bijlage|CTF|pagina) $",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")


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


def kind(noun: str) -> str:
    """Whether a noun phrase speaks of military persons, of civil or police ones, or of either."""
    civil = bool(_POLICE.search(noun) or _CIVIL.search(noun))
    military = bool(_MILITARY.search(re.sub(r"(?i)politie-?officier(?:en)?", "", noun)))
    if civil:
        return EITHER if military else CIVIL
    return MILITARY if military else EITHER


def possible(text: str) -> bool:
    """Whether a sentence has a person noun and may have a number at all: cheap to ask before the others."""
    return bool(numbers.ANY.search(text) and _ANY_NOUN.search(text))


def find(text: str) -> list[Count]:
    """Every counted person noun of a sentence, in order."""
    found: list[Count] = list(_inverted(text))
    previous: re.Match[str] | None = None
    for match in numbers.CANDIDATE.finditer(text):
        value = numbers.value(match[0])
        counted = _COUNTED.match(text, match.end()) if value is not None else None
        count = _count(text, match, previous, value, counted) if value is not None and counted else None
        if count is not None:
            found.append(count)
            found.extend(_articles(text, count.end))
        previous = match
    return sorted(found, key=lambda count: count.start)


def _inverted(text: str) -> Iterator[Count]:
    """`het aantal uitgezonden militairen bedroeg 12`: the number behind its noun."""
    for match in _INVERTED.finditer(text):
        value = numbers.value(match["number"])
        if (
            value is not None
            and not _OTHER_UNIT.match(text, match.end())
            and not _COUNTED.match(text, match.end())
        ):
            start, end = match.span("number")
            yield Count(value, value, kind(match["noun"]), match["noun"], None, start, end, False)


def _count(
    text: str, match: re.Match[str], previous: re.Match[str] | None, value: int, counted: re.Match[str]
) -> Count | None:
    low, start = value, match.start()
    if previous is not None:
        between = text[previous.end() : match.start()]
        first = numbers.value(previous[0])
        if between == " " and first is not None and previous[0].isalpha():  # tweeduizend driehonderd
            if first % 1000 or first <= value:
                return None
            low = value = first + value
            start = previous.start()
        joined = _RANGE.fullmatch(between) or (
            between == " en " and _BETWEEN.search(text[: previous.start()])
        )
        if joined and first is not None and first <= value:
            low, start = first, previous.start()
    before = text[:start]
    qualifier = next((word for word, pattern in _BEFORE.items() if pattern.search(before)), None)
    return Count(
        low,
        value,
        kind(counted["noun"]),
        counted["noun"],
        qualifier,
        start,
        counted.end(),
        bool(_PART.search(before)),
    )


def _articles(text: str, end: int) -> Iterator[Count]:
    """`en een POLAD` right behind a count: here the article counts one."""
    match = _ARTICLE.match(text, end)
    if match:
        yield Count(1, 1, kind(match["noun"]), match["noun"], None, match.start("number"), match.end(), False)


def mentions(text: str, understood: Sequence[tuple[int, int]] = ()) -> list[str]:
    """The number words of a sentence, but for those understood, dates, durations and papers."""
    return [
        match[0]
        for match in numbers.CANDIDATE.finditer(text)
        if numbers.value(match[0]) is not None
        and not any(start <= match.start() < end for start, end in understood)
        and not _OTHER_UNIT.match(text, match.end())
        and not _LABEL.search(text, 0, match.start())
        and not _YEAR.fullmatch(match[0])
    ]
