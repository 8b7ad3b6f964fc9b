-- What does each edition say in its {table}, by its latest reading?
-- The newest vintage of every edition, unless that vintage withdraws the edition: older vintages
-- stay in {table}_vintages, but do not come back by themselves.
-- A template: one view for each table of the report.
SELECT
    {columns}
FROM {table}_vintages
WHERE (edition_year, vintage) IN (SELECT edition_year, vintage FROM known WHERE known_until IS NULL)
