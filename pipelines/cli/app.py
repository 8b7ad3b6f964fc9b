"""`jvom`: the command line, a thin floor on top of the stages.

Commands import what they need when they run: `--help`, `sql` and a build with nothing to do never
load Dagster or Pandera. Exit status: 0 done; 1 the input or the data is at fault; 2 the command
line is; 3 the surroundings are (disk, lock, network).
"""

from __future__ import annotations

import itertools
import os
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from pipelines import settings
from pipelines.cli import contradictions, contributed, opening, recordkeeping, tracing, trending
from pipelines.cli.options import Json, Raw, Timeout, Verbose, Warehouse
from pipelines.cli.session import Session
from pipelines.cli.terminal import Terminal
from schemas.errors import JvomError, LakeError, UsageError

app = typer.Typer(
    name="jvom",
    help="Dutch contributions to missions and operations, as versioned data.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from pipelines import versions

        print(f"jvom {versions.jvom()}")
        raise typer.Exit


@app.callback()
def _jvom(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Dutch contributions to missions and operations, as versioned data."""


@app.command()
def build(
    year: Annotated[int | None, typer.Option("--year", metavar="Y", help="Only this edition.")] = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Read every edition again, also where nothing has changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and check, write nothing; say what would change.")
    ] = False,
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Read every new or changed edition in raw/, check it, record it, publish."""
    from pipelines import plan as pending
    from pipelines.cli import building

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    if year is not None:
        building.require_year(year)
    if dry_run:
        building.rehearse(session, pending.plan(session.settings, year, recheck=recheck))
    else:
        building.carry_out(session, lambda: pending.plan(session.settings, year, recheck=recheck), timeout)


@app.command()
def ingest(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="The document.")],
    year: Annotated[
        int, typer.Option("--year", metavar="Y", help="Edition: the year in which it was sent to parliament.")
    ],
    keep: Annotated[
        bool, typer.Option("--keep", help="Also put the file in raw/, as the edition's.")
    ] = False,
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Build from one document; its bytes are kept in the warehouse by hash."""
    from pipelines.cli import building

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    building.require_year(year)
    building.ingest(session, file, year, keep=keep, timeout=timeout)


contributed.register(app)


@app.command()
def fetch(
    year: Annotated[
        int | None, typer.Argument(metavar="Y", help="The edition; the latest that is due, if none is given.")
    ] = None,
    build: Annotated[bool, typer.Option("--build", help="Then read, check, record and publish it.")] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Look until 30 September for a document that replaces it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look and judge, but write nothing.")] = False,
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Find an edition in parliament's open data and put it into raw/; nothing there is overwritten."""
    from pipelines.cli import building, fetching

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    if build and dry_run:
        raise UsageError("--build and --dry-run exclude each other", hint="leave one of them out")
    if year is not None:
        building.require_year(year)
    fetching.fetch(session, year, dry_run=dry_run, thorough=thorough, build=build, timeout=timeout)


@app.command()
def status(
    json: Json = False, raw: Raw = None, warehouse: Warehouse = None, verbose: Verbose = False
) -> None:
    """Editions, late editions, the last run, who holds the lock, disk used."""
    from pipelines.cli import status as facts

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    facts.show(session.terminal, facts.gather(session.settings))


@app.command()
def quarantine(
    every: Annotated[bool, typer.Option("--all", help="Also those that were accepted since.")] = False,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Refused documents, with every problem of each."""
    from pipelines.cli import refused

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    refused.show(session, every=every)


@app.command()
def editions(
    json: Json = False, raw: Raw = None, warehouse: Warehouse = None, verbose: Verbose = False
) -> None:
    """The editions held: period, source and latest vintage."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    session.list_rows(
        "SELECT * FROM editions ORDER BY edition_year",
        shown="edition_year, period_start, period_end, kamerstuk, source_fidelity, source_path, vintage, "
        "recorded_at",
    )


@app.command()
def missions(
    json: Json = False, raw: Raw = None, warehouse: Warehouse = None, verbose: Verbose = False
) -> None:
    """The missions of the registry, and from which edition to which annex 2 lists them."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    session.list_rows(
        "SELECT * FROM missions ORDER BY mission_id",
        shown="mission_id, name, organisation, region, first_edition_year, last_edition_year",
    )


@app.command()
def vintages(
    year: Annotated[int | None, typer.Argument(metavar="Y", help="Only this edition.")] = None,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """Every recorded reading: when, why, by whom, from which file."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    session.list_rows(
        "SELECT * FROM vintages WHERE $year IS NULL OR edition_year = $year ORDER BY edition_year, vintage",
        {"year": year},
        shown="edition_year, vintage, recorded_at, cause, reason, actor, snapshot_id",
    )


