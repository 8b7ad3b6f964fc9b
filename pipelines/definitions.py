"""Where Dagster finds the code location: schedules and sensors that run are tied to this name."""

from pipelines.orchestration.definitions import defs

__all__ = ["defs"]
