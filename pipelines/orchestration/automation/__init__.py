"""What happens by itself: the yearly schedule, the watches, publishing, telling of failures, sweeping up."""

from pipelines.orchestration.automation.acquiring import acquire, due, edition_watch, under_way
from pipelines.orchestration.automation.acquiring import report_day_schedule as report_day
from pipelines.orchestration.automation.ingesting import (
    ingest,
    public_figures,
    publish,
    publish_when_recorded,
    raw_files,
    run_log,
    sweep,
)
from pipelines.orchestration.automation.telling import run_failed

__all__ = [
    "acquire",
    "due",
    "edition_watch",
    "ingest",
    "public_figures",
    "publish",
    "publish_when_recorded",
    "raw_files",
    "report_day",
    "run_failed",
    "run_log",
    "sweep",
    "under_way",
]
