"""The data dictionary: complete, linked, and the page in docs/ up to date."""

from __future__ import annotations

import re

import pytest

import schemas
from pipelines.publish import catalogue, dictionary


@pytest.fixture(scope="module")
def page() -> str:
    return dictionary.markdown()


def section(page: str, relation: str) -> str:
    """The part of the page about one relation."""
    return re.split(r"\n##+ ", page.split(f"### `{relation}`\n")[1], maxsplit=1)[0]


def row(page: str, relation: str, column: str) -> dict[str, str]:
    """One column's line, by heading."""
    lines = [line[2:-2].split(" | ") for line in section(page, relation).splitlines() if line[:1] == "|"]
    named = next(line for line in lines if f'id="{relation}.{column}"' in line[0])
    return dict(zip(lines[0], named, strict=True))


def test_every_column_of_main_says_what_it_is_called_in_dutch() -> None:
    for relation in catalogue.relations().values():
        for column in relation.columns if relation.schema == "main" else ():
            of_code = column.name.endswith(("_nl", "_en")) or column.name[:2] in ("a_", "b_")
            assert of_code or " Dutch: " in column.comment, (relation.name, column.name)


def test_every_relation_and_column_stands_in_it_once(page: str):
    described = [name for name in schemas.RELATIONS if name not in schemas.VINTAGE_TABLES]
    anchors = re.findall(r'<a id="([\w.]+)"></a>', page)

    assert sorted(re.findall(r"^### `(\w+)`$", page, re.MULTILINE)) == sorted(described)
    assert sorted(anchors) == sorted(
        [f"{name}.{column}" for name in described for column in schemas.RELATIONS[name].names]
        + list(schemas.VINTAGE_TABLES)
    )
    for name in described:
        assert schemas.RELATIONS[name].description in section(page, name)
        for column in schemas.RELATIONS[name].columns:
            assert row(page, name, column.name)["description"] == column.description


def test_every_link_has_a_target(page: str):
    headings = {
        re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
        for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    }
    targets = headings | set(re.findall(r'<a id="([\w.]+)"></a>', page))

    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= targets


def test_every_table_is_rectangular(page: str):
    for block in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        lines = block.splitlines()
        assert len({line.count("|") for line in lines}) == 1, lines[0]


def test_a_column_shows_type_unit_heading_and_origin(page: str):
    shown = row(page, "mission_trends", "deployed_military")

    assert shown == {
        "column": '<a id="mission_trends.deployed_military"></a>`deployed_military`',
        "type": "`INTEGER`",
        "unit": "persons",
        "printed heading": "Ingezet personeel, Militair",
        "description": "Military personnel sent over the whole period, every rotation counted.",
        "comes from": "personnel: [`deployed_military`](#personnel.deployed_military)",
    }
    key = row(page, "mission_trends", "mission_id")
    assert (key["column"], key["type"]) == (
        '<a id="mission_trends.mission_id"></a>**`mission_id`**',
        "`VARCHAR` not null",
    )


def test_a_relation_shows_what_holds_for_it(page: str):
    text = section(page, "personnel")

    assert "One row per mission in an edition; key: `edition_year`, `mission_id`." in text
    assert "- Comes from [`personnel_vintages`](#personnel_vintages), column by column." in text
    assert "- `mission_id` points at [`missions`](#missions)." in text
    assert "- In every row, deployed_total is given where one of its parts is, in exact rows of " in text
    assert "comes from" not in row(page, "personnel", "mission_id")  # said once, above the table
    assert (
        "- `edition_year`, `parent_id` point at [`sections`](#sections) (`edition_year`, `section_id`)."
        in (section(page, "sections"))
    )
