"""The command line as users meet it: answers, errors, exit statuses, and what is loaded for them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import app as cli
from schemas.errors import LakeError

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("dagster", "pandera")

Asked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Runs a command line on the built warehouse, in this process: status, answer, messages."""
    monkeypatch.setenv("JVOM_WAREHOUSE", str(built))
    monkeypatch.chdir(ROOT)

    def run(*arguments: object) -> tuple[int, str, str]:
        status = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def answer(asked: tuple[int, str, str]) -> Any:
    status, out, _ = asked
    assert status == 0
    return json.loads(out)


def test_without_argument_it_prints_help(ask: Asked) -> None:
    status, out, _ = ask()
    assert status == 0
    for command in ("build", "ingest", "status", "trend", "sql", "backup", "ui"):
        assert command in out


def test_version(ask: Asked) -> None:
    status, out, _ = ask("--version")
    assert status == 0
    assert out.startswith("jvom ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["biuld"], "build"),
        (["trend"], "MISSION"),
        (["sql", "--jsno", "SELECT 1"], "--json"),
        (["ingest", "no-such-file", "--year", "2024"], "no-such-file"),
        (["ingest", __file__, "--year", "1999"], "1999"),
        (["build", "--year", "3000"], "3000"),
        (["build", "--timeout", "-1"], "timeout"),
        (["trend", "untzo"], "untso"),
        (["sql", "--csv", "SELECT 1"], "exclude"),
        (["sql", "SELEC 1"], "syntax error"),
        (["sql", "SELECT deployed FROM personnel"], "deployed"),
        (["sql", "DELETE FROM releases"], "read-only"),
        (["sql", "SELECT * FROM read_text('/etc/passwd')"], "published file"),
    ],
)
def test_a_wrong_command_line_is_status_2(ask: Asked, arguments: list[str], words: str) -> None:
    status, out, err = ask(*arguments, "--json")
    told = json.loads(out)["error"]
    assert status == 2
    assert words in f"{told['message']} {told['hint']}"
    assert err == ""


def test_an_error_for_people_names_the_next_step(ask: Asked) -> None:
    status, out, err = ask("trend", "untzo")
    assert (status, out) == (2, "")
    assert err.startswith("error: no mission is called 'untzo'\n  next: nearest: untso")


def test_editions(ask: Asked) -> None:
    (edition,) = answer(ask("editions", "--json"))
    assert edition["edition_year"] == 2024
    assert edition["period_start"] == "2023-05-01"
    assert edition["source_fidelity"] == "abridged"
    assert "abridged" in ask("editions")[1]


def test_missions(ask: Asked) -> None:
    missions = answer(ask("missions", "--json"))
    assert {"untso", "unifil", "minusma", "vpd"} < {mission["mission_id"] for mission in missions}
    assert "untso" in ask("missions")[1]


def test_vintages_of_one_edition(ask: Asked) -> None:
    (vintage,) = answer(ask("vintages", 2024, "--json"))
    assert (vintage["vintage"], vintage["cause"]) == (1, "first reading")
    assert answer(ask("vintages", "--json")) == [vintage]
    assert answer(ask("vintages", 2023, "--json")) == []


@pytest.mark.parametrize("name", ["untso", "UNTSO", "Untso"])
def test_trend_takes_an_id_or_a_printed_name(ask: Asked, name: str) -> None:
    (row,) = answer(ask("trend", name, "--json"))
    assert (row["mission_id"], row["edition_year"]) == ("untso", 2024)
    assert (row["frame_military"], row["deployed_military"], row["deployed_total"]) == (12, 32, 32)
    assert row["status"] is None


def test_trend_for_people(ask: Asked) -> None:
    status, out, _ = ask("trend", "untso")
    assert status == 0
    assert "deployed_total_computed" in out
    assert "32" in out


