-- The findings known at a moment (UTC): of each edition the newest vintage recorded until then, unless that
-- vintage withdraws the edition, by the last rules that had looked at it. Findings between editions are not
-- recorded and not among them. attached_as is as for personnel_as_of.
CREATE MACRO findings_as_of(moment, attached_as := NULL) AS TABLE
SELECT rows_of.*
FROM findings_vintages AS rows_of
WHERE (rows_of.edition_year, rows_of.vintage, rows_of.rules_version) IN (
    SELECT looked.edition_year, looked.vintage, max_by(looked.rules_version, looked.reconciled_at)
    FROM reconciliations AS looked
    WHERE looked.reconciled_at <= CAST(moment AS TIMESTAMP)
    GROUP BY looked.edition_year, looked.vintage
)
AND (rows_of.edition_year, rows_of.vintage) IN (
    SELECT readings.edition_year, max(readings.vintage)
    FROM editions_vintages AS readings
    WHERE readings.recorded_at <= CAST(moment AS TIMESTAMP)
    GROUP BY readings.edition_year
    HAVING NOT max_by(readings.withdrawn, readings.vintage)
)
