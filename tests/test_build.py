"""`jvom build`, `ingest`, `withdraw` and `restore` in processes of their own, and what they find to do."""

import csv
import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from test_registry import CORRECTION

import schemas
from pipelines import raw, verify, versions
from pipelines.lake import Authorship, Lake
from pipelines.orchestration.plan import plan_build
from pipelines.publish import published, rehearsal
from pipelines.publish.effects import Effects
from pipelines.settings import Settings
from schemas.errors import SourceError
from tests.support import (
    EDITION,
    OTHER_FIGURES,
    ROOT,
    Jvom,
    answer,
    changed,
    copied,
    copy_project,
    forked,
    hashes,
    options,
)
from tests.support.hostile_documents import LONGEST, pdfs, texts

OBSERVATION = (
    "untso-900,untso,,headcount,as of,2018-07,2018-07,12,,12,,high,https://example.org/,,UNTSO,2018-07"
)
CONTRIBUTIONS = """\
mission,month,personnel_type,count,level,note
UNTSO,2013-02,experts_on_mission,11,month x mission x type,
UNTSO,2013-02,individual_police,2,month x mission x type,
"""


def change(where: Settings) -> None:
    (where.raw / "2024" / EDITION.name).write_text(changed(OTHER_FIGURES), encoding="utf-8")


def tree(*folders: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and last change; readers of SQLite make its `-shm` and an empty `-wal`."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in files
        if not path.name.endswith("-shm") and (path.suffix != ".sqlite-wal" or path.stat().st_size)
    }