def test_sql_in_three_forms(ask: Asked) -> None:
    query = (
        "SELECT mission_id, deployed_civil_police AS civil, edition_year > 2000 AS recent "
        "FROM personnel WHERE mission_id IN ('untso', 'ussc') ORDER BY 1"
    )
    told = answer(ask("sql", query, "--json"))
    assert told == {
        "columns": ["mission_id", "civil", "recent"],
        "rows": [["untso", None, True], ["ussc", 2, True]],
    }
    status, out, _ = ask("sql", query, "--csv")
    assert status == 0
    assert list(csv.reader(io.StringIO(out)))[1:] == [["untso", "", "true"], ["ussc", "2", "true"]]
    status, out, _ = ask("sql", query)
    assert status == 0
    assert [line.split() for line in out.splitlines() if "ussc" in line] == [["ussc", "2", "yes"]]


def test_sql_shows_people_a_part_and_says_so(ask: Asked) -> None:
    status, out, err = ask("sql", "SELECT range AS n FROM range(1500)")
    assert status == 0
    assert "999" in out
    assert "1499" not in out
    assert "500 more rows" in err
    assert len(answer(ask("sql", "SELECT range AS n FROM range(1500)", "--json"))["rows"]) == 1500


def test_status(ask: Asked, built: Path) -> None:
    told = answer(ask("status", "--json"))
    (release,) = answer(ask("sql", "SELECT release_id FROM releases", "--json"))["rows"]
    assert told["warehouse"] == str(built)
    assert told["release_id"] == release[0]
    assert [row["edition_year"] for row in told["editions"]] == [2024]
    assert 2024 not in told["late"]
    assert told["writer"] is None
    assert told["bytes"] > 0
    shown = ask("status")[1]
    assert release[0] in shown
    assert "nobody" in shown


def test_nothing_published_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trend", "untso", "--warehouse", str(tmp_path)]) == 3
    assert "jvom build" in capsys.readouterr().err
    assert cli.main(["status", "--warehouse", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["release_id"], told["editions"]) == (None, [])
    assert cli.main(["status", "--warehouse", str(tmp_path)]) == 0
    assert "nothing is published yet" in capsys.readouterr().out


def test_outside_a_workspace_it_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["editions"]) == 3
    assert "--warehouse" in capsys.readouterr().err


def test_a_warehouse_is_read_from_anywhere(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["trend", "untso", "--warehouse", str(built)]) == 0
    assert cli.main(["build", "--warehouse", str(built)]) == 1
    assert "--raw DIR" in capsys.readouterr().err


def test_a_backup_is_a_warehouse(ask: Asked, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    told = answer(ask("backup", copy, "--json"))
    assert told["bytes"] > 0
    original = answer(ask("status", "--json"))
    copied = answer(ask("status", "--warehouse", copy, "--json"))
    assert copied["release_id"] == original["release_id"]
    status, _, err = ask("backup", copy)
    assert status == 2
    assert "new or empty" in err


def test_a_fault_of_ours_is_one_line_and_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise ZeroDivisionError("somewhere\ndeep")

    with pytest.raises(ZeroDivisionError) as raised:
        fails()
    told = cli._unexpected(raised.value, ["status", "--warehouse", str(tmp_path)])
    assert str(told).startswith("unexpected ZeroDivisionError: somewhere\n  next: the traceback is in ")
    (log,) = (tmp_path / "logs").iterdir()
    assert str(log) in str(told)
    assert "in fails" in log.read_text(encoding="utf-8")

    absent = tmp_path / "absent"
    told = cli._unexpected(raised.value, ["status", "--warehouse", str(absent)])
    assert "--verbose" in str(told)
    assert not absent.exists()
    assert capsys.readouterr().err == ""

    cli._unexpected(raised.value, ["status", "--verbose"])
    assert "in fails" in capsys.readouterr().err


def test_windows_is_refused() -> None:
    with pytest.raises(LakeError, match="Windows"):
        cli.require_supported("nt")
    cli.require_supported("posix")


@pytest.mark.parametrize("arguments", [["--help"], ["sql", "SELECT 1"], ["build"], ["trend", "untso"]])
def test_what_answers_at_once_loads_nothing_heavy(built: Path, arguments: list[str]) -> None:
    command = arguments if arguments == ["--help"] else [*arguments, "--warehouse", str(built)]
    code = (
        "import sys; from pipelines.cli.app import main; status = main(sys.argv[1:]); "
        f"print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == ""
