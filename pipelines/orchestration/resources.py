"""What Dagster hands to the assets: the warehouse's addresses, and the stage.

The stage passes a value from one asset to the next, in one file per run, asset and year. It is not a record:
its folder may be deleted at any time, and a run from `source` on writes it again. A file is one line of JSON
(the kind of value, its fields, the names of its tables), then the tables as Arrow streams: to read one runs
no code of whoever wrote it.
"""

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from pipelines import files, settings
from pipelines.lake import Lake, RuleResults, attend
from pipelines.model import Document, Line, SourceFile
from pipelines.orchestration.failures import as_dagster_failure, take_up
from pipelines.store import place
from schemas.errors import LakeError

KEPT = 86_400.0  # seconds that a staged value stays at least


class Warehouse(dg.ConfigurableResource[None]):
    raw: str
    warehouse: str
    catalog: str
    data: str
    store: str = ""
    public_data: str = ""

    def settings(self) -> settings.Settings:
        shared = place(self.store) if self.store else None
        return settings.Settings(
            place(self.raw),
            Path(self.warehouse),
            self.catalog,
            self.data,
            shared,
            public_data=self.public_data,
        )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """From here on every machine can see that this process works on the run."""
        if context.run is not None and context.instance is not None:
            with as_dagster_failure():
                take_up(context.instance, context.run.run_id)
                attend(self.catalog, context.run.run_id)

    def lake(self) -> Lake:
        return Lake.of(self.settings())


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
    """Keeps the value of each asset and year under `folder` and the run that made it.

    So that runs do not get each other's values, on whatever machine their steps are. In a folder what is
    older than a day goes when a run begins; in a bucket that is for the bucket's own rule.
    """

    folder: str

    def _path(self, context: dg.InputContext | dg.OutputContext, run_id: str) -> Path:
        return place(self.folder).joinpath(run_id, *context.asset_key.path, f"{context.partition_key}.stage")

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        if obj is None:
            return
        path = self._path(context, context.run_id)
        with as_dagster_failure(), files.writable(str(path), "free some disk space, or mend the folder"):
            files.drop_older(place(self.folder), KEPT, but=context.run_id)
            files.put(path, dump(obj))

    def load_input(self, context: dg.InputContext) -> Any:
        with as_dagster_failure():
            path = self._path(context, _made_by(context))
            try:
                return load(path.read_bytes())
            except (OSError, ValueError, TypeError, KeyError) as error:
                name = context.asset_key.to_user_string()
                raise LakeError(
                    f"the value of {name} for {context.partition_key} is not in the stage, or cannot be read",
                    file=str(path),
                    hint=f"materialise {name} again, or run the whole job",
                ) from error


def _made_by(context: dg.InputContext) -> str:
    """The run whose value is to be loaded: this one, the one that it resumes, or else the last to make it."""
    with suppress(dg.DagsterInvariantViolationError):
        # Where an asset is asked for alone, Dagster stands in for a run that made the one before it.
        if context.upstream_output is not None and (run_id := context.upstream_output.run_id)[:2] != "__":
            return run_id
    of = dg.AssetRecordsFilter(context.asset_key, asset_partitions=[context.partition_key])
    records = context.step_context.instance.fetch_materializations(of, limit=1).records
    return records[0].run_id if records else "no run"
