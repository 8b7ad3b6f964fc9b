"""What a table contract is, and everything that is derived from one.

A contract is written once, in `contracts/*.toml`. The Arrow schema, the Pandera schema, the DDL of the
lake and of the published file, the comments in DuckDB, the table schema in the Dagster UI and the
data dictionary all come from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from schemas import labels

if TYPE_CHECKING:
    import pandera.pyarrow as pap

INTEGER = pa.int32()
BIGINT = pa.int64()
TEXT = pa.string()
BOOLEAN = pa.bool_()
DATE = pa.date32()
TIMESTAMP = pa.timestamp("us")  # always UTC
DOUBLE = pa.float64()

SHA256 = r"^[0-9a-f]{64}$"
VERSION = r"^[0-9a-f]{12}$"  # hash of code, rules or facts
SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"

# `place`: where a value was read. `stamp`: who, when and where it was recorded.
# Neither counts as content: they never make a new vintage, a revision or a release.
Role = Literal["value", "place", "stamp"]

Row = Mapping[str, Any]
_EDITION = ("edition_year", "vintage")  # what a row's own key leaves out
_PLACE = ("source_page", "source_line")


@dataclass(frozen=True)
class Column:
    """One column: its type, meaning, unit, and the heading under which the report prints it.

    `one_of`, `matches` (a regular expression), `at_least` and `between` (both ends included) say what its
    values must be. `cell` is the `column_name` in `cells` of the printed cell that the value is read
    from. `formula` says in words how a value that no document prints is computed, and `reach` which rows it
    looks at: its own `row`, those of other editions (`previous edition`, `three editions`, `previous
    mandate`, `latest edition`, `every edition`), or all or some of its own (`edition`, `separate reports`,
    `other reports`, `totals row`, `totals row and edition`). `labels` names the section of `labels.toml` that
    has words for its codes; `made` is the SQL that gives it of the other columns of a view (`given`).
    """

    name: str
    dtype: pa.DataType
    description: str
    unit: str | None = None
    printed: str | None = None
    nullable: bool = False
    one_of: tuple[str, ...] = ()
    matches: str | None = None
    at_least: int | None = None
    between: tuple[Any, Any] | None = None
    role: Role = "value"
    decided: bool = False  # by a person: not content, but its change is a revision
    cell: str | None = None
    formula: str | None = None
    reach: str = "row"
    labels: str | None = None
    made: str | None = None

    @property
    def checks(self) -> list[pap.Check]:
        """What its values must be, as Pandera checks."""
        import pandera.pyarrow as pap

        checks = [pap.Check.isin(list(self.one_of))] if self.one_of else []
        checks += [pap.Check.str_matches(self.matches)] if self.matches is not None else []
        checks += [pap.Check.ge(self.at_least)] if self.at_least is not None else []
        return checks + ([pap.Check.in_range(*self.between)] if self.between else [])

    @property
    def sql_type(self) -> str:
        """The column's type in DuckDB's SQL."""
        return sql_type(self.dtype)

    @property
    def documentation(self) -> str:
        """Description, unit and printed heading in one sentence each, for comments and pages."""
        parts = [self.description]
        if self.unit:
            parts.append(f"Unit: {self.unit}.")
        if self.printed:
            parts.append(f"Printed under a heading such as: {self.printed}.")
        return " ".join(parts)


@dataclass(frozen=True)
class Reference:
    """`columns` of one table point at `target_columns` of table `target`, where not null."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class RowRule:
    """A rule over whole rows, on `columns`: `holds` gives one boolean per row of the table."""

    name: str
    description: str
    columns: tuple[str, ...]
    holds: Callable[[pa.Table], pa.ChunkedArray]


