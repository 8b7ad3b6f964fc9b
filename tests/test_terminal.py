"""How answers look: valid JSON whatever the values, tables that a pipe does not cut."""

import datetime
import decimal
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipelines.cli import sql, trend
from pipelines.cli.terminal import Terminal, as_json, as_text, write_csv
from schemas.contract import Contract
from schemas.errors import ContractError, LakeError, LayoutError, Problems, UsageError

SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates(), st.datetimes()),
    *(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.binary(max_size=8), st.uuids()),
)
IN_SUMMER = datetime.timezone(datetime.timedelta(hours=2))


@given(st.recursive(SCALARS, lambda s: st.lists(s) | st.dictionaries(st.integers() | st.text(), s)))
def test_every_value_is_valid_json(value: object) -> None:
    json.loads(as_json(value), parse_constant=pytest.fail)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_plain_values_round_trip(value: object) -> None:
    assert json.loads(as_json(value)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime.date(2024, 5, 15), '"2024-05-15"'),
        (datetime.datetime(2024, 5, 15, 13), '"2024-05-15T13:00:00Z"'),
        (datetime.datetime(2024, 5, 15, 15, tzinfo=IN_SUMMER), '"2024-05-15T13:00:00Z"'),
        (math.nan, "null"),
        (decimal.Decimal("1.5"), "1.5"),
        ({2024: 1}, '{\n  "2024": 1\n}'),
    ],
)
def test_values_as_json(value: object, written: str) -> None:
    assert as_json(value) == written


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "yes"), (0, "0"), (0.1 + 0.2, "0.3"), ([2024, None], "2024, "), ({1: 2}, "1: 2")],
)
def test_values_as_text(value: object, shown: str) -> None:
    assert as_text(value) == shown


def test_a_piped_table_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    Terminal().table(("name", "figure"), [(long, 1), ("[bold]", None)])
    out = capsys.readouterr().out
    assert long in out
    assert "[bold]" in out


def test_a_piped_table_is_as_wide_as_columns_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    Terminal().table(("mission", "figure", "remark"), [("unifil " * 9, 1, "none")] * 2, title="deployed " * 9)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 40


def test_columns_that_were_chosen_are_a_table_as_long_as_their_words_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for many, shown in ((6, " a  "), (7, "a:  ")):  # 10 columns for each text are enough, or not
        row = ("words that may wrap " * 3,) * many
        Terminal().table("abcdefg"[:many], [row, row], most=lambda _: None)
        assert capsys.readouterr().out.lstrip("\n").startswith(shown)
    Terminal().table("abcdefghijklmnopqrstuvwxyz", [], most=lambda _: None)
    assert "no rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("whole", "shown"), [(False, ["0.333", "1234.57"]), (True, ["0.333333333333333", "1234.5678"])]
)
def test_fractions_are_rounded_for_people(
    capsys: pytest.CaptureFixture[str], whole: bool, shown: list[str]
) -> None:
    Terminal(whole=whole).table(("share", "mean"), [(1 / 3, 1234.5678)])
    assert capsys.readouterr().out.split()[-2:] == shown
    Terminal(csv=True, whole=whole).table(("share",), [(1 / 3,)])
    assert capsys.readouterr().out == f"share\n{1 / 3}\n"


