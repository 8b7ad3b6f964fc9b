"""Lines of a log: for people, and as JSON for collectors. `deploy/dagster.yaml` names the latter too."""

import datetime
import json
import logging

from pipelines.harmless import visible

TAGS = ("jvom/year", "jvom/source_path", "jvom/source_sha256", "jvom/actor")


class VisibleFormatter(logging.Formatter):
    """Events may quote a document, and are read in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON document a line, as collectors of logs read it: what happened, in which run, to which file."""

    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", None) or {}
        known = {name: meta[name] for name in ("run_id", "job_name", "step_key") if meta.get(name)}
        if event := getattr(record, "dagster_event", None):
            known["event"] = event.event_type_value.replace("PIPELINE", "RUN")  # as the message has it
        tags = meta.get("job_tags") or {}
        known |= {name.removeprefix("jvom/"): tags[name] for name in TAGS if tags.get(name)}
        if year := known.pop("year", tags.get("dagster/partition")):
            known["edition_year"] = int(year)
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat()
        text = visible(super().format(record))
        return json.dumps({"time": moment, "level": record.levelname, **known, "message": text})
