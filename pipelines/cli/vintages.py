"""`jvom vintages`."""

from pipelines.cli.session import OnlyEdition, Session, table_command

# For people: what changed in place of the hashes of code, and the first values that did.
VINTAGES = r"""
WITH changed AS (
    SELECT edition_year, vintage, list(concat(
        row_key, ' ', column_name, ' ', array_to_string([
            regexp_replace(coalesce(nullif(value, ''), '(none)'), '^(.{40}).+', '\1…', 's')
            FOR value IN [old_value, new_value]
        ], ' → ')
    ) ORDER BY table_name = 'cells', table_name, row_key, column_name) AS changes
    FROM revisions WHERE cause NOT IN ('withdrawn', 'restored') GROUP BY ALL
)
SELECT vintages.*, source_path, concat(
    regexp_replace(reason, ' [0-9a-f]{12} → [0-9a-f]{12}', ' changed', 'g'),
    CASE WHEN cause = 'code changed' AND git_commit <> lag(git_commit) OVER each
        THEN concat(
            ' (commit ', left(lag(git_commit) OVER each, 7), ' → ', left(git_commit, 7),
            CASE WHEN git_commit LIKE '%-dirty' THEN ' with uncommitted changes' END, ')'
        ) END,
    CASE len(changes) WHEN 1 THEN '; 1 value: ' ELSE '; ' || len(changes) || ' values: ' END,
    array_to_string(changes[:3], '; '), CASE WHEN len(changes) > 3 THEN '; … (record.revisions)' END
) AS in_words
FROM vintages
JOIN (SELECT edition_year, vintage, source_path FROM editions_vintages) USING (edition_year, vintage)
LEFT JOIN changed USING (edition_year, vintage)
WHERE $year IS NULL OR edition_year = $year
WINDOW each AS (PARTITION BY edition_year ORDER BY vintage)
ORDER BY edition_year, vintage
"""


@table_command
def vintages(session: Session, year: OnlyEdition = None) -> None:
    """Every recorded reading: when, by whom, from which file, why, and which values it changed."""
    columns = "edition_year AS edition, vintage, recorded_at, snapshot_id, cause, actor, in_words AS reason"
    session.list_rows(VINTAGES, columns, year=year)
