"""What the words of a table's header mean: the facets of `header_words.toml`, and the roles that they make.

A column's role is what the words above it mean together: `frame` and `military` are `frame_military`. Words
are compared by their letters alone, so that a word that a narrow column breaks over two lines is known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import product

from schemas.registry_toml import Entry, nearest
from schemas.vocabulary import STATUSES

Facets = frozenset[str]

_MEASURES = ("frame", "deployed")
_KINDS = ("military", "civil", "police", "total", "women", "men")
_SEXES = (("women",), ("men",))
_OWN = ("mission", "region", "country", "remark", "ignore", "legal_basis")  # roles of one facet
FIGURE_ROLES = frozenset(
    f"{measure}_{kind}"
    for measure in _MEASURES
    for kind in ("military", "civil_police", "civil", "police", "total")
    if (measure, kind) != ("frame", "total")
)
"""Columns of figures that make a mission's row."""
MANDATE_ROLES = frozenset({"legal_basis", "international_mandate", "national_frame"})
_PARTS = re.compile(r"[^\W\d_]+")
_MARKED = re.compile(r"(?<=[^\W\d_])[0-9⁰¹²³⁴⁵⁶⁷⁸⁹*]{1,3}\b|\b\d{1,2}(?:e|de|ste)\b")
_MONTH = (
    r"januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december|"
    r"jan|feb|mrt|apr|jun|jul|aug|sept?|okt|nov|dec"
)
_DATE = re.compile(
    rf"\b(?:(?:\d{{1,2}}[-/.]){{1,2}}\d{{4}}|(?:\d{{1,2}}\.?\s+)?(?:{_MONTH})\.?(?:\s+\d{{4}})?|(?:19|20)\d\d)\b",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"(?:t/m|tot en met|tot|en|-|–)\s*$", re.IGNORECASE)
_INCLUDED = re.compile(r"(?:t/m|tot en met)\s*$", re.IGNORECASE)  # of a date in a cell, not of a header
_ON_DAY = re.compile(
    rf"\b(?:op|per)\s+\d{{1,2}}(?:[-/.]\d{{1,2}}[-/.]|\.?\s+(?:{_MONTH})\.?\s+)\d{{4}}", re.IGNORECASE
)
_MOST_WAYS = 64
_BRACKET = re.compile(r"(?P<text>[^()]+)\((?P<bracket>[^()]+)\)\s*")
_PLACES = {frozenset({"country"}), frozenset({"region"})}


def _roles() -> dict[Facets, str]:
    """Every set of facets that is a role."""
    found = {frozenset({own}): own for own in _OWN}
    for measure in _MEASURES:
        for kinds in (("military",), ("civil",), ("police",), ("civil", "police"), ("total",), *_SEXES):
            found[frozenset({measure, *kinds})] = f"{measure}_{'_'.join(kinds)}"
            if measure == "frame":  # a mandate for so many persons is a frame
                found |= {
                    frozenset({"mandate", *more, *kinds}): f"frame_{'_'.join(kinds)}"
                    for more in ((), ("frame",))
                }
    found[frozenset({"total"})] = "deployed_total"  # a frame has no total of its own
    found |= {frozenset({"strength_on_day", *more}): "strength_on_day" for more in ((), ("total",))}
    for kinds in (("military",), ("civil",), ("police",), ("civil", "police"), *_SEXES):
        found[frozenset({"strength_on_day", *kinds})] = f"strength_{'_'.join(kinds)}"
    for sex in _SEXES:  # a part of a part
        found |= {frozenset({"deployed", kind, *sex}): "ignore" for kind in ("military", "civil", "police")}
    found |= {frozenset({*sex, *more}): f"deployed_{sex[0]}" for sex in _SEXES for more in ((), ("total",))}
    for subject, role in (("mandate", "international_mandate"), ("frame", "national_frame")):
        found[frozenset({subject, "until"})] = role
        found[frozenset({role})] = role
        found[frozenset({role, "until"})] = role
        found[frozenset({role, subject})] = role
    found[frozenset({"deployed", "until"})] = "national_frame"
    found |= {frozenset({"mandate", *more}): "legal_basis" for more in ((), ("legal_basis",))}
    return found


ROLES = _roles()


