"""The command line: one file a command, bearing its name, in the order in which `--help` lists them.

A command reads its options, calls the stages, and shows the answer; what is worked out belongs to a
stage. Each imports what it needs when it runs, so that `--help`, `sql` and a build with nothing to do
load neither Dagster nor Pandera. `session` is what commands share, `terminal` how answers look, `app`
the program with its exit statuses, `reference` its documentation as a page.
"""

from collections.abc import Callable
from importlib import import_module

_GROUPS = {
    "Record": ("onboard", "build", "ingest", "fetch", "ingest_un", "quarantine", "withdraw", "restore"),
    "Ask": ("trend", "editions", "missions", "findings", "sql", "open"),
    "Audit": ("trace", "vintages", "checks", "diff", "page", "verify"),
    "Look after": ("status", "logs", "gc", "backup", "ui"),
}


def commands(only: str = "") -> dict[str, tuple[Callable[..., None], ...]]:
    """What `--help` calls a group → its commands; if `only` is the name of one, no other is loaded."""
    wanted = {only.replace("-", "_")} & {name for names in _GROUPS.values() for name in names}
    return {
        group: tuple(
            getattr(import_module(f"pipelines.cli.{name}"), name)
            for name in names
            if not wanted or name in wanted
        )
        for group, names in _GROUPS.items()
    }
