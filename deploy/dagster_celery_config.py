"""What Celery's workers are told; Dagster reads a module of this name."""

import os
from contextlib import ExitStack

from celery.result import allow_join_result
from celery.signals import worker_process_init

broker_url = os.environ["JVOM_CELERY_BROKER"]
result_backend = os.environ["JVOM_CELERY_BACKEND"]
# A worker takes what it has room for: the rest would wait for it, however idle the other workers are.
worker_disable_prefetch = True
task_default_queue = "dagster"
_lasting = ExitStack()  # as long as the process


@worker_process_init.connect
def let_a_run_take_the_results_of_its_steps(**_: object) -> None:
    """Both are tasks (`JVOM_EXECUTOR=celery`), and Celery else forbids one task to take another's result."""
    _lasting.enter_context(allow_join_result())
