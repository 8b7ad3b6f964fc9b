"""The command line as users meet it: answers, errors, exit statuses, and what is loaded for them."""

import csv
import errno
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import settings
from pipelines.cli import app, commands, ui
from schemas.errors import LakeError, UsageError, of_surroundings
from tests.support import ROOT, Jvom
from tests.support.cases import cases

RULE = re.compile(r"─+|[\d.,]+")  # a line of a table; or what is counted again, such as the disk
HEAVY = ("dagster", "pandera", "jinja2", "httpx")

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(built: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs a command line on the built warehouse, in this process: status, answer, messages."""
    monkeypatch.setenv("JVOM_WAREHOUSE", str(built))
    monkeypatch.chdir(ROOT)

    def run(*arguments: object) -> tuple[int, str, str]:
        status = app.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def answer(asked: tuple[int, str, str]) -> Any:
    status, out, err = asked
    assert status == 0, err
    return json.loads(out)


def test_without_argument_it_prints_help_in_groups(ask: Ask) -> None:
    status, out, _ = ask()
    assert status == 0
    for group, members in commands().items():
        start = out.index(f"\n{group}:\n")
        assert all(f"\n  {command.__name__.replace('_', '-')} " in out[start:] for command in members)
    assert ask("--version")[1].startswith("jvom ")


@cases("line")
def test_in_80_columns_no_line_is_wider_and_no_word_broken(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    whole = {word.removesuffix(":") for part in ask(*shlex.split(line))[1:] for word in part.split()}
    whole |= {
        path[:end] for path in whole for end in range(len(path)) if path[end - 1] == "/"
    }  # it may go on
    whole |= {path[at:] for path in whole for at in range(1, len(path)) if path[at - 1] == "/"}
    for name, value in (("COLUMNS", "80"), ("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    status, *parts = ask(*shlex.split(line))
    assert status == 0
    for each in (plain for part in parts for plain in re.sub(r"\x1b\[[\d;]*m", "", part).splitlines()):
        if "█" not in each:  # a bar is drawn as wide as there is room for
            more = re.fullmatch(r"… \d+ more (column|row)s?: --all, --json", each)
            words = {word.removesuffix(":") for word in each.split()}  # of a row that is written downwards
            assert more or words - whole <= {"…", *filter(RULE.fullmatch, words)}, each
        assert len(each) <= 80, each


def test_each_command_is_in_the_file_that_bears_its_name() -> None:
    for members in commands().values():
        for command in members:
            assert command.__module__ == f"pipelines.cli.{command.__name__}"


@cases("arguments", "words")
def test_a_wrong_command_line_is_status_2(ask: Ask, arguments: list[str], words: str) -> None:
    status, out, err = ask(*arguments, "--json")
    error = json.loads(out)["error"]
    assert (status, err) == (2, "")
    assert words in f"{error['message']} {error['hint']}"


def test_an_error_for_people_names_the_next_step(ask: Ask) -> None:
    status, out, err = ask("trend", "untzo")
    assert (status, out) == (2, "")
    assert err.startswith("error: no mission is called 'untzo'\n  next: nearest: untso")


def test_what_there_is_as_json_and_for_people(ask: Ask) -> None:
    (edition,) = answer(ask("editions", "--json"))
    assert (edition["edition_year"], edition["period_start"]) == (2024, "2023-05-01")
    assert edition["source_fidelity"] == "abridged"
    assert "abridged" in ask("editions")[1]
    missions = answer(ask("missions", "--json"))
    assert {"untso", "unifil", "minusma", "vpd"} < {mission["mission_id"] for mission in missions}
    assert "untso" in ask("missions")[1]
    (vintage,) = answer(ask("vintages", 2024, "--json"))
    assert (vintage["vintage"], vintage["cause"]) == (1, "first reading")
    assert answer(ask("vintages", "--json")) == [vintage]
    assert answer(ask("vintages", 2023, "--json")) == []


@pytest.mark.parametrize("name", ["untso", "UNTSO", "Untso", "ntso"])
def test_trend_takes_an_id_a_printed_name_or_letters_of_only_one(ask: Ask, name: str) -> None:
    (row,) = answer(ask("trend", name, "--json"))
    assert (row["mission_id"], row["edition_year"], row["status"]) == ("untso", 2024, None)
    assert (row["frame_military"], row["deployed_military"], row["deployed_total"]) == (12, 32, 32)


def test_trend_for_people_is_a_table_or_a_chart(ask: Ask) -> None:
    status, out, _ = ask("trend", "untso")
    assert status == 0
    assert "frame (mil.)" in out
    status, chart, _ = ask("trend", "UNTSO", "--chart")
    assert status == 0
    assert "Deployed, by edition" in chart
    assert "█" in chart
    assert answer(ask("trend", "UNTSO", "--chart", "--json")) == answer(ask("trend", "UNTSO", "--json"))
    elsewhere = ask("trend", "Resolute Support (RSM)", "--chart")[1]
    assert "Head counts, by other public sources" in elsewhere
    assert "NMI, force protection company" in ask("trend", "anti-isis-irak", "--chart")[1]
    assert "2024: a figure is contradicted" in ask("trend", "anti-isis-irak")[1]
    assert "2024: says that the contribution ended 2023-10" in ask("trend", "minusma")[1]


TABULAR = (
    ("editions",),
    ("missions",),
    ("vintages",),
    ("quarantine",),
    ("checks", 2024),
    ("status",),
    ("trend", "untso"),
    ("diff", 2024, 1, 1),
    ("logs",),
    ("trace", "untso", 2024, "deployed_military"),
    ("page", "raw/2024/jvom-2024.txt", 17),
    ("onboard", "raw/2024/jvom-2024.txt", "--year", 2024),
)
LISTED = ("editions", "differences", "readings", "questions")  # where a document has its rows


@pytest.mark.parametrize("words", TABULAR, ids=lambda words: words[0])
def test_a_table_is_csv_too_with_nothing_beside_it(ask: Ask, words: tuple[object, ...]) -> None:
    """As many rows as JSON has, below a line of names, also where there are none."""
    status, out, _ = ask(*words, "--csv")
    names, *rows = csv.reader(io.StringIO(out))
    assert (status, len(set(names))) == (0, len(names))
    document = answer(ask(*words, "--json"))
    if words[0] == "page":  # a line without a cell is a row, and each cell of a line is one
        listed = [cell for line in document["lines"] for cell in line["cells"] or [None]]
    elif isinstance(document, list):
        listed = document
    else:
        listed = next((document[name] for name in LISTED if name in document), [document])
    assert len(rows) == len(listed)
    assert {len(row) for row in rows} <= {len(names)}
    if words[0] in ("editions", "missions", "vintages", "trend"):
        assert names == list(listed[0])
    assert ask(*words, "--csv", "--json")[0] == 2


def test_one_edition_is_said_to_be_alone(ask: Ask) -> None:
    for form in ((), ("--chart",)):
        assert "only one edition is held, 2024" in ask("trend", "untso", *form)[1]
    status, _, err = ask("diff", "--editions", 2023, 2024)
    assert (status, "only one edition is held, 2024" in err) == (2, True)


def test_a_shell_completes_commands(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_JVOM_COMPLETE", "complete_bash"), ("COMP_WORDS", "jvom tre"), ("COMP_CWORD", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        ask()
    # What was printed is read by the fixture's next question alone.
    for name in ("_JVOM_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        monkeypatch.delenv(name)
    assert ask("--version")[1].startswith("trend\n")


def test_sql_in_three_forms(ask: Ask) -> None:
    query = (
        "SELECT mission_id, deployed_civil_police AS civil, edition_year > 2000 AS recent "
        "FROM personnel WHERE mission_id IN ('untso', 'ussc') ORDER BY 1"
    )
    assert answer(ask("sql", query, "--json")) == {
        "columns": ["mission_id", "civil", "recent"],
        "rows": [["untso", None, True], ["ussc", 2, True]],
    }
    rows = list(csv.reader(io.StringIO(ask("sql", query, "--csv")[1])))
    assert rows[1:] == [["untso", "", "true"], ["ussc", "2", "true"]]
    out = ask("sql", query)[1]
    assert [line.split() for line in out.splitlines() if "ussc" in line] == [["ussc", "2", "yes"]]


def test_sql_shows_people_a_part_and_says_so(ask: Ask) -> None:
    pivot = "PIVOT (SELECT 1 AS n, unnest([4, 5]) AS year) ON year USING count(*)"
    assert answer(ask("sql", pivot, "--json")) == {"columns": ["n", "4", "5"], "rows": [[1, 1, 1]]}
    status, out, err = ask("sql", "SELECT range AS n FROM range(1500)")
    assert status == 0
    assert "999" in out
    assert "1499" not in out
    assert "500 more rows" in err
    assert len(answer(ask("sql", "SELECT range AS n FROM range(1500)", "--json"))["rows"]) == 1500


def test_status_and_a_backup_that_is_a_warehouse(ask: Ask, built: Path, tmp_path: Path) -> None:
    status = answer(ask("status", "--json"))
    (release,) = answer(ask("sql", "SELECT release_id FROM releases", "--json"))["rows"]
    assert (status["warehouse"], status["release_id"]) == (str(built), release[0])
    assert (Path(status["package"]) / "jvom.xlsx").exists()
    assert [row["edition_year"] for row in status["editions"]] == [2024]
    assert 2024 not in status["late"]
    assert status["writer"] is None
    assert status["bytes"] > 0
    shown = ask("status")[1]
    assert release[0] in shown
    assert "nobody" in shown

    copy = tmp_path / "copy"
    assert answer(ask("backup", copy, "--json"))["bytes"] > 0
    assert answer(ask("status", "--warehouse", copy, "--json"))["release_id"] == release[0]
    code, _, err = ask("backup", copy)
    assert code == 2
    assert "new or empty" in err


def test_nothing_published_is_status_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--warehouse", str(tmp_path)]
    assert app.main(["trend", "untso", *where]) == 3
    assert "jvom build" in capsys.readouterr().err
    assert app.main(["status", *where, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["release_id"], status["editions"]) == (None, [])
    assert app.main(["status", *where]) == 0
    assert "nothing is published yet" in capsys.readouterr().out
    assert app.main(["open", *where]) == 1
    assert "jvom build" in capsys.readouterr().err


def test_the_site_is_named_or_opened(ask: Ask, built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    address = (built / "site" / "index.html").as_uri()
    assert ask("open", "--print")[1].strip() == address
    assert answer(ask("open", "--json"))["opened"] is False
    assert opened == []
    assert ask("open")[1].strip() == address
    assert opened == [address]


def test_where_there_is_no_workspace_a_warehouse_must_be_named(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.main(["editions"]) == 3
    assert "--warehouse" in capsys.readouterr().err
    assert app.main(["trend", "untso", "--warehouse", str(built)]) == 0
    assert app.main(["build", "--warehouse", str(built)]) == 1
    assert "--raw DIR" in capsys.readouterr().err


def test_a_bug_is_one_line_and_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise ZeroDivisionError("somewhere\ndeep")

    with pytest.raises(ZeroDivisionError) as raised:
        fails()
    error = app._unexpected(raised.value, ["status", "--warehouse", str(tmp_path)])
    (log,) = (tmp_path / "logs").iterdir()
    assert str(error) == f"unexpected ZeroDivisionError: somewhere\n  next: the traceback is in {log}"
    assert "in fails" in log.read_text(encoding="utf-8")

    absent = tmp_path / "absent"
    assert "--verbose" in str(app._unexpected(raised.value, ["status", "--warehouse", str(absent)]))
    assert not absent.exists()
    assert capsys.readouterr().err == ""
    app._unexpected(raised.value, ["status", "--verbose"])
    assert "in fails" in capsys.readouterr().err


def test_windows_is_refused() -> None:
    with pytest.raises(LakeError, match="Windows"):
        app.require_supported("nt")


@pytest.mark.parametrize("arguments", [["--help"], ["sql", "SELECT 1"], ["build"], ["trend", "untso"]])
def test_what_answers_at_once_loads_nothing_heavy(built: Path, arguments: list[str]) -> None:
    where = [] if arguments == ["--help"] else ["--warehouse", str(built)]
    code = (
        "import runpy, sys; sys.argv[0] = 'jvom'\n"
        "try: runpy.run_module('pipelines.cli', run_name='__main__')\n"
        f"finally: print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == ""


def test_the_interface_wants_a_free_port_of_this_machine(ask: Ask) -> None:
    with socket.create_server((ui.ADDRESS, 0)) as taken:
        status, _, err = ask("ui", "--port", taken.getsockname()[1])
    assert status == 3
    assert "--port" in err
    for read_only in (True, False):
        command = ui.child_command(3000, read_only=read_only)
        assert command[command.index("-h") + 1] == "127.0.0.1"
        assert ("--read-only" in command) is read_only


def test_what_a_named_warehouse_does_not_take_from_the_environment_is_said(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JVOM_CATALOG", "postgres:dbname=a password=b")
    _, _, err = ask("status", "--warehouse", tmp_path)
    assert "note: JVOM_CATALOG not used" in err
    assert "password" not in err


def test_a_second_interface_is_refused_while_any_process_of_the_first_lives(ask: Ask, tmp_path: Path) -> None:
    """Its daemon would work beside the first one's; the one that started that may have been killed."""
    where = settings.find(tmp_path / "raw", tmp_path / "warehouse")
    where.dagster_home.mkdir(parents=True)
    handlers = {ending: signal.getsignal(ending) for ending in ui.ENDINGS}
    with (where.logs.parent / "ui.log").open("w") as output, ui._alone(where) as lock:
        child = ui._start([sys.executable, "-c", "import time; time.sleep(60)"], where, lock, output)
    mark = where.dagster_home / ui.MARKS.format(port=1)
    mark.write_text(json.dumps({"address": "http://127.0.0.1:1", "process": child.pid}), encoding="utf-8")
    try:
        status, _, err = ask("ui", "--warehouse", where.warehouse)
        assert (status, f"kill -- -{child.pid}" in err) == (3, True), err
    finally:
        ui._end(child)
        for ending, handler in handlers.items():
            signal.signal(ending, handler)
    with ui._alone(where):
        pass


@cases("name", "value")
def test_a_setting_that_means_nothing_is_said_by_every_command(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    for command in ("build", "status"):
        status, _, err = ask(command)
        assert (status, name in err) == (2, True), err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "not enough memory"),
        (ImportError("failed to map segment from shared object"), "not enough memory"),
        (RuntimeError("can't start new thread"), "not enough memory"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "no space left"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "the system refuses"),
    ],
)
def test_what_surroundings_do_to_others_is_said_as_such(error: Exception, words: str) -> None:
    said = of_surroundings(error)
    assert said
    assert (said.exit_code, words in said.message, bool(said.hint)) == (3, True, True)
    assert of_surroundings(ValueError("a bug")) is None


