"""The views, one readable SELECT a file: see `pipelines.publish.views`, which turns them into relations.

Names are unqualified, so that the same text runs in memory and in the published file. Two files are
templates for several views of one shape: `latest.sql` for every table that is read from a report,
`group_trends.sql` for every column of the registry that trends are grouped by. `revisions.sql` is filled
with the values of each table. In `macros` are table macros, each made by its own CREATE MACRO.
"""
