"""Rule on references: the parliamentary papers (Kamerstukken) that the text and its footnotes cite."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.reconcile import dates
from pipelines.reconcile.dates import Dated
from pipelines.reconcile.edition import Edition, words
from pipelines.reconcile.findings import WARN, Finding, Side
from pipelines.reconcile.passages import Sentence

_PAPER = re.compile(
    r"\bKamerstuk(?:ken)?\s(?P<dossier>\d{2}\s?\d{3}(?:[-\s](?!\d{3}\b)\d{2}|-\d{2}(?=[-,\s]))?)(?:,?\s?nr\.\s?|-)(?P<number>\d{1,4})\b",
    re.IGNORECASE,
)
_LETTER = re.compile(r"\b(?:brief|Kamerbrief)\sv(?:an|\.)\s$|\bd\.d\.\s$|\bgedateerd\s$", re.IGNORECASE)
_BEHIND = re.compile(r"[,\s]*\(?(?:,?\s?d\.d\.\s)?$", re.IGNORECASE)


@dataclass(frozen=True)
class _Paper:
    """A cited paper: dossier and number as digits, and the date that the citation gives it."""

    dossier: str
    number: int
    date: Dated | None
    sentence: Sentence
    start: int
    end: int

    @property
    def label(self) -> str:
        return f"{self.dossier}, nr. {self.number}"

    def side(self, value: str, column: str) -> Side:
        return words(self.sentence, value, column, self.start, self.end)


def reference_conflict(edition: Edition) -> Iterator[Finding]:
    """Compares citations of Kamerstukken: one number with two dates, and dossiers that differ by two swapped
    digits.

    A date belongs to a citation where it stands right behind it, or as the date of the letter (d.d., brief
    van) before it in the same sentence. Swapped digits are reported where the other dossier is cited more
    often, or with the same number. Which of the two is right cannot be known without the paper.
    """
    papers = [paper for sentence in edition.sentences for paper in _papers(sentence)]
    first: dict[tuple[str, int], _Paper] = {}
    for paper in papers:
        if paper.date is None or paper.date.precision != "day":
            continue
        known = first.setdefault((paper.dossier, paper.number), paper)
        if known.date is not None and known.date.date != paper.date.date:
            yield Finding(
                "reference_conflict",
                WARN,
                None,
                known.side(known.date.date.isoformat(), known.label),
                paper.side(paper.date.date.isoformat(), paper.label),
                f"Kamerstuk {paper.label} is dated {known.date.date} in one place and "
                f"{paper.date.date} in another.",
            )
    yield from _swapped(papers)


def _swapped(papers: list[_Paper]) -> Iterator[Finding]:
    cited = Counter(paper.dossier for paper in papers)
    reported: set[tuple[str, int]] = set()
    for paper in papers:
        for other in papers:
            if (paper.dossier, paper.number) in reported or not _differ_by_swap(paper.dossier, other.dossier):
                continue
            more = cited[other.dossier] > cited[paper.dossier]
            if not more:
                continue
            same = [p for p in papers if p.dossier == other.dossier and p.number == paper.number]
            partner = same[0] if same else other
            reported.add((paper.dossier, paper.number))
            yield Finding(
                "reference_conflict",
                WARN,
                None,
                paper.side(paper.label, "dossier"),
                partner.side(partner.label, "dossier"),
                f"Kamerstuk {paper.label} has two digits swapped compared with dossier {partner.dossier}"
                + (f", which has a number {paper.number} too." if same else "."),
            )


def _differ_by_swap(one: str, two: str) -> bool:
    places = [index for index, (a, b) in enumerate(zip(one, two, strict=False)) if a != b]
    return (
        len(one) == len(two)
        and len(places) == 2
        and places[1] == places[0] + 1
        and one[places[0]] == two[places[1]]
        and one[places[1]] == two[places[0]]
    )


def _papers(sentence: Sentence) -> Iterator[_Paper]:
    text = sentence.text
    found = list(_PAPER.finditer(text))
    printed = list(dates.find(text)) if found else []
    begin = 0
    for index, match in enumerate(found):
        stop = found[index + 1].start() if index + 1 < len(found) else len(text)
        behind = [
            d
            for d in printed
            if match.end() <= d.start < stop and _BEHIND.fullmatch(text[match.end() : d.start])
        ]
        before = [d for d in printed if begin <= d.start < match.start() and _LETTER.search(text[: d.start])]
        date = behind[0] if behind else before[-1] if before else None
        digits = re.sub(r"\D", "", match["dossier"])
        dossier = "-".join(filter(None, (digits[:5], digits[5:])))
        yield _Paper(dossier, int(match["number"]), date, sentence, match.start(), match.end())
        begin = match.end()