@pytest.mark.parametrize("whole", [False, True])
def test_a_terminal_of_80_columns_breaks_no_identifier_or_heading(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    for name, value in (("COLUMNS", "80"), ("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    names = ["mission_id", *(f"deployed_per_frame_{place}" for place in range(20)), "status"]
    row = ("eunavfor-atalanta", *range(20), "several words that may wrap")
    Terminal(whole=whole).table(names, [row, row], most=lambda _: [names[13]])
    out, err = capsys.readouterr()
    if whole:
        assert (out.count(f"{names[20]}:"), out.count("several words that may wrap"), err) == (2, 2, "")
        return
    out = re.sub(r"\x1b\[\d*m", "", out)  # bold headings
    assert max(map(len, out.splitlines())) <= 80
    assert {"eunavfor-atalanta", names[13], "…"} <= set(out.split())
    assert "more columns: --all" in err


@pytest.mark.parametrize("of", [each for each in schemas.RELATIONS.values() if each.schema != "vintages"])
def test_a_terminal_keeps_what_says_most_of_a_relation(of: Contract) -> None:
    assert set(of.most) <= {*of.names, "name"}
    assert of.most or sum(len(name) + 3 for name in of.names) <= 80
    assert sql._most(of.names) == of.most


def test_a_query_is_given_itself_or_is_in_a_file_or_on_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "query.sql").write_text("SELECT 2", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 3"))
    given = ("SELECT 1", str(tmp_path / "query.sql"), "-")
    assert [sql.query_text(each) for each in given] == ["SELECT 1", "SELECT 2", "SELECT 3"]
    with pytest.raises(UsageError, match="cannot be read"):
        sql.query_text(str(tmp_path / "missing.sql"))


def test_csv_tells_null_from_false(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(("a", "b", "c"), [(None, False, [1, None]), ('say "no"', 1.5, datetime.date(2024, 1, 2))])
    assert capsys.readouterr().out == 'a,b,c\n,false,"[1, null]"\n"say ""no""",1.5,2024-01-02\n'


def test_an_error_says_where_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    error = LayoutError("unknown heading", file="raw/2024/a\x1b.txt", page=3, line=12, hint="add it")
    assert Terminal().fail(error) == 1
    expected = "error: raw/2024/a<U+001B>.txt, page 3, line 12: unknown heading\n  next: add it\n"
    assert capsys.readouterr().err == expected
    assert Terminal().fail(LakeError("disk full")) == 3


def test_an_error_as_json_holds_every_problem(capsys: pytest.CaptureFixture[str]) -> None:
    problems = Problems([LayoutError("one", line=1), LayoutError("two", line=2)])
    assert Terminal(json=True).fail(problems) == 1
    captured = capsys.readouterr()
    assert [problem["line"] for problem in json.loads(captured.out)["error"]["problems"]] == [1, 2]
    assert captured.err == ""
    failures: list[dict[str, object]] = [{"table": "personnel", "value": datetime.date(2024, 1, 1)}]
    Terminal(json=True).fail(ContractError("broken", failures=failures))
    shown = json.loads(capsys.readouterr().out)["error"]["failures"]
    assert shown == [{"table": "personnel", "value": "2024-01-01"}]


# `jvom trend --chart`: bars to one scale, gaps that are not zeros, any number of editions.


def edition(year: int, deployed: int | None, *, listed: bool = True) -> dict[str, Any]:
    return {
        "edition_year": year,
        "deployed_total_computed": deployed,
        "frame_military": deployed,
        "frame_civil_police": None,
        "listed": listed,
    }


def observed(total: int, basis: str = "observed headcount", **given: Any) -> dict[str, Any]:
    days = {"period_start": datetime.date(2018, 7, 1), "period_end": datetime.date(2018, 7, 31)}
    return {"basis": basis, **days, "total": total, "part": None, "qualifier": None, **given}


def line(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.strip().startswith(label))


def eighths(line: str) -> int:
    return sum("▏▎▍▌▋▊▉█".find(sign) + 1 for sign in line)


@pytest.mark.parametrize("count", [1, 2, 20, 60])
def test_lengths_are_to_one_scale_and_lines_fit(count: int) -> None:
    rows = [edition(2001 + at, 7 * at % 23) for at in range(count)]
    text = trend.chart(rows, [observed(46)], width=80)
    full = eighths(line(text, "2018-07"))
    for row in rows:
        length = eighths(line(text, str(row["edition_year"])))
        assert abs(length - full * row["deployed_total_computed"] / 46) <= 1
    assert max(map(len, text.splitlines())) <= 80


def test_a_gap_is_not_a_zero() -> None:
    text = trend.chart([edition(2022, 3), edition(2023, None, listed=False), edition(2024, 0)], [])
    assert line(text, "2023").split() == ["2023", "·", "not", "listed"]
    assert line(text, "2024").split() == ["2024", "0"]
    assert line(trend.chart([edition(2024, None)], []), "2024").split() == ["2024", "·"]
    missing = trend.chart([edition(2019, 3), edition(2022, 3)], [], [2017, 2020])
    assert line(missing, "2020").split() == ["2020", "·", "no", "edition", "held"]
    assert "2017" not in missing  # before the first
    inexact = {**edition(2024, None), "frame_military": 4, "left_out": ["deployed_military"]}
    deployed, frame = trend.chart([inexact], []).split("\n\n")
    assert line(deployed, "2024").split() == ["2024", "·", "no", "exact", "figure"]
    assert line(frame, "2024").split()[1] == "4"
    assert trend.chart([], []) == "neither an edition nor another source has a figure of it"


def test_each_basis_has_its_block_and_says_how_its_source_hedges() -> None:
    months = [(datetime.date(2013, at, 1), datetime.date(2013, at, 28)) for at in (1, 2, 3)]
    rows = [
        observed(3, part="staff", qualifier="about"),
        observed(4, "text deployed", period_start=datetime.date(2001, 1, 1)),
        observed(4, "text headcount", period_start=datetime.date(2001, 1, 1)),
        observed(90, "observed frame", period_start=None),
        observed(8, "observed deployed", period_start=datetime.date(1999, 1, 1)),
        *(observed(s.month, "UN monthly", period_start=s, period_end=e) for s, e in months),
    ]
    text = trend.chart([], rows, width=60)
    assert [block.splitlines()[0] for block in text.split("\n\n")] == list(trend._TITLES.values())
    assert line(text, "2018-07").endswith("about; staff")
    assert line(text, "…2018-07").split()[1] == "90"
    assert line(text, "1999-01…2018-07").split()[1] == "8"
    assert line(text, "2013-03").split()[1] == "3"
    assert "2013-02" not in text  # the last month of the year alone
    week = observed(5, period_start=datetime.date(2023, 4, 26), period_end=datetime.date(2023, 5, 2))
    assert line(trend.chart([], [week]), "2023-04-26").split()[1] == "5"


def test_a_name_that_may_go_on_is_asked_about_where_it_begins_and_where_it_ends() -> None:
    rows = [{"edition_year": 2022, "begins": True}, {"edition_year": 2023, "begins": False}]
    first, second = trend._questions("unifil", rows)
    assert first.startswith("2022: may go on from another mission: jvom findings")
    assert second.startswith("2023: may go on under another name: jvom findings")
