"""The published file: complete, self-contained, replaced in one step, and closed to all else."""

import datetime
import json
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import schemas
from pipelines import sql
from pipelines.cli import build
from pipelines.lake import Lake
from pipelines.publish import catalogue, published, release, views
from schemas.errors import LakeError, UsageError
from tests.support import building, output_of
from tests.support.building import RELEASE, VERSIONS
from tests.support.cases import cases
from tests.support.lakes import OTHER_CODE, PLAN, open_lake, record


def base(*editions: building.Tables, release: str = RELEASE) -> building.Tables:
    """Base tables of editions, with two releases of which the one to publish is not the youngest."""
    return building.base_tables(*editions) | {"releases": building.releases((release, 1), ("f" * 12, 1))}


def edition(year: int, deployed: int) -> building.Tables:
    rows = [{"mission_id": "unifil", "deployed_military": deployed, "inferred": True}]
    mandates = [{"mission_id": "unifil"}]
    return building.edition_tables(year, rows, mandates=mandates, footnotes=["one"], sections=["One"])


def publish(target: Path, tables: building.Tables, release: str = RELEASE) -> None:
    published.publish(target, tables, release_id=release, head="vintage:2024:1", public="p")


def ask(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """Figures from a view and from the table beneath it: of one file, they agree."""
    return connection.execute(
        "SELECT t.edition_year, t.deployed_total_computed, p.deployed_military "
        "FROM mission_trends t JOIN personnel_vintages p USING (edition_year, mission_id) ORDER BY 1"
    ).fetchall()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published file of two editions."""
    target = tmp_path_factory.mktemp("published") / "jvom.duckdb"
    publish(target, base(edition(2023, 1), edition(2024, 3)))
    return target


@pytest.fixture
def target(file: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(file, tmp_path))


def test_a_fresh_process_opens_it_without_an_extension(target: Path, tmp_path: Path) -> None:
    code = (
        "import duckdb, json, sys\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "names = c.execute('SELECT table_schema, table_name FROM information_schema.tables').fetchall()\n"
        "rows = {f'{s}.{n}': len(c.execute(f'FROM {s}.{n}').fetchall()) for s, n in names}\n"
        "sql = 'SELECT extension_name FROM duckdb_extensions() WHERE loaded AND install_mode != ?'\n"
        "print(json.dumps([rows, c.execute(sql, ['STATICALLY_LINKED']).fetchall()]))"
    )
    answer = output_of(sys.executable, "-c", code, target, HOME=str(tmp_path / "no-home"))
    rows, extensions = json.loads(answer)
    assert set(rows) == {contract.qualified for contract in schemas.RELATIONS.values()}
    assert extensions == []
    assert rows["main.personnel"] == 2
    assert rows["record.mission_history"] == 1


def test_whatever_it_is_attached_as_every_view_and_macro_answers(target: Path) -> None:
    """From memory, from another file with relations of the same names, and by the name that DuckDB gives."""
    calls = (
        *("personnel_as_of(TIMESTAMP '2030-01-01'", "mandates_as_of(TIMESTAMP '2030-01-01'"),
        *("trace('unifil', 2024, 'deployed_military'", "inferences_of(2024, 1"),
    )
    with duckdb.connect() as other:
        other.execute("CREATE TABLE personnel AS SELECT 1 AS edition_year; CREATE SCHEMA vintages")
        other.execute("CREATE TABLE vintages.personnel_vintages AS SELECT 1 AS edition_year")
        other.execute(f"ATTACH '{target}' AS \"the file\" (READ_ONLY)")
        for contract in schemas.RELATIONS.values():
            other.execute(f'FROM "the file".{contract.qualified}').fetchall()
        for call in calls:
            assert other.execute(f'SELECT * FROM "the file" . {call})').fetchall()
            assert other.execute(f"FROM \"the file\".main.{call}, attached_as := 'the file')").fetchall()
        other.execute('USE "the file"')
        assert all(other.execute(f"FROM {of}{call})").fetchall() for call in calls for of in ("", "main."))
        other.execute("USE memory")
        other.execute('DETACH "the file"')
        other.execute(f"ATTACH '{target}' (READ_ONLY)")
        assert all(other.execute(f"FROM jvom.{call})").fetchall() for call in calls)
        second = shutil.copy(target, target.with_name("second.duckdb"))
        second.chmod(0o644)
        with duckdb.connect(str(second)) as changed:
            changed.execute("UPDATE internal.build_info SET value = 'another' WHERE key = 'release_id'")
        other.execute(f"ATTACH '{second}' (READ_ONLY); USE second")
        for call in calls:
            assert other.execute(f"FROM JVOM.{call})").fetchall()
            # In a view no query has the name: the file in use is another release.
            other.execute(
                f"CREATE OR REPLACE VIEW memory.main.kept AS FROM jvom.{call}, attached_as := 'jvom')"
            )
            assert other.execute("FROM memory.main.kept").fetchall()
            other.execute(f"CREATE OR REPLACE VIEW memory.main.kept AS FROM jvom.{call})")
            with pytest.raises(duckdb.InvalidInputException, match="another file than its own"):
                other.execute("FROM memory.main.kept").fetchall()


def test_every_relation_has_its_columns_types_and_comments(target: Path) -> None:
    with published.connect(target) as connection:
        columns: dict[str, list[tuple[str, str, str]]] = {}
        for relation, name, kind, comment in connection.execute(
            "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal "
            "ORDER BY table_name, column_index"
        ).fetchall():
            columns.setdefault(relation, []).append((name, kind.replace('"', ""), comment))
        comments = dict(
            connection.execute(
                "SELECT table_name, comment FROM duckdb_tables() UNION ALL "
                "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        )
    for name, contract in schemas.RELATIONS.items():
        assert comments[name] == contract.documentation
        relation = catalogue.relations()[name]
        assert columns[name] == [(each.name, each.sql_type, each.comment) for each in relation.columns]
        assert all(each.comment.startswith(contract[each.name].documentation) for each in relation.columns)


def test_what_the_file_says_of_itself(target: Path) -> None:
    with published.connect(target) as connection:
        lineage = connection.execute(
            "SELECT relation, \"column\", source_relation || '.' || source_column FROM column_lineage"
        ).fetchall()
        facts = dict(connection.execute("SELECT key, value FROM build_info").fetchall())
        required = connection.execute(
            "SELECT requirement FROM contract_checks WHERE column_name = 'deployed_military' "
            "AND table_name = 'personnel' ORDER BY position"
        ).fetchall()
    assert ("mission_history", "name", "mission_trends.name") in lineage
    assert {(relation, column) for relation, column, _ in lineage} == {
        (view, column) for view, of in views.lineage().items() for column, found in of.items() if found
    }
    assert (facts["release_id"], facts["lake_head"], facts["publishing_version"]) == (
        RELEASE,
        "vintage:2024:1",
        None,
    )
    assert ("must be 0 or more",) in required


def test_rows_are_what_was_given_and_views_what_they_are_in_memory(target: Path) -> None:
    given = base(edition(2023, 1), edition(2024, 3))
    with published.connect(target) as connection:
        for name, table in views.evaluate(given).items():
            rows = connection.sql(f"FROM {name} ORDER BY {', '.join(schemas.RELATIONS[name].key)}")
            assert rows.to_arrow_table().to_pylist() == table.to_pylist()
        for name, contract in published.base_contracts().items():
            found = connection.execute(f"FROM {name}").to_arrow_table().cast(contract.arrow)
            rows = given[name].to_pylist()
            if name == "releases":
                rows.reverse()  # this one last
            else:
                rows.sort(key=lambda row, key=contract.key: tuple(str(row[column]) for column in key))
            assert found.to_pylist() == rows


def test_an_older_storage_version_and_no_write_permission(target: Path) -> None:
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    with published.connect(target) as connection:
        (tags,) = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'jvom'"
        ).fetchone() or ({},)
    assert tags["storage_version"] == "v1.0.0+"


def test_whoever_has_it_open_keeps_a_whole_old_file(target: Path) -> None:
    code = (
        "import sys, duckdb\n"
        "c = duckdb.connect(sys.argv[1], read_only=True)\n"
        "for line in sys.stdin:\n"
        "    print(c.execute(line).fetchall(), flush=True)\n"
    )
    total = "SELECT sum(deployed_total_computed), count(*) FROM mission_trends\n"
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        seen = []
        for deployed in (None, 5, 7):
            if deployed is not None:
                publish(target, base(edition(2023, deployed), edition(2024, 3)))
            reader.stdin.write(total)
            reader.stdin.flush()
            seen.append(reader.stdout.readline().strip())
        reader.stdin.close()
    assert seen == [seen[0]] * 3
    assert seen[0] == "[(4, 2)]"
    with published.connect(target) as connection:
        assert connection.execute(total).fetchall() == [(10, 2)]


def test_what_a_dead_build_left_is_removed_and_a_foreign_log_is_not_replayed(target: Path) -> None:
    """Such a log would make the new file unreadable, or change it."""
    other = target.with_name("other.duckdb")
    with duckdb.connect(str(other), config={"checkpoint_threshold": "1TB"}) as writer:
        writer.execute("PRAGMA disable_checkpoint_on_shutdown")
        writer.execute("CREATE TABLE t AS SELECT 1")
    other.with_name("other.duckdb.wal").rename(target.with_name("jvom.duckdb.wal"))
    other.unlink()
    for name in ("building", "building.wal", "building-123"):
        target.with_name(f"{target.name}.{name}").touch()
    publish(target, base(edition(2024, 3)))
    assert [path.name for path in target.parent.iterdir()] == ["jvom.duckdb"]
    with published.connect(target) as connection:
        assert ask(connection) == [(2024, 3, 3)]


def test_a_build_that_fails_leaves_the_file_as_it_was(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = target.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(views, "macros", lambda _: ["CREATE VIEW v AS FROM nowhere"])
        with pytest.raises(duckdb.CatalogException):
            publish(target, base())
    with pytest.raises(ValueError, match="not among the releases"):
        publish(target, base(), release="a" * 12)
    with pytest.raises(LakeError, match="cannot be written") as failure:
        publish(target / "in-a-file.duckdb", base())
    assert failure.value.hint is not None
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["jvom.duckdb"]


@cases("query", "words")
def test_queries_reach_the_file_and_nothing_else(target: Path, query: str, words: str) -> None:
    with published.connect(target) as connection:
        with pytest.raises(UsageError, match=words) as failure:
            published.ask(connection, query)
        assert failure.value.exit_code == 2
        assert failure.value.hint is not None
        assert published.ask(connection, "SELECT 1 AS one, 2 AS two") == ["one", "two"]
        assert connection.fetchall() == [(1, 2)]


def test_no_file_or_no_database_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    path = tmp_path / "jvom.duckdb"
    assert published.state(path) is None
    with pytest.raises(LakeError, match="nothing is published yet") as failure:
        published.connect(path)
    assert (failure.value.exit_code, failure.value.hint) == (3, "run jvom build")
    path.write_text("not a database")
    assert published.state(path) is None
    with pytest.raises(LakeError, match="cannot be opened") as failure:
        published.connect(path)
    assert str(failure.value.hint).startswith("delete it")
    path.unlink()
    duckdb.connect(str(path)).close()
    assert published.state(path) is None  # a database, but not ours: to be replaced
    publish(path, base(edition(2024, 3)))
    assert published.state(path)
    path.chmod(0o644)
    with duckdb.connect(str(path)), pytest.raises(LakeError, match="configuration") as failure:
        published.connect(path)
    assert str(failure.value.hint).startswith("close it")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE internal.build_info")
    assert published.state(path) is None  # it does not say what it was built from


@pytest.mark.commands
def test_the_state_is_what_the_lake_was(tmp_path: Path) -> None:
    lake = open_lake(tmp_path)
    for step in PLAN:
        record(lake, step)
    publish_lake(lake, tmp_path / "jvom.duckdb")
    state = published.state(tmp_path / "jvom.duckdb")
    assert state is not None
    assert (state.release_id, state.contract_version) == (RELEASE, schemas.CONTRACT_VERSION)
    assert state.head == lake.head() == f"release:{RELEASE}"
    assert state.code == "it's 1"
    assert state.editions == {year: lake.edition_state(year) for year in (2021, 2022, 2023)}
    record(lake, (2021, "second", OTHER_CODE, 4))
    assert lake.head() != state.head  # the file is behind the lake
    publish_lake(lake, tmp_path / "jvom.duckdb")
    again = published.state(tmp_path / "jvom.duckdb")
    assert again is not None
    assert again.editions[2021].versions == (VERSIONS, OTHER_CODE)
    assert again.head == lake.head()


def publish_lake(lake: Lake, target: Path) -> None:
    """Publish as a build does: release recorded, then everything read and published under the lock."""
    with lake.writer():
        lake.add_release(
            {
                "release_id": RELEASE,
                "contract_version": schemas.CONTRACT_VERSION,
                "snapshot_id": 1,
                "vintages": [],
                "tool_versions": [],
            }
        )
        head, read = lake.head(), lake.read()
        missions = set(read["personnel_vintages"]["mission_id"].to_pylist())
        none = {"quarantine": schemas.REFUSALS["quarantine"].table([])}
        tables = read | building.registry_tables(missions) | building.public_tables() | none
        published.publish(target, tables, release_id=RELEASE, head=head, code="it's 1")


def test_same_content_same_release() -> None:
    tables = base(edition(2023, 1), edition(2024, 3))
    known = release.release_id(tables, "views")
    assert len(known) == 12

    def changed(name: str, column: str, value: object) -> str:
        table = tables[name]
        place = table.column_names.index(column)
        values = pa.array([value] * table.num_rows, table.field(column).type)
        return release.release_id(
            {**tables, name: table.set_column(place, table.field(column), values)}, "views"
        )

    stamps = {"run_id": "x", "actor": "x", "snapshot_id": 99, "git_commit": "x"}
    assert {changed("vintages", name, value) for name, value in stamps.items()} == {known}
    assert release.release_id({**tables, "vintages": tables["vintages"].take([1, 0])}, "views") == known
    others = {
        changed("vintages", "content_hash", "0" * 64),
        changed("vintages", "vintage", 7),
        changed("vintages", "cause", "withdrawn"),
        changed("mission_registry", "region", "Elders"),
        release.release_id(tables, "other views"),
        known,
    }
    assert len(others) == 6


def test_a_document_under_two_years_is_told_of_whichever_came_last(tmp_path: Path) -> None:
    dates = datetime.date(2023, 5, 1), datetime.date(2024, 4, 30)
    source = building.source_file(2023)
    one, two = (
        building.edition_tables(
            year, [{"mission_id": "unifil"}], period=dates, source=replace(source, edition_year=year)
        )
        for year in (2023, 2024)
    )
    with published.connect(building.publish(tmp_path / "file", building.base_tables(one, two))) as connection:
        for year, other in ((2023, 2024), (2024, 2023)):
            told = [row["message"] for row in sql.rows(connection, build._TWICE, years=[year])]
            assert f"Edition {year} has the very bytes of edition {other}." in told
        assert not sql.rows(connection, build._TWICE, years=[2022])
