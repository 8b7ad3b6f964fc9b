"""`jvom withdraw`, and what it shares with `restore`: decisions that become new vintages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from typer import Exit

from pipelines.cli.session import Edition, Reason, Session, Timeout, table_command
from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.lake import Lake
    from pipelines.lake.decision import Action, Copy
    from pipelines.settings import Settings

SEEN = "readers see these vintages already; names and sums follow today's registry"
DECIDED = ("edition_year", "vintage", "cause", "release_id")  # of what --csv gives


@table_command
def withdraw(session: Session, year: Edition, reason: Reason, timeout: Timeout = 600) -> None:
    """Take an edition out of the latest views, as a new vintage; history keeps it."""
    record(session, "withdraw", {"edition_year": year}, reason, timeout)


def record(session: Session, action: Action, config: Mapping[str, Any], reason: str, timeout: float) -> None:
    """Record the new vintages, all of them or none, and publish; ends with the status of what failed.

    `config` is what the op of that job is given, but for the reason.
    """
    from pipelines.lake import Lake

    if not reason.strip():
        raise UsageError("--reason is empty", hint="say in a few words why: it stays in the record")
    lake, settings, terminal = Lake.of(session.settings), session.settings, session.terminal
    outcomes, release, error, code, later = [], None, None, 0, list[str]()
    if _planned(lake, settings, action, config):  # refuses what cannot be done before Dagster is loaded
        from pipelines.orchestration import run

        given = {**config, "reason": reason.strip()}
        with lake.writer(timeout=timeout, waiting=terminal.say):
            copies_of(lake, action, config)
            result = run.run_job(settings, action, given, verbose=terminal.verbose, progress=terminal.say)
        outcomes, release, code = [*map(asdict, result.outcomes)], result.release_id, result.exit_code
        later = [*result.later_trends]
        error = next((each.error for each in result.outcomes if each.error), result.error)
    about = {"release_id": release, "error": {"message": error} if error else None}
    terminal.as_csv(DECIDED, [[{**each, **about}[name] for name in DECIDED] for each in outcomes])
    shown = [] if error else session.rows("SELECT edition_year, vintage FROM editions ORDER BY edition_year")
    document = {**(outcomes[0] if "edition_year" in config else {"editions": outcomes}), **about}
    if error:
        terminal.answer(document)
        terminal.say(f"error: {error}")
        raise Exit(code)
    done = [
        f"edition {each['edition_year']}, vintage {each['vintage']}: {each['cause']} ({reason.strip()})"
        for each in outcomes
    ]
    seen = ", ".join(f"{row['edition_year']} (vintage {row['vintage']})" for row in shown) or "no edition"
    lines = [*done, f"release {release}"] if done else [f"nothing was recorded: {SEEN}"]
    lines.append(f"readers now see {seen}; jvom vintages lists every reading")
    if later:
        lines += ["trends of other editions that changed with it:", *(f"- {sentence}" for sentence in later)]
    terminal.answer({**document, "shown": shown, "later_trends": later}, "\n".join(lines))


def _planned(lake: Lake, settings: Settings, action: Action, config: Mapping[str, Any]) -> list[Copy]:
    """As `copies_of`; one that was recorded, and ended before it was published, leads to a build."""
    from pipelines.orchestration.plan import MORE_RECORDED, plan_publication

    try:
        return copies_of(lake, action, config)
    except UsageError as error:
        if plan_publication(settings).publish == MORE_RECORDED:
            error.hint = "jvom build publishes what was recorded last, which readers do not see yet"
        raise


def copies_of(lake: Lake, action: Action, config: Mapping[str, Any]) -> list[Copy]:
    """The vintages that would come; none if readers see them already. UsageError if it cannot be done."""
    from pipelines.lake.decision import Copy

    if release := config.get("release"):
        return lake.copies_back(release)
    year = config["edition_year"]
    return [Copy(action, year, lake.target_vintage(year, action, config.get("vintage")))]
