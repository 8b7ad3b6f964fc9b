"""Every relation by name, from the declarations in `contracts/*.toml`.

There a column is `name = [type, description, { what else }, …]`: with `?` after its type it may be null, and
`what else` are fields of `Column`. `name = { … }` is the column of that name under `[shared]`, in that file
or in `report.toml`, with what differs. A contract that is `like` another has its columns but for those in
`without`, with other words where `instead` says so. In a description `{one_of}` stands for the values
allowed, and `{name}` for a text under `[words]`. A key that nothing knows is a TypeError.

`TABLES` holds what is read from a report, `REGISTRY` what the mission registry says, `RECONCILED` what the
rules found in a vintage, `RECORD` what the lake keeps about itself, `REFUSALS` what was kept out of it,
`DERIVED` what publishing adds, `BUILT` what a published file says of itself, `PUBLIC` the figures of other
public sources, `HISTORY` views on the record, `TRENDS` those on the latest vintages; `RELATIONS` is every
relation of the published file, in publication order, a view with what `Contract.published` adds for readers.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from schemas import vocabulary
from schemas.contract import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    SHA256,
    SLUG,
    TEXT,
    TIMESTAMP,
    VERSION,
    Column,
    Contract,
    Reference,
)
from schemas.rules import RULES

_BOX = pa.struct([(name, DOUBLE) for name in ("x0", "y0", "x1", "y1")])
_SPAN = pa.struct([*((name, INTEGER) for name in ("page", "line", "char_start", "char_end")), ("box", _BOX)])
_SIDE = pa.struct(
    [
        *((name, TEXT) for name in ("table_name", "row_key", "column_name", "value")),
        *(("page", INTEGER), ("line", INTEGER), ("text", TEXT)),
    ]
)
_VERSIONS = pa.struct([(f"{name}_version", TEXT) for name in ("code", "registry", "declarations")])
# A type in the declarations → its Arrow type, and what else it says of a column.
_TYPES: dict[str, tuple[pa.DataType, dict[str, Any]]] = {
    "integer": (INTEGER, {}),
    "bigint": (BIGINT, {}),
    "double": (DOUBLE, {}),
    "text": (TEXT, {}),
    "boolean": (BOOLEAN, {}),
    "date": (DATE, {}),
    "timestamp": (TIMESTAMP, {}),
    "integers": (pa.list_(INTEGER), {}),
    "texts": (pa.list_(TEXT), {}),
    "integer by integer": (pa.map_(INTEGER, INTEGER), {}),
    "integer by text": (pa.map_(TEXT, INTEGER), {}),
    "text by text": (pa.map_(TEXT, TEXT), {}),
    "side": (_SIDE, {}),
    "spans": (pa.list_(_SPAN), {}),
    "versions": (pa.list_(_VERSIONS), {}),
    "persons": (INTEGER, {"unit": "persons", "at_least": 0}),  # a printed 0 is 0, an empty cell null
    "slug": (TEXT, {"matches": SLUG}),
    "sha256": (TEXT, {"matches": SHA256}),
    "version": (TEXT, {"matches": VERSION}),
}
_POINTS_AT = {
    "editions": Reference(("edition_year",), "editions", ("edition_year",)),
    "missions": Reference(("mission_id",), "missions", ("mission_id",)),
}

Declared = dict[str, Any]


def _fields(declared: Declared, words: Mapping[str, str]) -> Declared:
    """Fields of a dataclass as Python has them: tuples for lists, texts for their places."""
    given: Declared = {k: tuple(value) if isinstance(value, list) else value for k, value in declared.items()}
    one_of = given.get("one_of", ())
    if isinstance(one_of, str):
        given["one_of"] = one_of = getattr(vocabulary, one_of)
    for name, text in {**words, "one_of": ", ".join(one_of)}.items() if "description" in given else ():
        given["description"] = given["description"].replace(f"{{{name}}}", text)
    return given


def _column(
    name: str, declared: Declared | list[Any], shared: Mapping[str, Column], words: Mapping[str, str]
) -> Column:
    if isinstance(declared, dict):
        one_of = {"one_of": list(shared[name].one_of)} if "description" in declared else {}
        return replace(shared[name], **_fields({**one_of, **declared}, words))
    kind, description, *more = declared
    dtype, usual = _TYPES[kind.removesuffix("?")]
    given = usual | {"description": description, "nullable": kind.endswith("?")}
    for fields in more:
        given = given | fields
    return Column(name, dtype, **_fields(given, words))


def _like(declared: Declared, others: Mapping[str, Declared]) -> Declared:
    """A declaration with what it takes from the one that it is like."""
    if "like" not in declared:
        return declared
    own = dict(declared)
    text = json.dumps(others[own.pop("like")], ensure_ascii=False)
    for old, new in own.pop("instead", {}).items():
        text = text.replace(old, new)
    other = json.loads(text)
    for name in own.pop("without", ()):
        del other["columns"][name]
    return {**other, **own}


def _contracts() -> Iterator[Contract]:
    everywhere: dict[str, Column] = {}
    for path in sorted(
        Path(__file__).with_name("contracts").glob("*.toml"), key=lambda p: p.stem != "report"
    ):
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        stage, words, shared = (declared.pop(name, {}) for name in ("stage", "words", "shared"))
        known = everywhere | {name: _column(name, column, {}, words) for name, column in shared.items()}
        everywhere = everywhere or known
        for name, own in declared.items():
            fields = {"stage": stage, **_like(own, declared)}
            columns = fields.pop("columns").items()
            references = [
                _POINTS_AT[at] if isinstance(at, str) else Reference(**_fields(at, {}))
                for at in fields.pop("references", ())
            ]
            yield Contract(
                name=name,
                columns=tuple(_column(column, of, known, words) for column, of in columns),
                references=tuple(references),
                rules=tuple(RULES[rule] for rule in fields.pop("rules", ())),
                **_fields(fields, words),
            )


def _every_version(contract: Contract) -> Contract:
    """The contract of `<name>_vintages`: the rows of every vintage by every version of the rules."""
    stored = contract.with_vintage()
    year, vintage, *own = stored.key
    return replace(
        stored,
        description=f"{stored.description.rstrip('.')}, by every version of the rules that looked at it.",
        key=(year, vintage, "rules_version", *own),
    )


_ALL = {contract.name: contract for contract in _contracts()}


def _named(names: str) -> MappingProxyType[str, Contract]:
    return MappingProxyType({name: _ALL[name] for name in names.split()})


TABLES = _named("editions personnel personnel_totals mandates footnotes sections cells")
REGISTRY = _named("missions mission_spellings mission_relations mission_registry")
RECONCILED = _named("findings statements mission_events unread_sentences")
RECORD = _named("vintages verifications releases reconciliations")
HISTORY = _named("revisions corrections checks known edition_state")
DERIVED = _named("findings_across_editions declared_corrections")
BUILT = _named("build_info contract_checks column_lineage")
TRENDS = _named(
    "edition_sequence figures_left_out inferences mission_trends mission_history region_trends "
    "organisation_trends edition_totals mandate_trends mission_observations mission_timeline "
    "headline_totals may_overlap counted_once mission_endings"
)
PUBLIC = _named("observations un_contributions")
REFUSALS = _named("quarantine")
_STORED = (
    *(contract.with_vintage() for contract in TABLES.values()),
    *map(_every_version, RECONCILED.values()),
)
VINTAGE_TABLES = MappingProxyType({contract.name: contract for contract in _STORED})
_VIEWS = (*TABLES, "missions", "mission_spellings", *RECONCILED, *HISTORY, *TRENDS)
RELATIONS: MappingProxyType[str, Contract] = MappingProxyType(
    {**TABLES, **REGISTRY, **RECORD, **RECONCILED, **HISTORY, **DERIVED, **BUILT, **REFUSALS, **PUBLIC}
    | {**VINTAGE_TABLES, **TRENDS}
    | {name: _ALL[name].published() for name in _VIEWS}
)