@dataclass(frozen=True)
class Contract:
    """One table or view: what a row is, its key, its columns, and what must hold.

    A row's `row_key` names it within an edition of its table: `row_prefix` and the values of its key
    but for the edition. `row_scope` is a column of the key that only the later of two rows of one
    name says. `address_prefix` is put before it where rows of several tables are named. `most` are the
    columns that say most, which a narrow terminal keeps.
    """

    name: str
    description: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()
    rules: tuple[RowRule, ...] = ()
    stage: Literal["data", "public", "registry", "record", "trend"] = "data"
    schema: str = "record"
    row_prefix: str = ""
    row_scope: str | None = None
    address_prefix: str = ""
    most: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def cell_of(self, name: str) -> str:
        """The printed cell that a column is read from; `name` itself where that is what it names."""
        return (name in self._by_name and self[name].cell) or name

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def qualified(self) -> str:
        """Its name in the published file, with its schema: `record.cells`."""
        return f"{self.schema}.{self.name}"

    @property
    def documentation(self) -> str:
        """What the relation holds, what a row is, and its key, for comments and pages."""
        return f"{self.description} One row per {self.row}; key: {', '.join(self.key)}."

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns that count as content: neither place nor stamp."""
        return tuple(column.name for column in self.columns if column.role == "value")

    @property
    def compared(self) -> tuple[str, ...]:
        """Names of the columns whose changes are revisions: content and decisions, the key aside."""
        return tuple(
            column.name
            for column in self.columns
            if column.name not in self.key and (column.role == "value" or column.decided)
        )

    @property
    def _row_names(self) -> tuple[str, ...]:
        names = tuple(name for name in self.key if name not in (*_EDITION, self.row_scope))
        return names if names or self.row_prefix else self.key

    def row_key(self, row: Row) -> str:
        """How `cells`, `revisions` and messages name a row, if no other of its edition is named alike."""
        return self.row_prefix + " ".join(str(row.get(name, "?")) for name in self._row_names)

    def row_keys(self, rows: Sequence[Row]) -> list[str]:
        """The row_key of each of the rows, of one edition or several."""
        keys = [self.row_key(row) for row in rows]
        if self.row_scope is None:
            return keys
        known = set()
        for at in sorted(range(len(rows)), key=lambda at: [rows[at].get(name) or 0 for name in _PLACE]):
            of_edition = (*map(rows[at].get, _EDITION), keys[at])
            if of_edition in known:
                scoped = f"{self.row_prefix}{rows[at].get(self.row_scope)}:"
                keys[at] = scoped + keys[at].removeprefix(self.row_prefix)
            known.add(of_edition)
        return keys

    @property
    def row_key_sql(self) -> str:
        """The row_key as an SQL expression over the table."""
        names = " || ' ' || ".join(
            name if self[name].dtype == TEXT else f"CAST({name} AS VARCHAR)" for name in self._row_names
        )
        parts = [f"'{self.row_prefix}'"] if self.row_prefix else []
        if self.row_scope:
            alike = ", ".join([name for name in self.key if name in _EDITION] + [*self._row_names])
            later = f"row_number() OVER (PARTITION BY {alike} ORDER BY {', '.join(_PLACE)}) > 1"
            parts.append(f"CASE WHEN {later} THEN {self.row_scope} || ':' ELSE '' END")
        return " || ".join([*parts, names] if names else parts)

    def address(self, row_key: str) -> str:
        """How a row is named among the rows of all tables: `untso`, `total`, `section:2.1`."""
        return self.address_prefix + row_key

    @cached_property
    def arrow(self) -> pa.Schema:
        """The table as an Arrow schema, with descriptions as field metadata."""
        return pa.schema(
            [
                pa.field(c.name, c.dtype, c.nullable, metadata={"description": c.description})
                for c in self.columns
            ]
        )

    @cached_property
    def pandera(self) -> pap.DataFrameSchema:
        """The contract as a Pandera schema (pyarrow backend): types, nulls, checks, unique key.

        Row rules are evaluated beside it (see `pipelines.validate`), so that each failing row
        can be named; Pandera 0.35 has no maps and no structs, whose types are compared there too.
        """
        import pandera.pyarrow as pap

        return pap.DataFrameSchema(
            {
                c.name: pap.Column(
                    None if pa.types.is_map(c.dtype) or pa.types.is_struct(c.dtype) else c.dtype,
                    c.checks,
                    nullable=c.nullable,
                    description=c.description,
                    metadata={"unit": c.unit, "printed": c.printed, "role": c.role},
                )
                for c in self.columns
            },
            name=self.name,
            description=self.description,
            unique=list(self.key),
            strict=True,
            ordered=True,
            metadata={"key": self.key, "row": self.row},
        )

    @property
    def ddl(self) -> str:
        """Column definitions for CREATE TABLE; NOT NULL where the contract says so."""
        return ", ".join(f'"{c.name}" {c.sql_type}{"" if c.nullable else " NOT NULL"}' for c in self.columns)

    def published(self) -> Contract:
        """The contract of a view for readers: beside its own columns the name of a mission, the parts of a
        struct (`side_a` → `a_value`) and, in `main`, the words for a code (`region_nl`, `region_en`)."""
        columns: list[Column] = []
        for column in self.columns:
            columns.append(column)
            if column.name == "mission_id" and "name" not in self.names:
                about = "Short name of the mission."
                columns.append(Column("name", TEXT, about, nullable=True, made="named.name"))
            if pa.types.is_struct(column.dtype):
                columns += _parts(column)
            if column.labels and self.schema == "main":
                columns += map(_labelled, repeat(column), labels.LANGUAGES, labels.IN_WORDS)
            if column.name == "side_b":
                about = "How many persons the sides are apart; null where they are not two numbers of them."
                columns.append(Column("persons_apart", INTEGER, about, nullable=True, made=_PERSONS_APART))
        return replace(self, columns=tuple(columns))

    def as_read(self) -> Contract:
        """The contract of the rows as they are read, before the lake stamps them."""
        return replace(self, columns=tuple(c for c in self.columns if c.role != "stamp"))

    def with_vintage(self) -> Contract:
        """The contract of `<name>_vintages`: the same rows for every vintage ever recorded."""
        vintage = Column(
            "vintage",
            INTEGER,
            "Which recorded reading of the edition the row belongs to: 1, 2, 3 … per edition_year.",
            at_least=1,
            role="stamp",
        )
        kept = tuple(c for c in self.columns if c.name != "vintage")
        return replace(
            self,
            name=f"{self.name}_vintages",
            description=f"{self.description} Every vintage ever recorded.",
            row=f"{self.row}, in each vintage",
            key=("edition_year", "vintage", *(k for k in self.key if k != "edition_year")),
            columns=(kept[0], vintage, *kept[1:]),
            references=(),
            schema="vintages",
        )

    def table(self, rows: list[dict[str, object]]) -> pa.Table:
        """Rows as an Arrow table of exactly this contract's columns; absent keys become null.

        Raises pyarrow.ArrowInvalid or ArrowTypeError where a value does not fit its column.
        """
        return pa.Table.from_pylist(rows, schema=self.arrow)


_PERSONS_APART = (
    "CASE WHEN regexp_matches(struct_extract(given.side_a, 'column_name'), '^(frame|deployed|rotation)_') "
    "THEN abs(TRY_CAST(struct_extract(given.side_a, 'value') AS INTEGER)"
    " - TRY_CAST(struct_extract(given.side_b, 'value') AS INTEGER)) END"
)


def _parts(column: Column) -> Iterator[Column]:
    """A column for each field of a struct, with what differs in the names of structs before its own."""
    for field in column.dtype:
        name = f"{column.name.split('_')[-1]}_{field.name}"
        made = f"struct_extract(given.{column.name}, '{field.name}')"
        about = f"{field.name} of {column.name}; null where it has none."
        yield Column(name, field.type, about, nullable=True, role=column.role, made=made)


def _labelled(column: Column, language: str, in_words: str) -> Column:
    """The column with the words for another's codes."""
    return Column(
        f"{column.name}_{language}",
        TEXT,
        f"{column.name} in {in_words}.",
        nullable=column.nullable,
        role=column.role,
        made=labels.sql(column.labels or "", f"given.{column.name}", language),
    )


_SCALARS: dict[pa.DataType, str] = {
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.float64(): "DOUBLE",
}


def sql_type(dtype: pa.DataType) -> str:
    if pa.types.is_list(dtype):
        return f"{sql_type(dtype.value_type)}[]"
    if pa.types.is_map(dtype):
        return f"MAP({sql_type(dtype.key_type)}, {sql_type(dtype.item_type)})"
    if pa.types.is_struct(dtype):
        fields = [dtype.field(i) for i in range(dtype.num_fields)]
        return f"STRUCT({', '.join(f'{f.name} {sql_type(f.type)}' for f in fields)})"
    return _SCALARS[dtype]
