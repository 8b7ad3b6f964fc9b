"""A failed run told once: one line in the log, and a small JSON document to JVOM_NOTIFY_URL if it is set."""

import threading
import time
from typing import Any

import dagster as dg

from pipelines import settings
from pipelines.orchestration.assets import Warehouse

TIMEOUT = 10.0  # seconds for the whole of it
SHOWN = 300  # characters of a reason


def document(run: dg.DagsterRun, reason: str) -> dict[str, Any]:
    """What is told: `text` is one line for people, as chat services show it."""
    year, cause = run.tags.get("jvom/year"), run.tags.get("jvom/cause")
    about = ", ".join(part for part in (f"edition {year}" if year else "", cause or "") if part)
    first = " ".join(reason.partition("\n")[0].split())[:SHOWN]
    which = f"{run.job_name} ({about})" if about else run.job_name
    return {
        "text": f"jvom: {which} failed: {first} [run {run.run_id[:8]}]",
        "run_id": run.run_id,
        "job": run.job_name,
        "edition_year": int(year) if year and year.isdigit() else None,
        "cause": cause,
        "source_sha256": run.tags.get("jvom/source_sha256"),
        "error": reason,
    }


def post(address: str, told: dict[str, Any], timeout: float = TIMEOUT) -> str | None:
    """Send it; returns why that did not work, within `timeout` seconds and whatever the network does."""
    outcome: list[str | None] = []
    # httpx limits each silence but not the whole, so that the waiting has a limit of its own.
    worker = threading.Thread(target=lambda: outcome.append(_post(address, told, timeout)), daemon=True)
    worker.start()
    worker.join(timeout)
    return outcome[0] if outcome else f"it does not answer within {timeout:g} s"


def _post(address: str, told: dict[str, Any], timeout: float) -> str | None:
    import httpx

    try:
        with httpx.stream("POST", address, json=told, timeout=timeout) as answer:
            return None if answer.is_success else f"it answers {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return type(error).__name__


def reason_of(context: dg.RunFailureSensorContext) -> str:
    """Why the run failed, in the words of the first asset that did."""
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            return str(data.user_failure_data.description)
        if data.error:
            return str(data.error.message)
    return str(context.failure_event.message or "the run failed; its log says why")


@dg.run_failure_sensor(
    name="run_failed",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="One line for each failed run in the warehouse's log, and as JSON to JVOM_NOTIFY_URL.",
)
def run_failed(context: dg.RunFailureSensorContext, warehouse: Warehouse) -> None:
    told = document(context.dagster_run, reason_of(context))
    context.log.error(told["text"])
    try:
        logs = warehouse.settings().logs
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / time.strftime("%Y-%m-%d.log")).open("a", encoding="utf-8") as stream:
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} ERROR {told['text']}\n")
    except OSError as error:
        context.log.warning(f"the log of the warehouse cannot be written: {error}")
    address = settings.notify_address()
    wrong = post(address, told) if address else None
    if wrong:  # without the address: it may hold a secret
        context.log.warning(f"JVOM_NOTIFY_URL was not told: {wrong}")
