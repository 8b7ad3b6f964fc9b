"""What Celery's workers are told; Dagster reads a module of this name."""

import os

broker_url = os.environ["JVOM_CELERY_BROKER"]
result_backend = os.environ["JVOM_CELERY_BACKEND"]
# A worker takes what it has room for: the rest would wait for it, however idle the other workers are.
worker_disable_prefetch = True
task_default_queue = "dagster"