def test_a_link_to_elsewhere_is_not_the_document_that_was_named(tmp_path: Path, jvom: Jvom) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "report.txt").write_text("x")
    link = tmp_path / "link.txt"
    link.symlink_to("elsewhere/report.txt")
    done = jvom("ingest", link, "--year", 2024, "--warehouse", tmp_path / "warehouse")
    assert (done.returncode, f"is a link to {tmp_path / 'elsewhere'}" in done.stderr) == (2, True), (
        done.stderr
    )
    assert not (tmp_path / "warehouse" / "sources").exists()


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_a_terminal_of_few_characters_gets_all_of_them(built: Path, form: list[str]) -> None:
    query = "SELECT 'caf\u00e9 \u2192 \U0001f680' AS said"
    few = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # Python would make C another locale
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "sql", query, *form, "--warehouse", built],
        cwd=ROOT,
        env={**os.environ, **few, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode()
    if form == ["--json"]:
        assert json.loads(said)["rows"] == [["caf\u00e9 \u2192 \U0001f680"]]
    else:
        assert ("caf\u00e9" if form else r"caf\xe9 \u2192 \U0001f680") in said


@pytest.mark.parametrize(("name", "well"), [("a b#c'd;e&f", True), ("a?b", False), ("a%41b", False)])
def test_a_path_that_a_database_takes_for_another_is_refused(
    tmp_path: Path, name: str, *, well: bool
) -> None:
    if well:
        assert settings.find(warehouse=tmp_path / name).warehouse == tmp_path / name
        return
    with pytest.raises(UsageError, match="means something else"):
        settings.find(warehouse=tmp_path / name)


def test_what_a_library_makes_of_a_signal_is_an_end_by_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(**_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as ended:
            raise RuntimeError("Query interrupted") from ended

    monkeypatch.setattr(app, "program", lambda _: work)
    assert app.main(["verify"]) == 143
    assert "ended by SIGTERM" in capsys.readouterr().err


def test_who_looks_for_a_doctor_is_sent_to_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["doctor"]) == 2
    assert "jvom gc --dry-run" in capsys.readouterr().err
