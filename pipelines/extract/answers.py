"""Which entries of schemas/*.toml would answer what a table leaves open, and what they rest on.

A name that nobody knows is first compared with the known ones: a country beside it, another way to write it,
two missions in one row are not a new mission. What only a person can say is `"?"`.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Any

from pipelines.extract import numerals
from pipelines.model import Document
from schemas import countries
from schemas.proposals import Proposal
from schemas.registry import Mission, Registry, comparable
from schemas.registry_toml import OPEN
from schemas.vocabulary import ORGANISATIONS

_CLOSE = 0.75  # share of letters that two spellings of one word have in common, at least
_JOINED = re.compile(r"\s*[/+&,;]\s*|\s+(?:en|and)\s+", re.IGNORECASE)
_TWO = re.compile(r"\S ?[/+&] ?[^\W\d]")  # signs that join two names, as those of one mission seldom do
_BRACKETS = re.compile(r"\(.*?\)")
_HOLDS = "it holds the known name"
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_TRIED = 16  # words of a name in which known names are looked for
_NOT_SEEN = {"reason": "not seen yet"}
_UNKNOWN: dict[str, Any] = {"value": None, "qualifier": "unknown"}  # a figure to go on reading with


def mission(
    name: str, region: str | None, registry: Registry, page: int | None, country: str = ""
) -> tuple[Proposal, ...]:
    """Entries for a name that no mission has: a spelling, two missions' joint row, or a new mission.

    `country` is what is printed beside it of where the mission is.
    """
    question = f"which mission is “{name}”"
    new = _new(name, region, registry, question, page, country)
    if parts := _parts(name, registry):
        return (_joint(name, parts, question, page), *_includes(name, parts, question, page))
    near = list(_alike(name, registry))
    ways = [_spelling(name, one, question, why) for one, why in near]
    if ways and near[0][1].startswith(_HOLDS) and _TWO.search(_BRACKETS.sub("", name)):
        # A known name and another: which missions these are only a person can say.
        alone = (replace(one, note=f"if it is that one alone: {one.note}") for one in ways)
        return (replace(new, others=tuple(alone)),)
    if ways:
        return (replace(ways[0], others=(*ways[1:], new)),)
    others = {
        mission_id: _spelling(name, mission_id, question, f"if it is “{text}”, {nearness}")
        for text, mission_id in reversed(registry.nearest(name))
        if (nearness := _nearness(name, text))
    }
    return (replace(new, others=tuple(reversed(others.values()))),)


def told_apart(asked: Sequence[Proposal]) -> dict[str, Proposal]:
    """The new missions to ask for first, by question, where several names of a document hold one known name.

    `EUCAP Sahel Mali` alone may be what is known as EUCAP Sahel; beside `EUCAP Sahel Niger` it is another
    mission, unless a person says that it is that one.
    """
    holding: dict[str, dict[str, Proposal]] = {}
    for one in asked:
        if one.kind == "spelling" and one.note.startswith(_HOLDS):
            holding.setdefault(one.values["mission_id"], {})[_letters(one.values["spelling"])] = one
    several = [names for names in holding.values() if any(one not in max(names, key=len) for one in names)]
    first = {}
    for one in chain.from_iterable(names.values() for names in several):
        new = next(other for other in one.others if other.kind == "mission")
        known = replace(one, note=f"if it is that one: {one.note}", others=())
        others = (known, *(other for other in one.others if other is not new))
        first[one.question] = replace(new, others=others)
    return first


def region(printed: str, registry: Registry, *, other: Proposal | None = None) -> Proposal:
    """The entry for a heading that could be a region's; `other` is what it may be in its place."""
    regions = _regions(registry)
    named = region_of(printed, registry)
    values = {"printed": printed, "region": named or OPEN}
    note = "it heads rows" + (f" and names “{named}”" if named else f"; one of {', '.join(regions)}")
    assumed = {"region": named or regions[-1]}
    return Proposal("region", values, _heading(printed), note, (other,) if other else (), assumed)