@lru_cache(8192)
def letters(text: str) -> str:
    """The letters of a text, as they are compared: without case, accents, punctuation and white space."""
    plain = unicodedata.normalize("NFKD", text.replace("\u00ad", "").casefold())
    return "".join(_PARTS.findall("".join(c for c in plain if not unicodedata.combining(c))))


def tokens(text: str) -> list[str]:
    """The words of a header's text, each by its letters; dates, marks and numbers (`1e`) left out."""
    plain = _MARKED.sub("", text.replace("\u00ad", ""))
    return [letters(word) for word in _PARTS.findall(unicodedata.normalize("NFKC", plain))]


def without_date(text: str) -> tuple[str, str | None]:
    """A text without the dates in it, and the first of them; two that are joined are one period."""
    found = list(_DATE.finditer(text))
    if not found:
        return text, None
    left, at = "", 0
    for match in found:
        between = text[at : match.start()]
        left += (_UNTIL if at else _INCLUDED).sub(" ", between)
        at = match.end()
    return f"{left} {text[at:]}", found[0].group() if len(found) == 1 else None


@dataclass(frozen=True)
class Meaning:
    """One known piece of a header: how many words it takes, and each set of facets that it may mean."""

    words: int
    ways: tuple[Facets, ...]

    @property
    def says_something(self) -> bool:
        return self.ways != (frozenset(),)


@dataclass(frozen=True)
class RowWords:
    """Words of rows: names that group them, what sums, parts of rows and lines of text open with.

    `other_times` say of figures, above a table or a column, that they are of another time: `vorig jaar`.
    `separate_report` is printed in brackets after a mission that has a progress report of its own.
    """

    regions: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    subtotals: tuple[str, ...] = ()
    of_which: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    other_times: tuple[str, ...] = ()
    separate_report: str = ""


