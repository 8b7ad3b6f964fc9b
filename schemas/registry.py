"""Loads the project's facts from TOML: missions, layouts, declared readings and corrections.

A repeated spelling, an unknown key or a dangling relation is a RegistryError: the files are facts,
so they are checked as strictly as the data. Standard library only, because a build with nothing to
do loads them too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas import header_words, proposals, registry_cells, registry_layouts
from schemas.errors import RegistryError
from schemas.header_words import FIGURE_ROLES, NO_WORDS, HeaderWords
from schemas.registry_cells import DeclaredCell
from schemas.registry_layouts import Group, Heading, Layout, MandatesLayout, PersonnelLayout, PrintedColumn
from schemas.registry_toml import Entry, comparable, nearest
from schemas.vocabulary import FIGURES, ORGANISATIONS, RELATIONS, TOTAL

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Correction",
    "DeclaredCell",
    "DeclaredReading",
    "Group",
    "Heading",
    "Layout",
    "MandatesLayout",
    "Mission",
]
__all__ += ["PersonnelLayout", "PrintedColumn", "Registry", "Relation", "comparable", "load"]

_FILES = ("missions.toml", "layouts.toml", "header_words.toml", "readings.toml", "corrections.toml")
_CORRECTED = ("personnel", "personnel_totals", "mandates", "footnotes")
_FOOTNOTE = re.compile(r"footnote:([a-z]+:)?[1-9][0-9]*")
_PARTING = re.compile(r"[\s-]")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\s?(?=[a-z])")
_PARTED = re.compile(r"[^\W\d_]{2,}-[^\W\d_]{2,}")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_WIKIDATA = re.compile(r"Q[1-9][0-9]*")


@dataclass(frozen=True)
class Mission:
    """One mission or operation.

    `spellings` are the names that editions print, and what reports are read by; `other_names` those of
    other public sources, which often name a part of the contribution too.
    """

    id: str
    name: str
    full_name: str | None
    organisation: str
    region: str
    countries: tuple[str, ...]
    wikidata_id: str | None
    spellings: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    seas: tuple[str, ...] = ()
    seas_source: str | None = None


@dataclass(frozen=True)
class Relation:
    """One mission is `part of`, `succeeds` or `includes` another; `source` says who says so."""

    mission_id: str
    relation: str
    other_mission_id: str
    source: str


@dataclass(frozen=True)
class DeclaredReading:
    """A declared choice where a printed row can be read in several ways.

    It holds only for the document with `source_sha256`. `figures` maps every figure of the
    contract, or the parts that a layout prints it in, to the value, or to None for an empty cell.
    `mission_id` may be `total`. Where the mission has several rows, `rows` of them, they are their sums.
    """

    edition_year: int
    source_sha256: str
    mission_id: str
    figures: dict[str, int | None]
    reason: str
    rows: int = 1


@dataclass(frozen=True)
class Correction:
    """One declared correction of a cell; `printed_value` None says that the cell is blank.

    `entry` is its number in the file, from 1.
    """

    edition_year: int
    table_name: str
    row_key: str
    column_name: str
    printed_value: str | None
    corrected_value: str
    reason: str
    source: str
    entry: int

    @property
    def cell(self) -> str:
        """The cell in words, such as `personnel, untso, deployed_military`."""
        return f"{self.table_name}, {self.row_key}, {self.column_name}"


def _closed(key: str) -> str:
    return _PARTING.sub("", key)


@dataclass(frozen=True)
class Registry:
    """All facts of one checkout; `region_headings` gives the region that other printed names mean."""

    missions: tuple[Mission, ...]
    relations: tuple[Relation, ...]
    layouts: tuple[Layout, ...]
    readings: tuple[DeclaredReading, ...]
    corrections: tuple[Correction, ...] = ()
    cells: tuple[DeclaredCell, ...] = ()
    region_headings: Mapping[str, str] = field(default_factory=dict)
    words: HeaderWords = NO_WORDS
    absent: tuple[tuple[str, str], ...] = ()
    """Tables that documents, by the hash of their bytes, are declared not to have."""

    def is_absent(self, table: str, sha256: str) -> bool:
        return (table, sha256) in self.absent

    def find(self, spelling: str) -> Mission | None:
        """The mission printed as `spelling`, as in `spelled`; white space, case, quotes and dashes aside.

        Where no name is so, it is the only mission that has one with the same letters: `EU BAM Rafah`.
        """
        key = comparable(self.spelled(spelling))
        return self._by_spelling.get(key) or self._by_letters.get(_closed(key))

    def spelled(self, name: str) -> str:
        """A printed name, but an unknown one as the only known one that it can be.

        That is without a hyphen where a line ended, or with letters where the file has no code for what
        it draws (U+FFFD).
        """
        key = comparable(name)
        if key in self._by_spelling:
            return name
        ways = {name[: at.start()] + name[at.end() :] for at in _HYPHEN.finditer(name)}
        known = [way for way in ways if comparable(way) in self._by_spelling]
        if not known and (joined := self._joined(name)) != name:
            return joined
        drawn = key.count("\ufffd")
        if 1 <= drawn <= len(key) // 4:
            letters = re.compile(re.escape(key).replace("\ufffd", r"([^\d\s]{1,3})"))
            for fits in filter(None, map(letters.fullmatch, self._by_spelling)):
                known.append(reduce(lambda text, to: text.replace("\ufffd", to, 1), fits.groups(), name))
        return known[0] if len(known) == 1 else name

    @cached_property
    def _words(self) -> frozenset[str]:
        """Of all known names."""
        return frozenset(word for spelling in self._by_spelling for word in spelling.split())

    def _joined(self, name: str) -> str:
        """A name in which words that no known name has are joined over their hyphen where one has them so."""

        def join(match: re.Match[str]) -> str:
            parted, whole = match.group(), match.group().replace("-", "")
            known = comparable(whole) in self._words and comparable(parted) not in self._words
            return whole if known else parted

        return _PARTED.sub(join, name)

    def named(self, name: str) -> Mission | None:
        """The mission that any source, a report or another, calls `name`; compared as in `find`."""
        return self.find(name) or self._by_other_name.get(comparable(name))

    def nearest(self, spelling: str, count: int = 3, *, other_names: bool = False) -> list[tuple[str, str]]:
        """The `count` nearest known (spelling, mission id), nearest first; of other sources' too if asked."""
        known = {text: mission.id for mission in self.missions for text in mission.spellings}
        if other_names:
            known |= {text: mission.id for mission in self.missions for text in mission.other_names}
        return [(text, known[text]) for text in nearest(spelling, known, count)]

    def tables(self) -> dict[str, pa.Table]:
        """`mission_registry` and `mission_relations`, in the shape of their contracts."""
        import schemas

        names = {mission.id: mission.name for mission in self.missions}
        rows: dict[str, list[dict[str, object]]] = {
            "mission_registry": [{**vars(mission), "mission_id": mission.id} for mission in self.missions],
            "mission_relations": [
                {**vars(of), "name": names[of.mission_id], "other_name": names[of.other_mission_id]}
                for of in self.relations
            ],
        }
        return {name: schemas.REGISTRY[name].table(of) for name, of in rows.items()}

    @cached_property
    def _by_spelling(self) -> dict[str, Mission]:
        return {comparable(text): mission for mission in self.missions for text in mission.spellings}

    @cached_property
    def _by_letters(self) -> dict[str, Mission]:
        """Missions by what is left of their names without spaces and hyphens, where that is one mission's."""
        found: dict[str, set[str]] = {}
        for key, mission in self._by_spelling.items():
            found.setdefault(_closed(key), set()).add(mission.id)
        return {
            closed: mission
            for key, mission in self._by_spelling.items()
            if len(found[closed := _closed(key)]) == 1
        }

    @cached_property
    def _by_other_name(self) -> dict[str, Mission]:
        return {comparable(text): mission for mission in self.missions for text in mission.other_names}


