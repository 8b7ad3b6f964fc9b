"""What Dagster hands to the assets: the warehouse's addresses, and the stage.

The stage passes a value from one asset to the next, in one file per asset and year. It is not a record: its
folder may be deleted at any time, and a run from `source` on writes it again. A file is one line of JSON (the
kind of value, its fields, the names of its tables), then the tables as Arrow streams.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from pipelines import files, settings
from pipelines.lake import Lake, RuleResults
from pipelines.model import Document, Line, SourceFile
from pipelines.orchestration.failures import as_dagster_failure
from schemas.errors import LakeError


class Warehouse(dg.ConfigurableResource[None]):
    raw: str
    warehouse: str
    catalog: str
    data: str

    def settings(self) -> settings.Settings:
        return settings.Settings(Path(self.raw), Path(self.warehouse), self.catalog, self.data)

    def lake(self) -> Lake:
        return Lake(self.catalog, self.data, Path(self.warehouse))


_NUMBER, _TEXT = pa.int32(), pa.string()
_LINES = pa.schema([("number", _NUMBER), ("page", _NUMBER), ("text", _TEXT), ("on_page", _NUMBER)])


def _take_apart(value: object) -> tuple[str, dict[str, Any], Mapping[str, pa.Table]]:
    """The kind of a value, its plain fields, and its tables."""
    match value:
        case SourceFile():
            return "source", asdict(value), {}
        case Document():
            lines = pa.Table.from_pylist([asdict(line) for line in value.lines], _LINES)
            return "document", {**vars(value), "lines": None}, {"lines": lines}
        case pa.Table():
            return "table", {}, {"rows": value}
        case RuleResults():
            return "rule results", {**vars(value), "tables": None}, value.tables
    raise TypeError(f"a {type(value).__name__} cannot be staged")


def _put_together(kind: str, fields: dict[str, Any], tables: Mapping[str, pa.Table]) -> Any:
    match kind:
        case "source":
            return SourceFile(**fields)
        case "document":
            lines = tuple(Line(**row) for row in tables["lines"].to_pylist())
            return Document(**{**fields, "lines": lines, "page_labels": tuple(fields["page_labels"])})
        case "table":
            return tables["rows"]
        case "rule results":
            return RuleResults(**{**fields, "tables": tables})
    raise ValueError(f"{kind!r} is not a kind of value")


def dump(value: object) -> bytes:
    """A staged value as bytes. Raises TypeError for a class that is not staged."""
    kind, fields, tables = _take_apart(value)
    file = io.BytesIO()
    file.write(json.dumps({"kind": kind, "fields": fields, "tables": list(tables)}).encode() + b"\n")
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
    return _put_together(header["kind"], header["fields"], tables)


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