@dataclass(frozen=True)
class MandateWords:
    """Words of annex 1: those that open a legal basis, stand for a date, or surround an extension."""

    legal_basis: tuple[str, ...]
    statuses: tuple[tuple[str, str], ...]
    opening: tuple[str, ...]
    closing: tuple[str, ...]
    units: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class HeaderWords:
    """All known words of headers: by their letters, the sets of facets that each may mean."""

    known: Mapping[str, tuple[Facets, ...]]
    printed: Mapping[str, str]
    """The word as the file has it, by its letters, for messages."""
    rows: RowWords
    mandates: MandateWords
    whole: Mapping[str, tuple[Facets, ...]] = field(default_factory=dict)
    """What known words mean as all of a header, where one report says so."""

    @cached_property
    def openings(self) -> frozenset[str]:
        """Every beginning of a known word."""
        return frozenset(key[:end] for key in self.known for end in range(1, len(key) + 1))

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        """What is in brackets in the cells below: `Uitgezonden (w.v. vrouwen)`."""
        words = (r"\.?\s?".join(map(re.escape, word.split("."))) for word in self.rows.of_which)
        return re.compile(rf"\((?:{'|'.join(words) or '(?!)'})\s[^()]*\)", re.IGNORECASE)

    def pieces(self, found: Sequence[str]) -> list[Meaning | None]:
        """Words cut into known pieces, the longest possible; None for each word that is in none."""
        pieces: list[Meaning | None] = []
        at = 0
        while at < len(found):
            joined, best = "", 0
            for end in range(at, len(found)):
                joined += found[end]
                if joined in self.known:
                    best = end + 1
                if joined not in self.openings:
                    break
            taken = "".join(found[at:best]) if best else ""
            pieces.append(Meaning(best - at, self.known[taken]) if best else None)
            at = best or at + 1
        return pieces

    def facets(self, text: str) -> tuple[set[Facets], list[str]]:
        """Each set of facets that a text may mean as a whole, and the words in it that are unknown."""
        found = tokens(without_date(text)[0])
        pieces = self.pieces(found)
        unknown: list[str] = []
        at, before = 0, False
        for piece in pieces:
            if piece is None:
                unknown[-1:] = [f"{unknown[-1]} {found[at]}"] if before else [*unknown[-1:], found[at]]
            before = piece is None
            at += piece.words if piece else 1
        ways = [piece.ways for piece in pieces if piece]
        count = 1
        for way in ways:
            count *= len(way)
        if count > _MOST_WAYS:
            return set(), unknown
        return {frozenset().union(*way) for way in product(*ways)}, unknown

    def is_known(self, text: str) -> bool:
        """Whether a whole text is one that is known."""
        return _key(text) in self.known

    def is_answered(self, text: str) -> bool:
        """Whether one report says what a known word means as all of a header."""
        return _key(text) in self.whole

    def is_of_another_time(self, text: str) -> bool:
        """Whether a line above a table says that its figures are not those of the report's period."""
        found = f" {' '.join(tokens(text))} "
        return any(f" {' '.join(tokens(one))} " in found for one in self.rows.other_times)

    def said(self, text: str) -> int:
        """How many words of a text are known, and say something."""
        pieces = self.pieces(tokens(without_date(text)[0]))
        return sum(piece.words for piece in pieces if piece and piece.says_something)

    def roles(self, *texts: str) -> set[str]:
        """The roles that a column may have by its texts, from top to bottom; none where a word is unknown.

        A text nearer to the column counts more: `Totale inzet` over `Militair` is not a total. A bracket
        behind the word for missions says what is in brackets behind their names: `Missie (gebied)`.
        """
        texts = tuple(self._parts.sub(" ", text) for text in texts)
        whole = " ".join(texts)
        if match := _BRACKET.fullmatch(whole):
            inside, unknown = self.facets(match["bracket"])
            if not unknown and inside & _PLACES and "mission" in self.roles(match["text"]):
                return {"mission"}
        taken = (
            self.whole.get(_key(whole))
            or self.known.get(_key(whole))
            or self.known.get("".join(tokens(without_date(whole)[0])))
        )
        if taken:
            return {role for way in taken if (role := ROLES.get(way))}
        ways: set[Facets] = {frozenset()}
        for text in texts:
            own, unknown = self.facets(text)
            if unknown:
                return set()
            ways = {_over(above, below) for above in ways for below in own}
        ways |= self.facets(whole)[0]
        if texts and frozenset({"total"}) in self.facets(whole.partition(" ")[0])[0]:  # `Totaal militairen`
            ways |= {way - {"total"} for way in ways if way & {"military", "civil", "police"}}
        if _ON_DAY.search(whole):  # who are there on a day are not all who were sent
            other = {"frame", "strength_on_day", "mandate", "until", "ignore"}
            ways = {way for way in ways if way & other or not way & {"deployed", *_KINDS}}
        elif without_date(whole)[1] is None:  # `Sterkte militair` may be what a contribution has in all
            of_whom = {*_KINDS} - {"total"}
            ways = {
                way - {"strength_on_day"} if "frame" in way else way for way in ways
            }  # `Toegestane sterkte`
            ways = {way for way in ways if "strength_on_day" not in way or not way & of_whom}
        return {role for way in ways if (role := ROLES.get(way) or _ignored(way))}

    def nearest(self, word: str, count: int = 3) -> list[tuple[str, str]]:
        """The known words most like one, each with what it means."""
        by_text = {text: key for key, text in self.printed.items()}
        return [(text, _said(self.known[by_text[text]])) for text in nearest(word, by_text, count)]

    def with_words(self, words: Iterable[tuple[str, str]]) -> HeaderWords:
        """With further words, each with its role; one that is known already gets the new meaning alone.

        As a part of longer texts it keeps its own, if its role is that of a column: `Nationaal kader` may be
        a total here, and `Duur nationaal kader` is none.
        """
        known, printed, whole = dict(self.known), dict(self.printed), dict(self.whole)
        for text, role in words:
            key = _key(text)
            meant = whole if key in known and role in ROLES.values() else known
            meant[key], printed[key] = (_facets_of(role),), text
        return replace(self, known=known, printed=printed, whole=whole)


def _key(text: str) -> str:
    """The letters of a header's text; with a date its figures too: another year is another column."""
    if without_date(text)[0] == text:
        return "".join(tokens(text))
    return "".join(filter(str.isalnum, text.casefold()))


NO_WORDS = HeaderWords({}, {}, RowWords(), MandateWords((), (), (), (), ()))


def _over(above: Facets, below: Facets) -> Facets:
    """What two texts mean together, the upper of which may say of all its columns what one is not."""
    if below & {*_KINDS} and above & {*_MEASURES, "strength_on_day"}:
        if below == {"total"} and len(above & {"military", "civil", "police"}) == 1:
            return above  # `Uitgezonden militairen` over `Man`, `Vrouw` and `Totaal`
        all_persons = above & {"military", "civil", "police"}  # `Uitgezonden militairen en burgers`
        return below | (above - {"total"} - (all_persons if len(all_persons) > 1 else set()))
    return above | below


