"""Where Dagster finds the code location: schedules and sensors that run are tied to this name."""

from pipelines import settings
from pipelines.orchestration.definitions import definitions

defs = definitions(settings.find(), with_code=True)
