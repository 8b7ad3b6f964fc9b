"""Dagster: assets, checks, jobs, schedules, sensors, and what starts runs. Nothing else imports Dagster.

`keys` has asset keys and partitions, `resources` the warehouse's addresses and the files between assets;
`edition` the assets of one report year, `release` those over all years, `metadata` what is shown beside them;
`automation` the jobs and what happens by itself; `failures` what becomes of errors and dead runs, `history`
what the runs were; `run` starts runs here, `web` the interface, and `interrupts` ends either. `plan` decides
what there is to do, without Dagster.
"""