def _ignored(way: Facets) -> str | None:
    """A column with a word that is ignored is not this document's, or no end: `Totaal vorige periode`."""
    said = {*_MEASURES, *_KINDS, "strength_on_day", "mandate", "until"}
    return "ignore" if "ignore" in way and way - {"ignore"} <= said else None


def _said(ways: Iterable[Facets]) -> str:
    return " or ".join("_".join(sorted(way)) or "nothing" for way in ways)


def _facets_of(role: str) -> Facets:
    """The facets of a whole role, or of one side of it."""
    of_role = {name: facets for facets, name in reversed(ROLES.items())}
    if role == "nothing":
        return frozenset()
    return of_role.get(role) or frozenset(role.split("_") if role == "civil_police" else {role})


def role_names() -> tuple[str, ...]:
    """What an entry `[[word]]` may give as its role."""
    sides = (*_MEASURES, "strength_on_day", *_KINDS, "civil_police", "mandate", "until", "nothing")
    return tuple(dict.fromkeys((*sides, *ROLES.values())))


def read(file: Entry) -> HeaderWords:
    """The words of `header_words.toml`; raises RegistryError for an unknown meaning."""
    ways: dict[str, list[Facets]] = {}
    printed: dict[str, str] = {}
    means = file.table("means")
    allowed = role_names()
    for role in means.values:
        if role not in allowed:
            raise means.error(f"is unknown; the nearest is {nearest(role, allowed, 1)[0]!r}", role)
        for text in means.texts(role):
            _add(ways, printed, text, _facets_of(role))
    nothing = file.table("nothing")
    for text in nothing.texts("words"):
        _add(ways, printed, text, frozenset())
    nothing.done()
    rows, mandates = file.table("rows"), file.table("mandates")
    extension = mandates.table("extension")
    legal, statuses = list(mandates.texts("legal_basis")), dict(mandates.pairs("statuses"))
    added = list(_added(file, (*allowed, *_OTHER)))
    regions, totals, subtotals, of_which, texts = (_row_words(rows, kind, added) for kind in _ROW_KINDS)
    times, separate = rows.texts("other_times"), rows.text("separate_report")
    row_words = RowWords(regions, totals, subtotals, of_which, texts, times, separate)
    for text in row_words.other_times:
        _add(ways, printed, text, frozenset({"ignore"}))
    rows.done()
    legal += [text for text, role in added if role == "legal_basis_opening"]
    statuses |= {text: role.removeprefix("status ") for text, role in added if role.startswith("status ")}
    mandate_words = MandateWords(
        tuple(dict.fromkeys(legal)),
        tuple(statuses.items()),
        extension.texts("opening"),
        extension.texts("closing"),
        extension.pairs("units"),
    )
    extension.done()
    mandates.done()
    file.done()
    found = HeaderWords(
        {key: tuple(dict.fromkeys(of)) for key, of in ways.items()}, printed, row_words, mandate_words
    )
    return found.with_words((text, role) for text, role in added if role in allowed)


_ROW_KINDS = ("regions", "totals", "subtotals", "of_which", "texts")  # of [rows], as RowWords has them
_ROW_ROLES = ("row region", "row total", "row subtotal", "row of_which", "row text")
_OTHER = (
    "legal_basis_opening",
    *(f"status {status}" for status in STATUSES if status != "until"),
    *_ROW_ROLES,
)


def _row_words(rows: Entry, kind: str, added: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Words of `[rows]` and those of the entries `[[word]]` for the same."""
    wanted = _ROW_ROLES[_ROW_KINDS.index(kind)]
    return tuple(dict.fromkeys((*rows.texts(kind), *(text for text, role in added if role == wanted))))


def _added(file: Entry, allowed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The entries `[[word]]`, each a text and its role."""
    for entry in file.tables("word"):
        entry.named(f"word {entry.text('printed')}")
        yield entry.text("printed"), entry.one_of("role", allowed)
        entry.done()


def _add(ways: dict[str, list[Facets]], printed: dict[str, str], text: str, facets: Facets) -> None:
    key = "".join(tokens(text))
    ways.setdefault(key, []).append(facets)
    printed.setdefault(key, text)