def load(folder: Path | None = None) -> Registry:
    """Read the files of `folder` (default: this folder).

    A corrections.toml may be absent. Raises RegistryError, with file, table and key, for the first
    thing that is wrong.
    """
    files = [(folder or Path(__file__).parent) / name for name in _FILES]
    with suppress(OSError):  # which is said of the file where it is parsed
        return _loaded(files[0].parent, *(file.read_bytes() for file in files if file.exists()))
    return Facts.of(files[0].parent).registry()


@lru_cache(maxsize=1)
def _loaded(folder: Path, *_said: bytes) -> Registry:
    """The registry of files with these bytes: an edition asks for it several times."""
    return Facts.of(folder).registry()


@dataclass(frozen=True)
class Facts:
    """The project's TOML files as parsed, by file name, to which entries can be added in memory."""

    files: Mapping[str, Mapping[str, Any]]
    folder: str = ""

    @classmethod
    def of(cls, folder: Path) -> Facts:
        """Those of a folder, in which corrections.toml may be absent. Raises RegistryError."""
        names = [name for name in _FILES if name != "corrections.toml" or (folder / name).exists()]
        return cls({name: Entry.load(folder / name).values for name in names}, str(folder))

    def extended(self, entries: Iterable[tuple[str, Mapping[str, Any]]]) -> Facts:
        """With entries, each given as the kind of its table and its values, at the end of their files.

        Raises RegistryError for a mission that is there already, and is said to be another.
        """
        files = {name: dict(values) for name, values in self.files.items()}
        for kind, values in self.lacking(entries):
            file = files[proposals.FILES[kind]]
            file[kind] = [*file.get(kind, ()), dict(values)]
        return Facts(files, self.folder)

    def lacking(
        self, entries: Iterable[tuple[str, Mapping[str, Any]]]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Of entries those that the files do not have; of a mission that they have only its other spellings.

        Two editions may have asked for one new mission. Raises RegistryError where they say different things
        of it.
        """
        file = self.files.get("missions.toml", {})
        missions = {one.get("id"): one for one in file.get("mission", ())}
        for kind, values in entries:
            own = missions.get(values.get("id")) if kind == "mission" else None
            if dict(values) in self.files.get(proposals.FILES[kind], {}).get(kind, ()):
                continue
            if own is None:
                yield kind, values
                continue
            for key in ("organisation", "region"):
                if own.get(key) != values.get(key):
                    raise RegistryError(
                        f"mission {values['id']} is there already, and its {key} is {own.get(key)!r}",
                        file=str(Path(self.folder, "missions.toml")),
                        hint="say the same of it in the entry, or give the new mission another id",
                    )
            apart = (one for one in file.get("spelling", ()) if one.get("mission_id") == values["id"])
            spelt = (*own.get("spellings", ()), *(one.get("spelling") for one in apart))
            known = set(map(comparable, map(str, spelt)))
            for text in values.get("spellings", ()):
                if comparable(str(text)) not in known:
                    yield "spelling", {"mission_id": values["id"], "spelling": text}

    def registry(self) -> Registry:
        """Raises RegistryError, with file, table and key, for the first thing that is wrong."""
        missions, relations, headings = _missions(self._entry("missions.toml"))
        words = header_words.read(self._entry("header_words.toml"))
        printed = _layouts(self._entry("layouts.toml"))
        words = words.with_words(_columns(printed, words))
        layouts = tuple(_heading(registry_layouts.filled(one, words), headings) for one in printed)
        columns = {name: None for layout in layouts for name in layout.personnel.columns}
        columns |= dict.fromkeys(sorted(FIGURE_ROLES))
        known = {mission.id for mission in missions}
        declared = self._entry("readings.toml")
        cells = registry_cells.read(declared.tables("cell"), {*columns, *FIGURES})
        readings = _readings(declared, known, tuple(columns))
        corrections = _corrections(self._entry("corrections.toml"), known)
        absent = tuple(registry_layouts.absent(self._entry("layouts.toml")))
        return Registry(missions, relations, layouts, readings, corrections, cells, headings, words, absent)

    def _entry(self, name: str) -> Entry:
        return Entry(self.files.get(name, {}), str(Path(self.folder, name)), "the file")


def _columns(layouts: Iterable[Layout], words: HeaderWords) -> Iterator[tuple[str, str]]:
    """Columns of declared layouts that the words of headers do not read as what they are declared to be."""
    for layout in layouts:
        mandates = ((column.path, column.column) for column in layout.mandates.columns)
        for path, role in (*layout.personnel.printed, *mandates):
            if role not in ("region", "country") and words.roles(*path) != {role}:
                yield " ".join(path), role


def _heading(layout: Layout, headings: Iterable[str]) -> Layout:
    """The layout, in whose tables other names may head a region too."""

    def of(part: Any) -> Any:
        known = set(map(comparable, part.regions))
        more = tuple(heading for heading in headings if comparable(heading) not in known)
        return replace(part, regions=(*part.regions, *more)) if more else part

    return replace(layout, personnel=of(layout.personnel), mandates=of(layout.mandates))


def _missions(file: Entry) -> tuple[tuple[Mission, ...], tuple[Relation, ...], dict[str, str]]:
    """Missions, relations and other headings of regions."""
    regions = file.texts("regions")
    entries = file.tables("mission")
    more = _spellings(file.tables("spelling"), entries)
    missions = tuple(_mission(entry, regions, more) for entry in entries)
    headings = {region: region for region in regions} | _headings(file.tables("region"), regions)
    apart = file.tables("relation")
    file.done()
    ids: set[str] = set()
    spelt: dict[str, str] = {}
    for mission, entry in zip(missions, entries, strict=True):
        if mission.id in ids:
            raise entry.error("the id occurs twice", "id")
        ids.add(mission.id)
        for key, names in (("spellings", mission.spellings), ("other_names", mission.other_names)):
            for text in names:
                owner = spelt.setdefault(comparable(text), mission.id)
                if owner != mission.id:
                    raise entry.error(f"{text!r} is a spelling of {owner} too", key)
    relations: list[Relation] = []
    for entry in entries:
        for part in entry.tables("relations"):
            part.named(f"{entry.where}, {part.where}")
            _relate(relations, part, entry.text("id"), "mission_id", ids)
        entry.done()
    for entry in apart:
        _relate(relations, entry, entry.one_of("mission_id", ids), "other_mission_id", ids)
    return missions, tuple(relations), headings


def _spellings(entries: Iterable[Entry], missions: Iterable[Entry]) -> dict[str, list[str]]:
    """By mission the spellings that are declared apart from it."""
    known = [mission.text("id") for mission in missions]
    found: dict[str, list[str]] = {}
    for entry in entries:
        text = entry.text("spelling")
        found.setdefault(entry.one_of("mission_id", known), []).append(text)
        entry.done()
    return found


def _headings(entries: Iterable[Entry], regions: Collection[str]) -> dict[str, str]:
    """The region of each heading that names one in other words."""
    found: dict[str, str] = {}
    for entry in entries:
        found[entry.text("printed")] = entry.one_of("region", regions)
        entry.done()
    return found


def _mission(entry: Entry, regions: Collection[str], more: Mapping[str, Sequence[str]]) -> Mission:
    identifier = entry.matching("id", _ID, "lower-case ASCII words joined by '-'")
    entry.named(f"mission {identifier}")
    if identifier == TOTAL:
        raise entry.error(f"{TOTAL!r} names the totals row", "id")
    countries = entry.texts("countries")
    for country in countries:
        if not _COUNTRY.fullmatch(country):
            raise entry.error(f"{country!r} is not an ISO 3166-1 alpha-2 code", "countries")
    spellings = entry.texts("spellings")
    if not spellings:
        raise entry.error("needs at least one spelling", "spellings")
    wikidata_id = entry.text_or_none("wikidata_id")
    return Mission(
        id=identifier,
        name=entry.text("name"),
        full_name=entry.text_or_none("full_name"),
        organisation=entry.one_of("organisation", ORGANISATIONS),
        region=entry.one_of("region", regions),
        countries=countries,
        wikidata_id=wikidata_id and entry.matching("wikidata_id", _WIKIDATA, "a Q number"),
        spellings=(*spellings, *more.get(identifier, ())),
        other_names=entry.texts_or_none("other_names"),
        seas=entry.texts_or_none("seas"),
        seas_source=entry.text_or_none("seas_source"),
    )


def _relate(relations: list[Relation], part: Entry, own: str, key: str, ids: Collection[str]) -> None:
    """Adds a relation of the mission `own` to that which `key` names."""
    relation = part.one_of("relation", RELATIONS)
    other = part.one_of(key, ids)
    if other == own:
        raise part.error("a mission cannot be related to itself", key)
    if any(
        (one.mission_id, one.relation, one.other_mission_id) == (own, relation, other) for one in relations
    ):
        raise part.error("the relation occurs twice", "relation")
    relations.append(Relation(own, relation, other, part.text("source")))
    part.done()


def _layouts(file: Entry) -> tuple[Layout, ...]:
    entries = file.tables("layout")
    layouts: list[Layout] = []
    for entry in entries:
        layouts.append(registry_layouts.read(entry, layouts))
    file.tables("absent")
    file.done()
    if not layouts:
        raise file.error("has no layout", "layout")
    seen: set[str] = set()
    for layout, entry in zip(layouts, entries, strict=True):
        if layout.id in seen:
            raise entry.error("the id occurs twice", "id")
        seen.add(layout.id)
    return tuple(layouts)


def _readings(file: Entry, ids: Collection[str], columns: tuple[str, ...]) -> tuple[DeclaredReading, ...]:
    readings: dict[tuple[int, str, str], DeclaredReading] = {}
    for entry in file.tables("reading"):
        figures = entry.table("figures")
        given = {name: figures.integer_or_none(name) for name in columns}
        reading = DeclaredReading(
            edition_year=entry.integer("edition_year"),
            source_sha256=entry.sha256(),
            mission_id=entry.one_of("mission_id", (*ids, TOTAL)),
            figures={name: value for name, value in given.items() if value is not None or name in FIGURES},
            reason=entry.text("reason"),
            rows=entry.integer("rows") if "rows" in entry.values else 1,
        )
        if "rows" in entry.values and reading.rows < 2:
            raise entry.error("is how many rows are one mission's, two or more", "rows")
        for name, value in reading.figures.items():
            if (value or 0) < 0:
                raise figures.error("is negative", name)
        figures.done()
        entry.done()
        key = (reading.edition_year, reading.source_sha256, reading.mission_id)
        if key in readings:
            raise entry.error(f"a reading of {reading.mission_id} in this document occurs twice")
        readings[key] = reading
    file.done()
    return tuple(readings.values())


def _corrections(file: Entry, mission_ids: Collection[str]) -> tuple[Correction, ...]:
    found: dict[tuple[int, str, str, str], Correction] = {}
    for number, entry in enumerate(file.tables("correction"), start=1):
        correction = _correction(entry, mission_ids, number)
        key = (correction.edition_year, correction.table_name, correction.row_key, correction.column_name)
        if key in found:
            raise entry.error(f"a correction of {correction.cell} in {correction.edition_year} occurs twice")
        found[key] = correction
    file.done()
    return tuple(found.values())


def _correction(entry: Entry, mission_ids: Collection[str], number: int) -> Correction:
    table = entry.one_of("table_name", _CORRECTED)
    correction = Correction(
        edition_year=entry.integer("edition_year"),
        table_name=table,
        row_key=_row_key(entry, table, mission_ids),
        column_name=entry.text("column_name"),
        printed_value=entry.text_or_none("printed_value"),
        corrected_value=entry.text("corrected_value"),
        reason=entry.text("reason"),
        source=entry.text("source"),
        entry=number,
    )
    figure = table in ("personnel", "personnel_totals") and correction.column_name != "mission"
    if figure and not correction.corrected_value.isdigit():
        raise entry.error("must be a whole number, in digits alone", "corrected_value")
    if correction.printed_value == correction.corrected_value:
        raise entry.error("is what the cell prints already", "corrected_value")
    entry.done()
    return correction


def _row_key(entry: Entry, table: str, mission_ids: Collection[str]) -> str:
    if table == "personnel_totals":
        return entry.one_of("row_key", (TOTAL,))
    if table != "footnotes":
        return entry.one_of("row_key", mission_ids)
    value = entry.text("row_key")
    if not _FOOTNOTE.fullmatch(value):
        raise entry.error(f"{value!r} does not name a footnote", "row_key", hint="write it as footnote:13")
    return value
