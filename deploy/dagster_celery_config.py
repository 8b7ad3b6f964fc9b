"""What Celery's workers are told; Dagster reads a module of this name. One task at a time is fetched."""

import os

broker_url = os.environ["JVOM_CELERY_BROKER"]
result_backend = os.environ["JVOM_CELERY_BACKEND"]
worker_prefetch_multiplier = 1
task_default_queue = "dagster"