def shown(where: Settings, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query to the published file."""
    with published.connect(where.published) as connection:
        return connection.execute(sql).fetchall()


def test_nothing_new_writes_nothing(own: Settings, jvom: Jvom) -> None:
    before = tree(own.warehouse)
    for arguments in (["build"], ["build", "--year", 2024], ["build", "--dry-run"]):
        done = jvom(*arguments, *options(own))
        assert done.returncode == 0
        assert "Nothing new" in done.stdout
    done = jvom("ingest", EDITION, "--year", 2024, *options(own), "--json")
    assert answer(done)["nothing_new"] is True
    assert tree(own.warehouse) == before


def test_a_dry_run_writes_nothing_and_names_the_figures(own: Settings, jvom: Jvom) -> None:
    change(own)
    before = tree(own.warehouse, own.raw)
    rehearsed = answer(jvom("build", "--dry-run", *options(own), "--json"))
    same = {"published": schemas.CONTRACT_VERSION, "new": schemas.CONTRACT_VERSION}
    assert (rehearsed["lake_gains"], rehearsed["contract_version"]) == ([], same)
    (edition,) = rehearsed["editions"]
    assert edition["rows"]["personnel"] == 18
    assert {(c["row_key"], c["column_name"], c["old_value"], c["new_value"]) for c in edition["changes"]} == {
        ("untso", "deployed_military", 32, 33),
        ("untso", "deployed_total", 32, 33),
        ("total", "deployed_military", 3454, 3455),
        ("total", "deployed_total", 3473, 3474),
    }
    changed = {(c["relation"], c["column_name"]) for c in rehearsed["effects"]["changes"]}
    assert {
        ("mission_trends", "deployed_total"),
        ("edition_totals", "printed"),
        ("findings", None),
    } <= changed
    done = jvom("build", "--dry-run", *options(own))
    assert "untso" in done.stdout
    assert "findings go" in done.stdout
    assert "other bytes" in done.stderr
    assert tree(own.warehouse, own.raw) == before


def test_an_upgrade_is_rehearsed_against_the_published_file(own: Settings) -> None:
    """Relations and columns that come and go, and values that other code makes of the same record."""
    assert rehearsal.effects(own, []) == Effects([], [], [])
    own.published.chmod(0o644)
    with duckdb.connect(str(own.published)) as older:
        older.execute("CREATE TABLE gone AS SELECT 1 AS n; DROP VIEW mission_endings")
        select = "SELECT * EXCLUDE share_of_total REPLACE (missions + 1 AS missions), 1 AS other FROM was"
        older.execute(f"ALTER VIEW region_trends RENAME TO was; CREATE VIEW region_trends AS {select}")
    effects = rehearsal.effects(own, [])
    assert effects.gains == ["mission_endings", "region_trends.share_of_total"]
    assert effects.loses == ["gone", "was", "region_trends.other"]
    assert {(name, said.split()[0]) for name, _, _, _, said in effects.relations} == {
        ("region_trends", "missions")
    }


@pytest.mark.commands
def test_a_dry_run_of_a_first_build_and_of_a_document_that_is_refused(tmp_path: Path, jvom: Jvom) -> None:
    new = ("--warehouse", tmp_path / "new")
    done = jvom("build", "--dry-run", *new)
    assert done.returncode == 0, done.stderr
    assert "every figure is new" in done.stderr
    (tmp_path / "raw" / "2024").mkdir(parents=True)
    (tmp_path / "raw" / "2024" / "a.txt").write_text(changed({"UNTSO 12 32 32": "UNTZO 12 32 32"}))
    done = jvom("build", "--dry-run", "--raw", tmp_path / "raw", *new)
    assert done.returncode == 1
    assert "would be refused" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.commands
def test_a_warehouse_over_time(own: Settings, tmp_path: Path, jvom: Jvom) -> None:
    """One warehouse for all of it, because each step publishes."""
    withdraw(own, jvom)
    refuse_figures_of_other_sources(own, jvom)
    build_with_refused_documents(own, jvom)
    ingest(own, tmp_path, jvom)
    ingest_contributions(own, tmp_path, jvom)
    restore(own, jvom)
    roll_back(own, jvom)


def withdraw(own: Settings, jvom: Jvom) -> None:
    command = ("withdraw", 2024, "--reason", "the report was recalled", *options(own))
    done = answer(jvom(*command, "--json", JVOM_ACTOR="auditor"))
    assert (done["vintage"], done["shown"]) == (2, [])
    assert shown(own, "SELECT * FROM personnel") == []
    assert shown(own, "SELECT actor, cause FROM vintages WHERE vintage = 2") == [("auditor", "withdrawn")]
    assert plan_build(own).is_empty
    twice = jvom(*command)
    assert (twice.returncode, "withdrawn already" in twice.stderr) == (2, True)


def refuse_figures_of_other_sources(own: Settings, jvom: Jvom) -> None:
    """Wrong ones are named by their line and published by nothing; right ones wait for a build."""
    before, file = hashes(own), own.raw / "observations.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}{OBSERVATION.replace('2018-07,2018-07,12', '2018-08,2018-07,12')}\n")
    for command in (("build",), ("build", "--dry-run")):
        refused = jvom(*command, *options(own))
        assert refused.returncode == 1
        assert f"(line {len(text.splitlines()) + 1})" in refused.stderr
    assert hashes(own) == before
    file.write_text(f"{text}{OBSERVATION}\n", encoding="utf-8")
    rehearsed = jvom("build", "--dry-run", *options(own))
    assert "the figures of other public sources have changed" in rehearsed.stderr


def refused_documents() -> dict[int, tuple[bytes, str]]:
    """By year, with words of the refusal: lines without a known mission or date, and hostile ones."""
    kinds = ("NUL bytes", "a password", "a bomb of streams")
    hostile = [(data, words) for name, words, data in (*texts(), *pdfs()) if name in kinds]
    names = changed({"UNTSO 12 32 32": "UNTZO 12 32 32", "GPOI 4 6 6": "GPOJ 4 6 6"})
    date = changed({"2695 31 augustus 2024": "2695 31 juni 2024"})
    documents = [(names.encode(), "UNTZO"), (date.encode(), "31 juni"), *hostile]
    assert len(documents) == 2 + len(kinds)
    return dict(enumerate(documents, 2010))


def build_with_refused_documents(own: Settings, jvom: Jvom) -> None:
    """A build goes on without them, reports each, and changes nothing else."""
    documents = refused_documents()
    for year, (data, _) in {2009: (b"", ""), **documents}.items():
        (own.raw / str(year)).mkdir()
        (own.raw / str(year) / "report").write_bytes(data)
    change(own)
    (count,) = shown(own, "SELECT count(*) FROM observations")
    done = jvom("build", *options(own), "--json")
    assert done.returncode == 1
    written = json.loads(done.stdout)
    outcomes = {outcome["edition_year"]: outcome for outcome in written["editions"]}
    assert outcomes.keys() == {*documents, 2024}
    assert (outcomes[2024]["vintage"], outcomes[2024]["error"]) == (3, None)
    for words in ("raw/2009/report: is empty", "UNTZO", "GPOJ", "report.md"):
        assert words in written["error"]["message"]
    for year, (_, words) in documents.items():
        error = outcomes[year]["error"]
        for part in (words, f"raw/{year}/report", "next: "):
            assert part in error, year
        assert "Traceback" not in error
        assert len(error) < 2 * LONGEST, year
    assert shown(own, "SELECT count(*) FROM observations") == [(count[0] + 1,)]

    listed = answer(jvom("quarantine", *options(own), "--json"))
    assert [(one["edition_year"], len(one["problems"])) for one in listed] == shown(
        own, "SELECT edition_year, len(problems) FROM quarantine ORDER BY 1"
    )
    checks = answer(jvom("checks", *options(own), "--json"))
    assert [one["edition"] for one in checks if one["outcome"] == "refused"] == [*documents]
    assert {(one["check"], one["outcome"]) for one in checks if one["edition"] == 2024} >= {
        ("rules", "failed")
    }
    assert [(one["edition_year"], one["asset"], len(one["problems"])) for one in listed] == [
        (2010, "tables", 3),  # one of them: the catalogue gives that year another period
        (2011, "tables", 2),
        (2012, "document", 1),
        (2013, "document", 1),
        (2014, "document", 1),
    ]
    for one in listed:
        assert one["text"] == outcomes[one["edition_year"]]["error"]
        assert one["report"] == outcomes[one["edition_year"]]["quarantine"]
        assert Path(one["report"]).is_file()

    before = hashes(own)
    again = jvom("build", *options(own))
    assert again.returncode == 1
    assert "edition 2010 was refused" in again.stderr
    assert "views and published file" not in again.stderr
    assert hashes(own) == before
    for year in (2009, *documents):
        shutil.rmtree(own.raw / str(year))

    done = jvom("diff", 2024, 2, 3, *options(own))
    assert "untso: deployed_military 32 → 33; deployed_total 32 → 33" in done.stdout.splitlines()
    assert answer(jvom("diff", 2024, 1, 2, *options(own), "--json"))["sentences"] == [
        "edition: withdrawn no → yes"
    ]
    assert jvom("diff", 2024, 1, 9, *options(own)).returncode == 2


def ingest(own: Settings, tmp_path: Path, jvom: Jvom) -> None:
    """One that is refused leaves all as it was; one that is kept is in force, and its name is taken."""
    file, before = tmp_path / "unknown.txt", hashes(own)
    file.write_text(changed({"UNTSO 12 32 32": "UNTZO 12 32 32"}), encoding="utf-8")
    done = jvom("ingest", file, "--year", 2024, "--keep", *options(own), "--json")
    assert done.returncode == 1, done.stderr
    assert "edition 2024 was refused" in done.stderr
    assert f"run jvom onboard {file} --year 2024" in done.stderr
    assert "warehouse/sources" not in done.stderr
    assert f"ingested as: `{file}`" in next(own.quarantine.glob("2024-*/report.md")).read_text()
    for name in ("UNTZO", "UNTSO", '"vintage": null'):
        assert name in done.stdout
    assert hashes(own) == before
    assert not (own.raw / "2024" / "unknown.txt").exists()

    file = tmp_path / "corrected.txt"
    file.write_text(changed(OTHER_FIGURES) + "\n", encoding="utf-8")
    why = ("--reason", "the ministry sent a corrected one")
    command = ("ingest", file, "--year", 2024, "--keep", *why, *options(own))
    (edition,) = answer(jvom(*command, "--json"))["editions"]
    assert (edition["vintage"], edition["cause"], edition["written"]) == (4, "source changed", True)
    ((reason,),) = shown(own, "SELECT reason FROM vintages WHERE vintage = 4")
    assert reason.endswith(": the ministry sent a corrected one")
    assert (own.raw / "2024" / "corrected.txt").read_bytes() == file.read_bytes()
    assert 'path = "2024/corrected.txt"' in (own.raw / "sources.lock").read_text(encoding="utf-8")
    (row,) = answer(jvom("trend", "untso", *options(own), "--json"))
    assert row["deployed_total"] == 33
    # The older file of the same edition lies beside it; the newer one stays in force.
    assert "Nothing new" in jvom("build", *options(own)).stdout

    file.write_text(changed({}), encoding="utf-8")
    again = jvom(*command)
    assert again.returncode == 2
    assert "other bytes" in again.stderr


def ingest_contributions(own: Settings, tmp_path: Path, jvom: Jvom) -> None:
    file = tmp_path / "un.csv"
    file.write_text(CONTRIBUTIONS.replace("UNTSO", "UNTZO"), encoding="utf-8")
    refused = jvom("ingest-un", file, *options(own), "--json")
    assert "UNTZO" in json.loads(refused.stdout)["error"]["message"]
    assert not (own.warehouse / "un").exists()
    file.write_text(CONTRIBUTIONS, encoding="utf-8")
    done = jvom("ingest-un", file, *options(own))
    assert done.returncode == 0, done.stderr
    assert "vintage" not in done.stdout  # no edition was read
    assert shown(own, "SELECT count(*) FROM un_contributions") == [(2,)]
    assert jvom("build", *options(own)).stdout.startswith("Nothing new")
    (kept,) = (own.warehouse / "un").glob("*.csv")
    kept.write_text(CONTRIBUTIONS[:-1], encoding="utf-8")
    faults = [fault.where for fault in verify.verify(own).faults]
    kept.write_text(CONTRIBUTIONS, encoding="utf-8")
    assert faults == [f"un/{kept.name}"]


def restore(own: Settings, jvom: Jvom) -> None:
    back = jvom("restore", 2024, "--vintage", 1, "--reason", "the first was right", *options(own))
    assert back.returncode == 0, back.stderr
    assert "vintage 5: restored" in back.stdout
    assert "readers now see 2024 (vintage 5)" in back.stdout
    state = published.state(own.published)
    assert state is not None
    assert state.editions[2024].decided_by_hand
    assert plan_build(own).is_empty  # raw/ has the bytes of other vintages, which were set aside


def roll_back(own: Settings, jvom: Jvom) -> None:
    """To what readers saw before 2023 came in and 2024 was restored, in one commit."""
    shutil.copytree(own.raw / "2024", own.raw / "2023")
    assert jvom("build", "--year", 2023, *options(own)).returncode in (0, 1)
    releases = [name for (name,) in shown(own, "SELECT release_id FROM releases ORDER BY published_at")]
    ((published_at,),) = shown(own, f"SELECT published_at FROM releases WHERE release_id = '{releases[3]}'")
    back = ("restore", "--as-of", f"{published_at + datetime.timedelta(milliseconds=1)}", *options(own))
    before, head = hashes(own), Lake.of(own).head()
    rehearsed = answer(jvom(*back, "--dry-run", "--json"))
    assert rehearsed["release"] == releases[3]
    assert [(each["edition_year"], each["now"], each["then"]) for each in rehearsed["editions"]] == [
        (2023, "vintage 1", "nothing (withdrawn)"),
        (2024, "vintage 5", "vintage 4"),
    ]
    changes = {(c["relation"], c["edition_year"], c["row_key"]) for c in rehearsed["effects"]["changes"]}
    assert {
        ("personnel", 2024, "untso"),
        ("personnel", 2023, "untso"),
        ("mission_trends", 2024, "untso"),
    } <= changes
    assert "would see" in jvom(*back, "--dry-run").stdout
    assert (hashes(own), Lake.of(own).head()) == (before, head)
    done = answer(jvom(*back, "--reason", "2023 is not what it says", "--json", JVOM_ACTOR="auditor"))
    assert [(each["edition_year"], each["vintage"]) for each in done["editions"]] == [(2023, 2), (2024, 6)]
    assert done["shown"] == [{"edition_year": 2024, "vintage": 6}]
    newest = "SELECT DISTINCT snapshot_id, actor FROM vintages ORDER BY snapshot_id DESC LIMIT 1"
    ((_, actor),) = shown(own, newest)
    assert actor == "auditor"
    again = jvom(*back, "--reason", "again")
    assert (again.returncode, "nothing was recorded" in again.stdout) == (0, True)
    for words in ((), ("--as-of", "2001-01-01"), ("--as-of", "soon"), ("--release", "0" * 12)):
        assert jvom("restore", *words, "--reason", "x", *options(own)).returncode == 2
    checked = answer(jvom("verify", "--json", *options(own)))["checked"]
    assert (checked["editions read again"], checked["withdrawn, not read again"]) == (1, 1)


@pytest.mark.commands
def test_changed_code_and_declarations(built: Path, tmp_path: Path, jvom: Jvom) -> None:
    """In a copy of the project, whose files may be written."""
    copy_project(tmp_path)
    own = copied(built, tmp_path)
    declared, rules = tmp_path / "schemas" / "corrections.toml", tmp_path / "pipelines" / "reconcile"

    def build(*arguments: str) -> tuple[int, Any, str]:
        done = jvom("build", *arguments, "--json", cwd=tmp_path, PYTHONPATH=str(tmp_path))
        return done.returncode, json.loads(done.stdout), done.stderr

    before = published.state(own.published)
    declared.write_text(CORRECTION, encoding="utf-8")
    (rules / "another.py").write_text("# another rule\n", encoding="utf-8")
    site = sorted((own.warehouse / "site").rglob("*.html"))
    shutil.rmtree(own.warehouse / "site")
    status, answered, _ = build("--recheck")
    assert (status, [(e["vintage"], e["written"], e["reconciled"]) for e in answered["editions"]]) == (
        *(0, [(1, False, True)]),
    )
    after = published.state(own.published)
    assert before is not None
    assert after is not None
    assert answered["release_id"] == after.release_id != before.release_id
    assert after.editions[2024].rules != before.editions[2024].rules
    assert shown(own, "SELECT printed_value, corrected_value FROM corrections") == [("32", "33")]
    assert shown(own, "SELECT mission_id, deployed_military FROM mission_trends WHERE has_correction") == [
        ("untso", 32)
    ]
    assert shown(own, "SELECT kind FROM verifications") == [("read again",)]
    assert shown(own, "SELECT (SELECT count(*) FROM vintages), count(*) FROM reconciliations") == [(1, 2)]
    assert sorted((own.warehouse / "site").rglob("*.html")) == site
    assert build()[1]["nothing_new"]

    declared_otherwise(own, tmp_path, build)
    taken_back(own, declared, build)
    expired(own, declared, build)
    spelt_anew(own, tmp_path / "schemas" / "missions.toml", build)


Build = Callable[..., tuple[int, Any, str]]


def declared_otherwise(own: Settings, project: Path, build: Build) -> None:
    """A name, an organisation, seas, a relation, an observation: all that is published of them is named."""
    missions, observed = project / "schemas" / "missions.toml", own.raw / "observations.csv"
    text, given = missions.read_text(encoding="utf-8"), observed.read_text(encoding="utf-8")
    at = text.index("[[mission.relations]]")
    end = min(text.index(each, at + 2) for each in ("[[mission", "\n\n"))
    other = text[:at] + text[end:].lstrip("\n")
    for old, new in {
        'name = "UNTSO"': 'name = "Untso"',
        'id = "undof"': 'id = "undof"\nseas = ["Red Sea"]',
        'organisation = "EU"': 'organisation = "UN"',
    }.items():
        assert old in other
        other = other.replace(old, new, 1)
    first = published.state(own.published)
    missions.write_text(other, encoding="utf-8")
    observed.write_text(given.replace(",2015-01,6,,6,", ",2015-01,9,,9,", 1), encoding="utf-8")
    status, answered, said = build()
    assert status == 0, said
    assert [edition["written"] for edition in answered["editions"]] in ([], [False])
    assert first is not None
    folders = [own.releases / name / "data" for name in (first.release_id, answered["release_id"])]
    found = json.loads((folders[1].parent / "manifest.json").read_text(encoding="utf-8"))["others"]
    listed = {(each["relation"], each["column_name"]) for each in found["changes"]}
    assert {
        ("mission_relations", None),
        ("observations", "total"),
        ("missions", "seas"),
        ("personnel", "name"),
        ("organisation_trends", "deployed_military"),
        ("organisation_trends", "share_of_total"),
    } <= listed
    page = (folders[1].parent / "changes.md").read_text(encoding="utf-8").replace("\\", "")
    for contract in schemas.RELATIONS.values():
        files = [folder / f"{contract.name}.csv" for folder in folders]
        if (
            not files[0].exists()
            or "vintage" in contract.key
            or files[0].read_bytes() == files[1].read_bytes()
        ):
            continue
        was, now = (
            {tuple(row[name] for name in contract.key): row for row in csv.DictReader(file.open(newline=""))}
            for file in files
        )
        differs = {
            (contract.name, name)
            for key in was.keys() & now.keys()
            for name in contract.values
            if was[key][name] != now[key][name]
        }
        differs |= {(contract.name, None)} if was.keys() != now.keys() else set()
        assert differs == {each for each in listed if each[0] == contract.name}
        assert (f"- rows of {contract.name}: " in page) == bool(differs)
    missions.write_text(text, encoding="utf-8")
    observed.write_text(given, encoding="utf-8")
    assert build()[0] == 0


def taken_back(own: Settings, declared: Path, build: Build) -> None:
    """A restored vintage was read without the correction: that it is gone is published, nothing is read."""
    correction, report = declared.read_text(encoding="utf-8"), own.raw / "2024" / EDITION.name
    declared.write_text("", encoding="utf-8")
    report.write_text(changed(OTHER_FIGURES), encoding="utf-8")
    assert build()[1]["editions"][0]["vintage"] == 2
    Lake.of(own).decide("restore", 2024, "it was right", vintage=1, by=Authorship("auditor", "by hand"))
    assert build()[0] == 0
    report.write_text(changed({}), encoding="utf-8")
    declared.write_text(correction, encoding="utf-8")
    assert build()[0] == 0
    assert shown(own, "SELECT corrected_value FROM corrections") == [("33",)]
    declared.write_text("", encoding="utf-8")
    _, answered, _ = build()
    assert (answered["nothing_new"], answered["editions"]) == (False, [])
    assert shown(own, "SELECT corrected_value FROM corrections") == []
    assert build()[1]["nothing_new"]
    assert [fault.where for fault in verify.verify(own).faults] == [verify.HISTORY]  # no run restored it
    declared.write_text(correction, encoding="utf-8")


def expired(own: Settings, declared: Path, build: Build) -> None:
    """A correction of what is not printed any more refuses its edition, and publishes nothing."""
    bytes_before = own.published.read_bytes()
    declared.write_text(CORRECTION.replace('"32"', '"31"'), encoding="utf-8")
    status, answered, _ = build()
    assert status == 1
    assert (
        "correction 1 (personnel, untso, deployed_military): the cell prints '32', not '31'"
        in (answered["error"]["message"])
    )
    assert own.published.read_bytes() == bytes_before
    declared.write_text("", encoding="utf-8")


def spelt_anew(own: Settings, missions: Path, build: Build) -> None:
    """Registry and report both spell a mission anew: the old bytes, which are refused, hold nothing up."""
    new = {'spellings = ["UNTSO", ': 'spellings = ["UNTSO-missie", '}
    missions.write_text(changed(new, missions), encoding="utf-8")
    report = own.raw / "2024" / EDITION.name
    report.write_text(changed({"UNTSO 12 32 32": "UNTSO-missie 12 32 32"}), encoding="utf-8")
    status, answered, said = build()
    assert status == 1, said
    refused, read = answered["editions"]
    assert "UNTSO" in refused["error"]
    assert refused["quarantine"]
    assert (read["error"], read["vintage"], read["written"]) == (None, 4, True)
    causes = Lake(own.catalog, own.data).read()["vintages"]["cause"].to_pylist()
    assert causes == ["first reading", "source changed", "restored", "source changed"]


@pytest.mark.commands
def test_a_build_that_waits_in_vain_names_the_holder(own: Settings, jvom: Jvom) -> None:
    change(own)
    code = (
        "import sys; from pipelines.lake import Lake; lake = Lake(*sys.argv[1:])\n"
        "with lake.writer(): print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, own.catalog, own.data],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        done = jvom("build", "--timeout", 0.2, *options(own))
        status = answer(jvom("status", *options(own), "--json"))
        holder.communicate()
    assert done.returncode == 3
    assert f"process {holder.pid}" in done.stderr
    assert f"process {holder.pid}" in status["writer"]


@pytest.mark.commands
def test_a_signal_ends_a_build_at_once_and_refuses_nothing(own: Settings, tmp_path: Path) -> None:
    """Any other is in `tests/campaign/commands.py`."""
    change(own)
    said = [tmp_path / name for name in ("output", "errors")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = ["build", *map(str, options(own))]
    build = forked.start(command, cwd=ROOT, environment=environment, said=said)
    deadline = time.monotonic() + 60
    while not said[1].exists() or "edition 2024 (1 of 1)" not in said[1].read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(build.pid, signal.SIGTERM)  # Dagster has the signals by now
    build.join(60)
    errors = said[1].read_text()
    assert build.exitcode == 128 + signal.SIGTERM, errors
    assert "ended by SIGTERM" in errors
    assert "refused" not in errors
    assert not own.quarantine.exists()
    assert Lake.of(own).holder() is None
    assert plan_build(own).years == (2024,)


def test_an_edition_that_is_nowhere_is_status_1(built: Path, jvom: Jvom) -> None:
    done = jvom("build", "--year", 2001, "--warehouse", built)
    assert done.returncode == 1
    assert "raw/2001/" in done.stderr


def test_a_plan_says_why_an_edition_is_read_again(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plan_build(own).is_empty
    assert [due.recheck for due in plan_build(own, recheck=True).editions] == [True]
    code, files = versions.READING_CODE, versions.REGISTRY_FILES
    for module, name, value, reason in (
        (versions, "READING_CODE", tuple(p for p in code if "dates" not in p), "the code that reads"),
        (versions, "REGISTRY_FILES", files[:1], "the mission registry or the layouts"),
        (versions, "rules", lambda: "0" * 12, "the rules that look for contradictions"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, value)
            assert [due.reason.partition(" ha")[0] for due in plan_build(own).editions] == [reason]
    with monkeypatch.context() as patched:
        patched.setattr(versions, "PUBLISHING_CODE", versions.PUBLISHING_CODE[:1])
        plan = plan_build(own)
        assert plan.years == ()
        assert "views" in plan.publish
    catalogue = own.raw / raw.CATALOGUE
    catalogue.write_text(
        changed({"period_end = 2024-04-30": "period_end = 2024-04-29"}, catalogue), encoding="utf-8"
    )
    (edition,) = plan_build(own).editions
    assert edition.reason == "what is declared about it has changed"
    catalogue.unlink()  # as in a folder that is not the right one
    with pytest.raises(SourceError, match="is not here, and what was declared of edition 2024"):
        plan_build(own)


def test_bytes_and_code_are_two_vintages_with_two_causes(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own.raw / "2024" / EDITION.name).write_text(changed({}) + "\n", encoding="utf-8")
    assert [due.reason for due in plan_build(own).editions] == [
        f"raw/2024/{EDITION.name} has other bytes than what was read"
    ]
    monkeypatch.setattr("pipelines.versions.code", lambda: "1" * 12)
    first, second = plan_build(own).editions
    assert first.source.sha256 != second.source.sha256
    assert raw.read(first.source, raw=own.raw, kept=own.kept) == EDITION.read_bytes()
    assert first.reason == "the code that reads has changed: first the bytes read before"
    (own.kept / first.source.sha256).unlink()
    assert [due.source for due in plan_build(own).editions] == [second.source]


def test_a_plan_sees_other_files_and_what_is_published_no_more(own: Settings) -> None:
    full = own.raw / "2024" / "full.txt"
    lines = EDITION.read_text(encoding="utf-8").split("\n")
    full.write_text("\n".join([lines[0], "", *lines[2:]]), encoding="utf-8")
    (edition,) = plan_build(own).editions
    assert (edition.source.path, edition.source.fidelity) == ("raw/2024/full.txt", "full text")
    assert "takes the place of the abridged one" in edition.reason
    full.unlink()

    (own.raw / "2024" / EDITION.name).unlink()
    assert plan_build(own).is_empty, "the edition stays, from its kept bytes"
    shutil.rmtree(own.warehouse / "site")
    assert "site" in plan_build(own).publish
    own.published.chmod(0o644)
    own.published.write_bytes(b"no database")
    assert plan_build(own).publish == "there is no published file"
    own.published.unlink()
    plan = plan_build(own)
    assert (plan.years, plan.publish) == ((), "there is no published file")