def row(printed: str, role: str, note: str, others: Sequence[Proposal] = ()) -> Proposal:
    """The entry for a row that is not a mission's: a `row total`, `row subtotal` or `row text`."""
    question = f"what is the row “{printed}”"
    return Proposal("word", {"printed": printed, "role": role}, question, note, tuple(others))


def _heading(printed: str) -> str:
    return f"which region does “{printed}” head"


def region_of(printed: str | None, registry: Registry) -> str | None:
    """The registry's region that a region heading names; None where it names none."""
    if printed is None:
        return None
    by_key = {comparable(heading): of for heading, of in registry.region_headings.items()}
    key = comparable(printed)
    within = {of for heading, of in by_key.items() if heading in key}
    return by_key.get(key) or (within.pop() if len(within) == 1 else None)


def legal_basis(text: str) -> Proposal:
    """The entry that lets a legal basis open with the first word of a text."""
    word = text.split(maxsplit=1)[0]
    values = {"printed": word, "role": "legal_basis_opening"}
    return Proposal("word", values, f"does “{word}” open a legal basis", f"it is in “{text}”")


def cell(table: str, row: str, column: str, printed: str, page: int | None) -> Proposal:
    """The entry for one cell that is not understood."""
    values = _cell(table, row, column, printed, page)
    question = f"what does “{printed}” say ({table}, {row}, {column})"
    main: dict[str, Any]
    if table == "mandates":
        said = "a day as 2026-12-31"
        ways: dict[str, dict[str, Any]] = {
            "a status (indefinite, continuous)": {"status": OPEN},
            "a first and a last possible day": {"low": OPEN, "high": OPEN},
            "where the document does not say until when": {"status": "unknown"},
        }
        main, assumed = {"date": OPEN}, {"date": None, "status": "unknown"}
    else:
        said = "a whole number"
        unknown = {"qualifier": "unknown"}
        ways = {"bounds": {"low": OPEN, "high": OPEN}, "where the document does not say how many": unknown}
        # Commas may part thousands, as nowhere else in Dutch: that is said for each of them.
        value: Any = int(printed.replace(",", "")) if _THOUSANDS.fullmatch(printed) else OPEN
        main, assumed = {"value": value}, _UNKNOWN
    others = tuple(Proposal("cell", values | way, question, note) for note, way in ways.items())
    return Proposal("cell", values | main, question, said, others, assumed)


def absent(annex: str, document: Document, question: str, note: str) -> Proposal:
    """The entry by which somebody who has looked says that a document has no such annex, or no totals."""
    values = {"source_sha256": document.sha256, "annex": annex, "reason": OPEN}
    return Proposal("absent", values, question, note, assumed=_NOT_SEEN)


def total_as_printed(row: str, column: str, printed: str) -> Proposal:
    """The entry by which somebody who has looked says that a total that seems too large is printed so."""
    values = _cell("personnel", row, column, printed, None)
    question = f"is “{printed}” printed so, with every row there is ({row}, {column})"
    note = "the totals exceed the rows by what makes a row: compare every row with the page first"
    said = {"reason": OPEN, "value": sum(numerals.addends(printed) or ())}
    return Proposal("cell", values | said, question, note, assumed=_NOT_SEEN)


def shared_cell(
    table: str, rows: Sequence[str], columns: Sequence[str], printed: str, page: int | None
) -> Proposal:
    """The entry for one printed cell that several rows, or several columns, share."""
    values = _cell(table, rows[0], columns[0], printed, page)
    shared = {"shared_rows": list(rows[1:]), "shared_columns": list(columns[1:])}
    values = {**values, **{name: others for name, others in shared.items() if others}}
    names = ", ".join((*rows, *columns) if len(rows) > 1 else (rows[0], *columns))
    note = "the page prints one cell for all of them"
    return Proposal("cell", values, f"who shares “{printed}” ({table}, {names})", note)


