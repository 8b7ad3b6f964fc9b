"""Dagster: assets, checks, jobs, schedules, sensors, and what starts runs. Nothing else imports Dagster.

`resources` has the asset keys, partitions and addresses; `edition` the assets of one report year, `release`
those over all years; `jobs` what changes or inspects the record, `automation` what happens by itself;
`failures` what becomes of errors and dead runs; `stage` the files between assets; `run` starts runs here.
"""
