"""`jvom diff`: what changed between two vintages; between the published file and a document: `build`."""

from dataclasses import asdict
from typing import Annotated

from typer import Argument

from pipelines.cli.session import Edition, Session, command
from pipelines.sql import Row
from schemas.errors import UsageError


@command
def diff(
    session: Session,
    year: Edition,
    first: Annotated[int, Argument(metavar="A", help="The older vintage.")],
    second: Annotated[int, Argument(metavar="B", help="The newer vintage.")],
) -> None:
    """What changed between two vintages of an edition, mission by mission."""
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
