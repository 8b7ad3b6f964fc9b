"""`jvom diff`: what changed between two vintages or editions, or by a release; by a document: `build`."""

from dataclasses import asdict, astuple, fields
from itertools import chain
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from pipelines.cli.session import Session, table_command
from pipelines.sql import Row
from schemas.errors import UsageError
from schemas.vocabulary import FIGURES

if TYPE_CHECKING:
    from pipelines.publish.compare import Pair

_BESIDE = """
SELECT concat(name, if(listed, ' comes from ', ' goes on as '), array_to_string(continued_under_names, ', '))
AS note FROM mission_trends WHERE edition_year = $second AND previous_edition_year = $first
AND len(continued_under) > 0 UNION ALL SELECT concat(name, ': a figure of ', edition_year, ' is contradicted')
FROM mission_trends WHERE has_error_finding AND edition_year IN ($first, $second)
"""


@table_command
def diff(
    session: Session,
    year: Annotated[int | None, Argument(metavar="Y", help="The edition, by its year.")] = None,
    first: Annotated[int | None, Argument(metavar="A", help="The older vintage.")] = None,
    second: Annotated[int | None, Argument(metavar="B", help="The newer vintage.")] = None,
    editions: Annotated[
        tuple[int, int] | None,
        Option("--editions", metavar="A B", help="Compare two editions, by their years; no vintages then."),
    ] = None,
    release: Annotated[
        str | None,
        Option(
            metavar="ID",
            help="What this release changed, or the last one: vintages, every other value.",
        ),
    ] = None,
) -> None:
    """What changed between two vintages of an edition, mission by mission; two editions; by a release."""
    if release and year is None and not editions:
        _release(session, release)
    elif editions and year is None and not release:
        _editions(session, *editions)
    elif editions or release or year is None or first is None or second is None:
        hint = "jvom diff 2024 1 2 compares two vintages of 2024, jvom diff --editions 2023 2024 two editions"
        raise UsageError("say an edition and two vintages, or --editions and two years", hint=hint)
    else:
        _vintages(session, year, first, second)


def _release(session: Session, named: str) -> None:
    from pipelines.publish import published, release

    folder, state = session.settings.releases, published.state(session.settings.published)
    release_id = state.release_id if state and named == "last" else named
    manifest = release.read(folder, release_id)
    if manifest is None:
        raise UsageError(
            f"there is no release {release_id}", hint='jvom sql "FROM releases" lists them; or give last'
        )
    said = {name: manifest[name] for name in ("release_id", "previous_release_id", "changes", "later_trends")}
    others, file = manifest.get("others"), folder / manifest["release_id"] / release.CHANGES
    page = file.read_text(encoding="utf-8") if file.exists() else None
    page = page or release.changes_page(manifest, release.read(folder, manifest["previous_release_id"]))
    session.terminal.answer({**said, "others": others}, page.strip())
    names = ("edition_year", "relation", "row_key", "column_name", "old_value", "new_value")
    found = (others or {}).get("changes", [])
    found = [*found, *(row for row in manifest["later_trends"] if row not in found)]
    session.terminal.as_csv(names, [[row[name] for name in names] for row in found])


def _vintages(session: Session, year: int, first: int, second: int) -> None:
    from pipelines.lake import differences

    before, after = (_rows(session, year, vintage) for vintage in (first, second))
    changes = differences.differences(before, after)
    sentences = differences.sentences(changes)
    session.terminal.answer(
        {
            "edition_year": year,
            "vintages": [first, second],
            "sentences": sentences,
            "differences": [asdict(change) for change in changes],
        },
        "\n".join(sentences) or f"vintages {first} and {second} of edition {year} have the same values",
    )
    names = [field.name for field in fields(differences.Difference)]
    session.terminal.as_csv(names, map(astuple, changes))


def _rows(session: Session, year: int, vintage: int) -> dict[str, list[Row]]:
    """The rows of one vintage, by table, as the published file has them."""
    import schemas

    rows = {
        name: session.rows(
            f'SELECT * FROM "{name}_vintages" WHERE edition_year = $year AND vintage = $vintage '
            f"ORDER BY {', '.join(contract.key)}",
            year=year,
            vintage=vintage,
        )
        for name, contract in schemas.TABLES.items()
    }
    if not rows["editions"]:
        hint = f"jvom vintages {year} lists those it has"
        raise UsageError(f"edition {year} has no vintage {vintage}", hint=hint)
    return rows


def _editions(session: Session, first: int, second: int) -> None:
    from pipelines.publish import compare

    session.require_relation("edition_sequence")
    years = {"first": first, "second": second}
    rows = {
        name: session.rows(query, **(years if "$" in query else {}))
        for name, query in compare.QUERIES.items()
    }
    held = [row["edition_year"] for row in rows["edition_sequence"]]
    if len(held) == 1:
        hint = f"jvom vintages {held[0]} lists its vintages, which can be compared: jvom diff {held[0]} 1 2"
        raise UsageError(
            f"only one edition is held, {held[0]}: there is no other to compare it with", hint=hint
        )
    for year in (first, second):
        if year not in held:
            known = ", ".join(map(str, held)) or "none"
            raise UsageError(f"edition {year} is not in the warehouse", hint=f"editions: {known}")
    if first == second:
        raise UsageError(f"{first} is one edition", hint="name two years, the older one first")
    found = compare.between(first, second, rows)
    sentences = found.mandate_sentences
    session.terminal.answer(
        {
            "editions": [first, second],
            "comparable": found.comparable,
            "notes": found.notes,
            "missions": [{**asdict(each), "change": each.change} for each in found.missions],
            "mandates": sentences,
            "differences": [asdict(change) for change in found.mandates],
        }
    )
    if session.terminal.csv:
        names = [f"{name}_{year}" for name in FIGURES for year in (first, second)]
        each_apart = [
            (
                pair.mission_id,
                pair.name,
                pair.status,
                *chain(*(pair.figures[name] for name in FIGURES)),
                pair.change,
            )
            for pair in found.missions
        ]
        session.terminal.table(("mission_id", "name", "status", *names, "change"), each_apart)
        return
    columns = ("mission", "", *FIGURES, "persons sent", "change")
    differ = [name for name in FIGURES if any(len({*each.figures[name]}) > 1 for each in found.missions)]
    session.terminal.table(
        columns,
        [_shown(each) for each in found.missions],
        title=f"{first} → {second}",
        most=lambda _: ("mission", "persons sent", "change", *differ),
    )
    beside = [row["note"] for row in session.rows(_BESIDE, **years)]
    for sentence in (*found.notes, *beside, *(f"mandate of {sentence}" for sentence in sentences)):
        session.terminal.write(sentence)


def _shown(pair: "Pair") -> tuple[object, ...]:
    def figure(one: object, other: object) -> object:
        here, there = pair.listed
        if here and there:
            return one if one == other else f"{_blank(one)} → {_blank(other)}"
        return one if here else other

    status = "" if pair.status == "in both" else pair.status
    return (
        pair.name,
        status,
        *(figure(*pair.figures[name]) for name in FIGURES),
        figure(*pair.persons_sent),
        pair.change,
    )


def _blank(figure: object) -> object:
    return "·" if figure is None else figure
