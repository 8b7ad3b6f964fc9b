"""Steps of one run by Celery, on several machines; loaded only where `JVOM_EXECUTOR` is `celery`.

What leads the run shows that it does: where it is gone, nobody would begin the next step.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from celery.result import allow_join_result
from dagster._core.execution.retries import RetryMode
from dagster_celery import celery_executor
from dagster_celery.executor import CeleryExecutor

from pipelines import lake, settings
from pipelines.orchestration.failures import led, take_up

_SERVERS = {each: {"env": f"JVOM_CELERY_{each.upper()}"} for each in ("broker", "backend")}


class _Led(CeleryExecutor):  # type: ignore[misc]  # of a package that may not be there
    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        run_id = plan_context.run_id
        take_up(plan_context.instance, run_id)
        lake.attend(settings.find().catalog, led(run_id))
        # A run on a worker is a task too, and Celery else forbids one task to take another's result.
        with allow_join_result():
            yield from super().execute(plan_context, execution_plan)


def executor() -> dg.ExecutorDefinition:
    """Dagster's own for Celery, led so."""
    steps = celery_executor.configured(_SERVERS)
    return dg.ExecutorDefinition(
        name=steps.name,
        config_schema=steps.config_schema,
        requirements=steps.get_requirements,
        executor_creation_fn=_create,
    )


def _create(context: dg.InitExecutorContext) -> dg.Executor:
    config: Any = context.executor_config
    servers = {name: config.get(name) for name in ("broker", "backend", "include", "config_source")}
    return _Led(retries=RetryMode.from_config(config["retries"]), **servers)
