"""What Dagster hands to the assets: the warehouse's addresses, and the stage.

The stage passes a value from one asset to the next, in one file per asset and year. It is not a record: its
folder may be deleted at any time, and a run from `source` on writes it again. A file is one line of JSON (the
kind of value, its fields, the names of its tables), then the tables as Arrow streams.
"""

import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from pipelines import files, settings
from pipelines.lake import Found, Lake
from pipelines.model import Document, Line, SourceFile
from pipelines.orchestration.failures import as_dagster_failure
from schemas.errors import LakeError


class Warehouse(dg.ConfigurableResource[None]):
    """Where raw files, lake and published file are."""

    raw: str
    warehouse: str
    catalog: str
    data: str

    def settings(self) -> settings.Settings:
        return settings.Settings(Path(self.raw), Path(self.warehouse), self.catalog, self.data)

    def lake(self) -> Lake:
        return Lake(self.catalog, self.data, Path(self.warehouse))


Fields = dict[str, Any]
Tables = dict[str, pa.Table]

_LINES = pa.schema(
    [("number", pa.int32()), ("page", pa.int32()), ("text", pa.string()), ("on_page", pa.int32())]
)


@dataclass(frozen=True)
class _Kind:
    """How values of one class are taken apart into plain fields and tables, and put together again."""

    of: type
    take_apart: Callable[[Any], tuple[Fields, Tables]]
    put_together: Callable[[Fields, Tables], Any]


def _document_parts(document: Document) -> tuple[Fields, Tables]:
    fields = {name: getattr(document, name) for name in ("path", "sha256", "format", "page_labels")}
    return fields, {"lines": pa.Table.from_pylist([asdict(line) for line in document.lines], _LINES)}


def _document(fields: Fields, tables: Tables) -> Document:
    lines = tuple(Line(**row) for row in tables["lines"].to_pylist())
    return Document(**{**fields, "page_labels": tuple(fields["page_labels"])}, lines=lines)


KINDS = {
    "source": _Kind(SourceFile, lambda value: (asdict(value), {}), lambda fields, _: SourceFile(**fields)),
    "document": _Kind(Document, _document_parts, _document),
    "table": _Kind(pa.Table, lambda value: ({}, {"rows": value}), lambda _, tables: tables["rows"]),
    "rule results": _Kind(
        Found,
        lambda value: ({"rules_version": value.rules_version, "content": value.content}, dict(value.tables)),
        lambda fields, tables: Found(tables, **fields),
    ),
}


def dump(value: object) -> bytes:
    """A staged value as bytes. Raises TypeError for a class that is not in `KINDS`."""
    name = next((name for name, kind in KINDS.items() if isinstance(value, kind.of)), None)
    if name is None:
        raise TypeError(f"a {type(value).__name__} cannot be staged")
    fields, tables = KINDS[name].take_apart(value)
    file = io.BytesIO()
    file.write(json.dumps({"kind": name, "fields": fields, "tables": list(tables)}).encode() + b"\n")
    for table in tables.values():
        with pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table)
    return file.getvalue()


def load(data: bytes) -> Any:
    """The value that `dump` wrote. Raises ValueError, TypeError or KeyError on anything else."""
    file = io.BytesIO(data)
    header = json.loads(file.readline())
    tables = {}
    for name in header["tables"]:
        with pa.ipc.open_stream(file) as reader:
            tables[name] = reader.read_all()
    return KINDS[header["kind"]].put_together(header["fields"], tables)


class Stage(dg.ConfigurableIOManager):
    """Keeps the latest value of each asset and year under `folder`; what another version wrote is dropped."""

    folder: str

    def _path(self, context: dg.InputContext | dg.OutputContext) -> Path:
        return Path(self.folder, *context.asset_key.path, f"{context.partition_key}.stage")

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        if obj is None:
            return
        path = self._path(context)
        with as_dagster_failure(), files.writable(str(path), "free some disk space, or mend the folder"):
            path.with_suffix("").unlink(missing_ok=True)  # the pickle of an older version
            files.put(path, dump(obj))

    def load_input(self, context: dg.InputContext) -> Any:
        path = self._path(context)
        with as_dagster_failure():
            path.with_suffix("").unlink(missing_ok=True)
            try:
                return load(path.read_bytes())
            except (OSError, ValueError, TypeError, KeyError) as error:
                path.unlink(missing_ok=True)
                name = context.asset_key.to_user_string()
                raise LakeError(
                    f"the value of {name} for {context.partition_key} is not in the stage, or cannot be read",
                    file=str(path),
                    hint=f"materialise {name} again, or run the whole job",
                ) from error
