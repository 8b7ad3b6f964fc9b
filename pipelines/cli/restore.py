"""`jvom restore`: one vintage of an edition, or all that readers saw at some time."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from typer import Argument, Option

from pipelines.cli.session import Session, Timeout, moment, table_command
from pipelines.cli.withdraw import SEEN, copies_of, record
from schemas.errors import UsageError

REHEARSED = ("edition", "readers see", "would see", "as vintage")
_RELEASED = "FROM releases WHERE published_at < $until ORDER BY published_at DESC LIMIT 1"
_BEFORE_LAST = "FROM releases ORDER BY published_at DESC LIMIT 1 OFFSET 1"
PREVIOUS = "previous"
_RELEASE = "FROM releases WHERE release_id = $release"


@table_command
def restore(
    session: Session,
    year: Annotated[int | None, Argument(metavar="Y", help="The edition, by its year.")] = None,
    vintage: Annotated[
        int | None,
        Option(
            "--vintage",
            metavar="N",
            min=1,
            help="The vintage to bring back; without it the last before the withdrawal.",
        ),
    ] = None,
    release: Annotated[
        str | None,
        Option(
            "--release",
            metavar="ID",
            help="Back to the vintages of a release, of every edition; `previous`: the one before.",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        Option(
            "--as-of",
            metavar="WHEN",
            help="Back to what readers saw then: yesterday, 2026-05-20 or '2026-05-20 16:00' (UTC).",
        ),
    ] = None,
    reason: Annotated[str, Option("--reason", metavar="R", help="Why; it stays in the record.")] = "",
    dry_run: Annotated[
        bool, Option("--dry-run", help="Say what readers would see; record and publish nothing.")
    ] = False,
    timeout: Timeout = 600,
) -> None:
    """Bring a vintage back into the latest views, or all that readers saw at some time, as new vintages.

    All of a release comes back in one step or not at all; an edition that came in since is withdrawn.
    """
    if [year, release, as_of].count(None) != 2 or (vintage and year is None):
        hint = "such as jvom restore 2024 --vintage 1, jvom restore --as-of yesterday, or --release ID"
        raise UsageError("say what to bring back: an edition, --release or --as-of", hint=hint)
    config: dict[str, Any] = {"edition_year": year, **({"vintage": vintage} if vintage else {})}
    if year is None:
        config = {
            "release": _previous(session)
            if release == PREVIOUS
            else release or _released(session, str(as_of))
        }
        _say_which(session, str(config["release"]))
    if dry_run:
        _rehearse(session, config)
    else:
        record(session, "restore", config, reason, timeout)


def _released(session: Session, as_of: str) -> str:
    """The release that readers saw at a time."""
    until = moment(as_of, end=True)
    for row in session.rows(_RELEASED, until=until):
        return str(row["release_id"])
    (first,) = session.rows("SELECT min(published_at) AS published_at FROM releases")
    message = f"nothing was published before {until:%Y-%m-%d %H:%M} UTC"
    raise UsageError(message, hint=f"the first release is of {first['published_at']:%Y-%m-%d %H:%M} UTC")


def _previous(session: Session) -> str:
    """The release before the one that readers see."""
    for row in session.rows(_BEFORE_LAST):
        return str(row["release_id"])
    raise UsageError("there is one release, and none before it", hint="jvom status names it")


def _say_which(session: Session, release: str) -> None:
    """Name the release, and say what of it vintages do not bring back."""
    from pipelines import versions

    for row in session.rows(_RELEASE, release=release):
        said = f"release {release}, published at {row['published_at']:%Y-%m-%d %H:%M} UTC"
        if row["git_commit"] != versions.git_commit():
            code = row["git_commit"] or "an unknown commit"
            said += f" by the code at {code}; names, views and rules stay those of the code at work"
        session.terminal.say(said)


def _rehearse(session: Session, config: Mapping[str, Any]) -> None:
    """Show which editions readers would see otherwise, and all that would change for them."""
    from pipelines.cli import build
    from pipelines.lake import Lake
    from pipelines.publish import rehearsal

    lake, terminal = Lake.of(session.settings), session.terminal
    copies = copies_of(lake, "restore", config)
    states, nothing = lake.edition_states(), "nothing (withdrawn)"
    editions = [
        {
            "edition_year": copy.edition_year,
            "now": nothing if state.cause == "withdrawn" else f"vintage {state.vintage}",
            "then": nothing if copy.action == "withdraw" else f"vintage {copy.vintage}",
            "new_vintage": state.vintage + 1,
        }
        for copy in copies
        for state in [states[copy.edition_year]]
    ]
    effects = rehearsal.effects(session.settings, lake.would_copy(copies)) if copies else None
    terminal.answer(
        {"dry_run": True, **config, "editions": editions, "effects": asdict(effects) if effects else None}
    )
    if not effects:
        terminal.write(f"nothing would be recorded: {SEEN}")
        return
    if not terminal.csv:
        terminal.table(REHEARSED, [[*each.values()] for each in editions])
    build.show_effects(terminal, effects)
