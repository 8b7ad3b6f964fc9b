"""Lines of a log: for people, and as JSON for collectors. `deploy/dagster.yaml` names the latter too."""

import datetime
import json
import logging

from pipelines.harmless import visible


class VisibleFormatter(logging.Formatter):
    """Events may quote a document, and are read in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON document a line, as collectors of logs read it."""

    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", None) or {}
        known = {name: meta.get(name) for name in ("run_id", "job_name", "step_key") if meta.get(name)}
        moment = datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat()
        text = visible(super().format(record))
        return json.dumps({"time": moment, "level": record.levelname, **known, "message": text})