trending.register(app)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A query in DuckDB's SQL.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values on standard output.")] = False,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """A read-only query against the published file."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    if as_csv and json:
        raise UsageError("--csv and --json exclude each other", hint="leave one of them out")
    session.run_query(query, as_csv=as_csv)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    timeout: Timeout = 600,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """A consistent copy of the warehouse, which --warehouse opens."""
    from pipelines import lake as snapshot

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    copied = snapshot.backup(session.settings, folder, timeout=timeout, waiting=session.terminal.say)
    session.terminal.answer(
        {"folder": str(folder), "bytes": copied},
        f"{copied / 1e6:.1f} MB copied; open the copy with --warehouse {folder}",
    )


contradictions.register(app)
recordkeeping.register(app)
tracing.register(app)
opening.register(app)


@app.command()
def ui(
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For auditors: nothing can be started or changed.")
    ] = False,
    port: Annotated[int, typer.Option("--port", metavar="PORT", min=1, max=65535, help="TCP port.")] = 3000,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """The Dagster UI on this warehouse's run history, on this machine only; Ctrl-C ends it."""
    from pipelines.cli import interface

    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    interface.serve(session, port=port, read_only=read_only)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (default: this process's) and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    terminal = Terminal(json="--json" in given, verbose="--verbose" in given)
    try:
        require_supported(os.name)
        outcome: Any = app(args=given, prog_name="jvom", standalone_mode=False)
        sys.stdout.flush()
    except JvomError as error:
        return terminal.fail(error)
    except TyperException as error:
        return terminal.fail(UsageError(error.format_message(), hint=_help_of(error)))
    except Exception as error:
        return terminal.fail(_unexpected(error, given))
    return outcome if isinstance(outcome, int) else 0


def require_supported(system: str) -> None:
    """Raise LakeError on Windows, where locks and atomic replacement differ and nothing is tested."""
    if system == "nt":
        raise LakeError(
            "Linux and macOS are supported, Windows is not",
            hint="use the Windows Subsystem for Linux, or a machine that runs either",
        )


def _help_of(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'jvom'} --help"


def _unexpected(error: Exception, arguments: Sequence[str]) -> JvomError:
    """A fault of ours, in one line; the traceback goes to the log, or to the terminal if asked."""
    told = f"unexpected {type(error).__name__}: {str(error).partition(chr(10))[0] or 'no message'}"
    if "--verbose" in arguments:
        traceback.print_exception(error)
        return JvomError(told, hint="report it with the traceback above")
    log = _log(arguments)
    if log is None:
        return JvomError(told, hint="run it again with --verbose and report what it prints")
    with log.open("a", encoding="utf-8") as stream:
        traceback.print_exception(error, file=stream)
    return JvomError(told, hint=f"the traceback is in {log}")


def _log(arguments: Sequence[str]) -> Path | None:
    """Today's log of the warehouse that the command line names; None where there is no warehouse."""
    given = dict(itertools.pairwise(arguments)).get("--warehouse")
    try:
        logs = settings.find(warehouse=Path(given) if given else None).logs
        if not logs.parent.is_dir():
            return None
        logs.mkdir(exist_ok=True)
    except (JvomError, OSError):
        return None
    return logs / time.strftime("%Y-%m-%d.log")


if __name__ == "__main__":
    sys.exit(main())
