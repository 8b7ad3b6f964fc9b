"""The command line: one file a command, bearing its name, in the order in which `--help` lists them.

A command reads its options, calls the stages, and shows the answer; what is worked out belongs to a
stage. Each imports what it needs when it runs, so that `--help`, `sql` and a build with nothing to do
load neither Dagster nor Pandera. `session` is what commands share, `terminal` how answers look, `app`
the program with its exit statuses, `reference` its documentation as a page.
"""

from pipelines.cli import (
    backup,
    build,
    diff,
    editions,
    fetch,
    findings,
    ingest,
    ingest_un,
    missions,
    open,
    page,
    quarantine,
    restore,
    sql,
    status,
    trace,
    trend,
    ui,
    verify,
    vintages,
    withdraw,
)

COMMANDS = {
    "Record": (
        build.build,
        ingest.ingest,
        fetch.fetch,
        ingest_un.ingest_un,
        quarantine.quarantine,
        withdraw.withdraw,
        restore.restore,
    ),
    "Ask": (trend.trend, editions.editions, missions.missions, findings.findings, sql.sql, open.open),
    "Audit": (trace.trace, vintages.vintages, diff.diff, page.page, verify.verify),
    "Look after": (status.status, backup.backup, ui.ui),
}
"""What `--help` calls a group → its commands."""
