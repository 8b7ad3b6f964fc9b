"""The package of a release: what it says of itself is true, and valid by the standards."""

import csv
import datetime
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pyarrow.parquet as pq
import pyshacl
import pytest
import rdflib
import yaml

import schemas
from pipelines import files, sql
from pipelines.harmless import unguarded
from pipelines.publish import package, published
from pipelines.publish.package import LEFT_OUT, Release
from tests.support import building

STANDARDS = Path(__file__).with_name("standards")
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
HOSTILE = 'A "title" <script>\n> . <urn:x> \\ é'


@pytest.fixture(scope="module")
def folder(built: Path) -> Path:
    """The package as `jvom build` wrote it."""
    (release,) = (built / "releases").iterdir()
    return release


@pytest.fixture(scope="module")
def descriptor(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_bytes())
    return found


@pytest.fixture(scope="module")
def file(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of which the package is."""
    with published.connect(built / "jvom.duckdb") as connection:
        yield connection


@pytest.fixture(scope="module")
def release(file: duckdb.DuckDBPyConnection) -> Release:
    return package.release_of(file)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_descriptor_keeps_the_standard(descriptor: dict[str, Any]) -> None:
    standard = json.loads((STANDARDS / "data-package-2.0.json").read_bytes())
    validator = jsonschema.Draft7Validator(standard)
    validator.validate(descriptor)
    assert not validator.is_valid(descriptor | {"resources": [{"name": "no path and no data"}]})


def test_every_relation_of_the_release_is_there_in_both_formats(descriptor: dict[str, Any]) -> None:
    names = {resource["name"] for resource in descriptor["resources"]}
    relations = schemas.RELATIONS.keys() - set(LEFT_OUT)
    assert names == relations | {f"{name}-parquet" for name in relations}


def test_hashes_are_those_of_the_files(folder: Path, descriptor: dict[str, Any]) -> None:
    for resource in descriptor["resources"]:
        path = folder / resource["path"]
        assert resource["hash"] == f"sha256:{sha256(path)}"
        assert resource["bytes"] == path.stat().st_size
    listed = dict(
        reversed(line.split("  ", 1)) for line in (folder / package.HASHES).read_text().splitlines()
    )
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert listed.keys() == files - {package.HASHES, "manifest.json", ".built"}
    assert {path: sha256(folder / path) for path in listed} == listed


def test_fields_say_what_the_contracts_say(descriptor: dict[str, Any]) -> None:
    for resource in descriptor["resources"]:
        if resource["format"] != "csv":
            continue
        contract, schema = schemas.RELATIONS[resource["name"]], resource["schema"]
        said = [(f["name"], f["description"], f.get("unit")) for f in schema["fields"]]
        assert said == [(c.name, c.description, c.unit) for c in contract.columns]
        assert schema["primaryKey"] == list(contract.key)
        for key in schema.get("foreignKeys", ()):
            assert key["reference"]["resource"] in schemas.RELATIONS.keys() - set(LEFT_OUT)
    (personnel,) = (r for r in descriptor["resources"] if r["name"] == "personnel")
    fields = {field["name"]: field for field in personnel["schema"]["fields"]}
    assert fields["deployed_military"]["constraints"] == {"minimum": 0}
    assert fields["mission_id"]["constraints"]["required"]


def test_another_duckdb_reads_the_parquet(
    folder: Path, descriptor: dict[str, Any], file: duckdb.DuckDBPyConnection
) -> None:
    with duckdb.connect() as other:
        for resource in descriptor["resources"]:
            if resource["format"] != "parquet":
                continue
            contract = schemas.RELATIONS[resource["name"].removesuffix("-parquet")]
            order = ", ".join(f'"{name}"' for name in contract.key)
            read = other.read_parquet(str(folder / resource["path"]))
            assert read.columns == list(contract.names)
            assert [str(kind) for kind in read.types] == [
                str(kind) for kind in file.table(contract.name).types
            ]
            assert read.order(order).fetchall() == file.table(contract.name).order(order).fetchall()


def parsed(text: str, kind: str) -> object:
    """A cell of a CSV file by the type that the descriptor gives its column."""
    if text == "":
        return None
    if kind in ("array", "object"):
        return json.loads(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    read = {
        "integer": int,
        "number": float,
        "string": unguarded,
        "date": datetime.date.fromisoformat,
        "datetime": datetime.datetime.fromisoformat,
    }[kind]
    return read(text)  # type: ignore[operator]


def as_csv(value: object) -> object:
    """A value as far as CSV can tell it: an empty text is a blank, as the package's README says."""
    if isinstance(value, list | dict):
        return json.loads(json.dumps(value))
    return None if value == "" else value


def test_csv_reads_back_by_its_declared_types(
    folder: Path, descriptor: dict[str, Any], file: duckdb.DuckDBPyConnection
) -> None:
    for resource in descriptor["resources"]:
        if resource["format"] != "csv":
            continue
        contract = schemas.RELATIONS[resource["name"]]
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as stream:
            heading, *rows = csv.reader(stream)
        kinds = [field["type"] for field in resource["schema"]["fields"]]
        assert heading == list(contract.names)
        expected = file.table(contract.name).order(", ".join(f'"{name}"' for name in contract.key)).fetchall()
        read = [tuple(parsed(text, kind) for text, kind in zip(row, kinds, strict=True)) for row in rows]
        assert read == [tuple(map(as_csv, row)) for row in expected]


def graph(turtle: bytes) -> rdflib.Graph:
    return rdflib.Graph().parse(data=turtle, format="turtle", publicID="https://data.example/jvom/dcat.ttl")


def test_the_catalogue_record_keeps_the_profile_and_points_at_the_files_beside_it(folder: Path) -> None:
    shapes = rdflib.Graph().parse(STANDARDS / "dcat-ap-nl.ttl")
    record = graph((folder / "dcat.ttl").read_bytes())
    sound, _, said = pyshacl.validate(record, shacl_graph=shapes)
    assert sound, said
    for address in record.objects(None, DCAT.downloadURL):
        assert (folder / str(address).removeprefix("https://data.example/jvom/")).is_file()
    for predicate in (DCT.license, DCT.creator, DCAT.contactPoint, DCAT.theme):  # the profile tells
        lacking = graph((folder / "dcat.ttl").read_bytes())
        lacking.remove((None, predicate, None))
        assert not pyshacl.validate(lacking, shacl_graph=shapes)[0], predicate


def test_hostile_words_stay_words(release: Release) -> None:
    """What a catalogue or document says cannot become a statement, or break a file."""
    edition = release.editions[0] | {"title": HOSTILE, "source_url": f"https://x.example/{HOSTILE}"}
    planted = replace(release, editions=[edition])
    documents = package.describe(planted, [])
    plain = graph(package.describe(release, [])["dcat.ttl"])
    record = graph(documents["dcat.ttl"])
    assert len(record) == len(plain) + 1  # the source's address, and nothing else
    (address,) = record.objects(None, DCT.source)
    assert not set('<>" \n\\') & set(str(address))
    cited = yaml.safe_load(documents["CITATION.cff"])
    assert cited["references"][0]["title"] == HOSTILE


def test_the_citation_names_the_release_and_its_licence(folder: Path, release: Release) -> None:
    cited = yaml.safe_load((folder / "CITATION.cff").read_bytes())
    assert cited["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= cited.keys()
    assert (cited["version"], cited["license"]) == (release.release_id, "CC0-1.0")
    assert cited["date-released"] == release.published_at.date()
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert "CC0-1.0" in readme
    assert "Apache-2.0" in readme


def test_the_same_release_gives_the_same_bytes(
    folder: Path, file: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    others = {name: (folder / name).read_bytes() for name in ("changes.md", "dictionary.md")}
    again = package.build(file, tmp_path, others)
    for path, made in again.items():
        assert made.read_bytes() == (folder / path).read_bytes(), path


def test_rows_that_are_written_some_editions_at_a_time_are_all_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"mission_id": name, "deployed_military": 3} for name in ("unifil", "untso")]
    base = building.base_tables(*(building.edition_tables(year, rows) for year in (2019, 2020, 2021)))
    base |= building.registry_tables(["unifil", "untso"])
    made = []
    with published.connect(building.publish(tmp_path / "file.duckdb", base)) as connection:
        for at_once in (sql.AT_ONCE, 2, 1):
            monkeypatch.setattr(sql, "AT_ONCE", at_once)
            made.append(package.build(connection, tmp_path / str(at_once), {}))
    groups = [pq.ParquetFile(files["data/personnel_vintages.parquet"]).num_row_groups for files in made]
    assert groups == [1, 2, 3]
    for path in (path for path in made[0] if path.startswith("data/")):
        read = pq.read_table if path.endswith(".parquet") else Path.read_bytes
        assert read(made[0][path]) == read(made[1][path]) == read(made[2][path]), path


def test_the_workbook_has_five_sheets_of_plain_values(folder: Path) -> None:
    with zipfile.ZipFile(folder / package.WORKBOOK) as book:
        sheets = re.findall(r'<sheet name="(\w+)"', book.read("xl/workbook.xml").decode())
        texts = book.read("xl/sharedStrings.xml").decode()
        rows = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [
            entry for entry in book.infolist() if entry.date_time[0] != 1980
        ]  # the same bytes each time
    assert sheets == ["missions", "totals", "mandates", "findings", "about"]
    assert {"deployed_total_computed", "Midden-Oosten", "Middle East", "country_as_printed", "remark"} <= set(
        re.findall(r"<t[^>]*>([^<]*)<", texts)
    )
    assert "<v>1790</v>" in rows
    assert "<f>" not in rows


def test_what_is_as_in_the_release_before_is_one_file_with_it(tmp_path: Path) -> None:
    rows = [{"mission_id": name, "deployed_military": 3} for name in ("unifil", "untso")]
    editions = [building.edition_tables(year, rows) for year in (2020, 2021)]
    made: list[dict[str, bytes]] = []
    for name, read, like in (("first", editions[:1], None), ("second", editions, tmp_path / "first")):
        base = building.base_tables(*read) | building.registry_tables(["unifil", "untso"])
        with published.connect(building.publish(tmp_path / f"{name}.duckdb", base)) as connection:
            written = package.build(connection, tmp_path / f"{name}.aside", {})
        made.append({path: file.read_bytes() for path, file in written.items()})
        files.put_folder(tmp_path / name, written, name, like=like)
    for path in made[0]:
        one, two = (tmp_path / name / path for name in ("first", "second"))
        assert one.samefile(two) == (made[0][path] == made[1][path]), path
    assert sum((tmp_path / "second" / path).stat().st_nlink == 2 for path in made[1]) > len(made[1]) / 4
