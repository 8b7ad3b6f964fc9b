"""Dagster: assets, checks, jobs, schedules, sensors, and what starts runs. Nothing else imports Dagster.

`keys` has asset keys and partitions, `resources` the warehouse's addresses and the files between assets;
`edition` the assets of one report year, `release` those over all years, `checks` what they must pass, and
`metadata` what is shown beside them; `jobs` what changes or inspects the record, `automation` what happens by
itself; `failures` what becomes of errors and dead runs; `run` starts runs here.
"""