def fault(
    table: str, kind: str, rows: Sequence[str], columns: Sequence[str], printed: str, page: int | None
) -> Proposal | None:
    """The entry for a cell that no one row and column has; None where the page does not show enough of it."""
    if not rows or not columns:
        return None
    if kind in ("rows", "columns"):
        return shared_cell(table, rows, columns, printed, page)
    if table != "personnel":
        return None
    one = cell(table, rows[0], columns[0], printed, page)
    if kind == "broken" or len(columns) == 1:
        return one
    note = f"which column is it of: {', '.join(columns)}; and how many is it"
    assumed = {**(one.assumed or {}), "column": columns[0]}
    return replace(one, values={**one.values, "column": OPEN}, note=note, others=(), assumed=assumed)


def _cell(table: str, row: str, column: str, printed: str, page: int | None) -> dict[str, Any]:
    return {
        "table": table,
        "row": row,
        "column": column,
        "printed": printed,
        "reason": f"as on page {page} of the document" if page else "as in the document",
    }


def reading(mission_id: str, alternatives: Sequence[Mapping[str, int | None]]) -> Proposal:
    """The entry that chooses between the readings of a row of a text."""
    values = {"mission_id": mission_id}
    question = f"which figures has {mission_id}"
    ways = [{name: value for name, value in way.items() if value is not None} for way in alternatives]
    reason = {"reason": "as in the official document"}
    others = tuple(Proposal("reading", values | {"figures": way} | reason, question) for way in ways)
    assumed = {"figures": ways[0]} if ways else {}
    note = "see in the official document under which heading each figure is"
    return Proposal("reading", values | {"figures": OPEN} | reason, question, note, others, assumed)


def joint_rows(mission_id: str, figures: Mapping[str, int], rows: int) -> Proposal:
    """The entry that adds up several rows of one mission."""
    values = {"mission_id": mission_id}
    said = {"figures": dict(figures), "rows": rows, "reason": OPEN}
    note = (
        "only if they are one mission: else give one of them a spelling of another, or a mission of its own"
    )
    question = f"are {rows} rows the mission {mission_id}, to be added up"
    return Proposal("reading", values | said, question, note, assumed=_NOT_SEEN)


