"""The files between assets: what goes in comes out, by the run that made it."""

import os
import pickle
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

import schemas
from pipelines.lake import RuleResults
from pipelines.model import Document, Line, SourceFile
from pipelines.orchestration import resources as stage

SOURCE = SourceFile(2024, "raw/2024/report.pdf", "0" * 64, 12, "pdf", "official file")
LINES = (Line(1, 1, "  één", 1), Line(2, 2, "", 1), Line(3, 2, "Totaal 3"))
TABLES = {name: contract.as_read().table([]) for name, contract in schemas.RECONCILED.items()}


def context(run_id: str = "a run") -> dg.OutputContext:
    key = dg.AssetKey(["tables", "personnel"])
    return dg.build_output_context(asset_key=key, partition_key="2024", run_id=run_id)


@pytest.mark.parametrize(
    "value",
    [
        SOURCE,
        Document("raw/2024/report.pdf", "0" * 64, "pdf", LINES, ("1", None)),
        Document("raw/2024/report.txt", "0" * 64, "text", (), ()),
        pa.table({"mission_id": ["unifil", None], "spans": [[{"page": 1}], []]}),
        RuleResults(TABLES, "rules", "content"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    assert stage.load(stage.dump(value)) == value


def test_nothing_else_can_be_staged() -> None:
    with pytest.raises(TypeError, match="a set cannot be staged"):
        stage.dump({1})


@pytest.mark.parametrize(
    "left", [b"", b"\x80\x05.", b'{"kind": "table"}\n', b'{"kind": "?", "tables": []}\n']
)
def test_what_cannot_be_read_is_refused_and_the_error_says_what_to_do(tmp_path: Path, left: bytes) -> None:
    manager = stage.Stage(folder=str(tmp_path))
    old = tmp_path / "tables" / "personnel" / "2024"  # as an older version staged it
    old.parent.mkdir(parents=True)
    old.write_bytes(pickle.dumps(TABLES["findings"]))
    os.utime(tmp_path / "tables", (0, 0))
    for written in (context(), context("another run")):
        manager.handle_output(written, TABLES["findings"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a run", "another run"]
    written = context()
    read = dg.build_input_context(upstream_output=written, asset_key=written.asset_key, partition_key="2024")
    assert manager.load_input(read) == TABLES["findings"]
    (tmp_path / "a run" / "tables" / "personnel" / "2024.stage").write_bytes(left)
    with pytest.raises(dg.Failure, match="materialise tables/personnel again"):
        manager.load_input(read)