def slug(name: str) -> str:
    """A mission id made of a name: lower-case ASCII words joined by `-`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)) or "mission"


def distinct(name: str, taken: Collection[str]) -> str:
    """The name, or the first of name-2, name-3 … that is not taken."""
    ways = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(one for one in ways if one not in taken)


def same_letters(text: str, known: Iterable[str], *, opening: bool = False) -> str | None:
    """The known text of the same letters, which spaces or hyphens part otherwise; its opening if so asked."""
    own = _letters(text)
    return next(
        (one for one in known if own == _letters(one) or (opening and own.startswith(_letters(one)))), None
    )


def _spaced(name: str) -> str:
    return " ".join(comparable(name).replace("-", " ").split())


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, comparable(name)))


def _regions(registry: Registry) -> list[str]:
    return list(dict.fromkeys(registry.region_headings.values()))


def _new(
    name: str, region: str | None, registry: Registry, question: str, page: int | None, country: str
) -> Proposal:
    of = region_of(region, registry)
    near = ", ".join(f"“{text}”" for text, _ in registry.nearest(name))
    values = {
        "id": distinct(slug(name), {one.id for one in registry.missions}),
        "name": name,
        "organisation": OPEN,
        "region": of or OPEN,
        "countries": countries.named(f"{country} / {name}"),
        "spellings": [name],
    }
    where = f"on page {page}" if page else "of its own, or"
    note = f"{where}; the nearest known names are {near}\norganisation: {', '.join(ORGANISATIONS)}"
    note += "" if of else f"\nregion: {', '.join(_regions(registry))}"
    note += f"\ncountries: codes of “{country}”" if country else ""
    assumed = {"organisation": "mixed", "region": of or _regions(registry)[-1]}
    rests_on = _heading(region) if region else ""
    return Proposal("mission", values, question, note, assumed=assumed, rests_on=rests_on)


def _spelling(name: str, mission_id: str, question: str, why: str) -> Proposal:
    return Proposal("spelling", {"mission_id": mission_id, "spelling": name}, question, why)


def _alike(name: str, registry: Registry) -> Iterator[tuple[str, str]]:
    """Missions that a name may be another spelling of, surest first, and what makes it so; each once."""
    seen: set[str] = set()
    for mission_id, why in _likenesses(name, registry):
        if mission_id not in seen:
            yield mission_id, why
        seen.add(mission_id)


def _likenesses(name: str, registry: Registry) -> Iterator[tuple[str, str]]:
    known = {text: one for one in registry.missions for text in one.spellings}
    if same := same_letters(name, known):
        yield known[same].id, f"its letters are those of “{same}”"
    if other := registry.named(name):
        yield other.id, "other sources name it so"
    for one in registry.missions:
        if one.full_name and comparable(one.full_name) in comparable(name):
            yield one.id, "it is its full name"
    for text, one in _within(name, registry):
        yield one.id, f"{_HOLDS} “{text}”"
    own = _spaced(name)
    for text, one in known.items():
        if len(own) > 3 and f" {own} " in f" {_spaced(text)} ":
            yield one.id, f"it is part of the known name “{text}”"


def _within(name: str, registry: Registry) -> Iterator[tuple[str, Mission]]:
    """Known names among the words of a name, the longest first."""
    words = re.findall(r"[^\s()]+", name)[:_TRIED]
    spans = [(start, end) for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
        text = " ".join(words[start:end]).strip(",;:/+-– ")
        if end - start < len(words) and (found := registry.find(text)):
            yield text, found
    for text in _JOINED.split(name):
        if text != name and (found := registry.find(text)):
            yield text, found


def _parts(name: str, registry: Registry) -> list[Mission]:
    """The missions that a joint row names; none where a part of its name is unknown."""
    texts = _JOINED.split(name)
    if not any(map(registry.find, texts)):
        return []
    parts = [registry.find(part) or _only_one_with(part, registry) for part in texts]
    known = {one.id: one for one in parts if one}
    return [*known.values()] if None not in parts and len(known) > 1 else []


def _only_one_with(part: str, registry: Registry) -> Mission | None:
    """The only mission with a word in its name: `Atalanta` behind another mission of the EU."""
    own = f" {_spaced(part)} "
    having = [one for one in registry.missions if any(own in f" {_spaced(text)} " for text in one.spellings)]
    return having[0] if len(having) == 1 else None


def _joint(name: str, parts: Sequence[Mission], question: str, page: int | None) -> Proposal:
    """The entry of a row that several missions share: no new mission, but their figures together."""
    organisations = {one.organisation for one in parts}
    values = {
        "id": "-".join(one.id for one in parts),
        "name": name,
        "organisation": organisations.pop() if len(organisations) == 1 else "mixed",
        "region": parts[0].region,
        "countries": list(dict.fromkeys(country for one in parts for country in one.countries)),
        "spellings": [name],
    }
    where = f"page {page}; " if page else ""
    note = f"{where}one row for {' and '.join(one.id for one in parts)}, whose figures it does not part"
    others = tuple(_spelling(name, one.id, question, "if the row is of that one only") for one in parts)
    return Proposal("mission", values, question, note, others)


def _includes(name: str, parts: Sequence[Mission], question: str, page: int | None) -> Iterator[Proposal]:
    joint = "-".join(one.id for one in parts)
    source = f"“{name}” is one row" + (f" (page {page})" if page else "")
    for one in parts:
        others = {"relation": "includes", "other_mission_id": one.id, "source": source}
        yield Proposal("relation", {"mission_id": joint, **others}, question)


def _nearness(one: str, other: str) -> str:
    """What two names have in common: nearly all their words, or some; empty if nothing."""
    fewer, more = sorted((comparable(one).split(), comparable(other).split()), key=len)
    if all(difflib.get_close_matches(word, more, 1, _CLOSE) for word in fewer):
        return "of which each word is nearly one of its own"
    both = [word for word in one.split() if comparable(word) in comparable(other).split()]
    return f"which has “{' '.join(both)}” too" if both else ""
