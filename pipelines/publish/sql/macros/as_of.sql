-- The {table} known at a moment (UTC): of each edition the newest vintage recorded until then, unless
-- that vintage withdraws the edition. attached_as is the name under which the file is attached, where
-- that is neither jvom nor what USE names: x.{table}_as_of(TIMESTAMP '2024-06-01', attached_as := 'x').
CREATE MACRO {table}_as_of(moment, attached_as := NULL) AS TABLE
SELECT rows_of.*
FROM {table}_vintages AS rows_of
WHERE (rows_of.edition_year, rows_of.vintage) IN (
    SELECT readings.edition_year, max(readings.vintage)
    FROM editions_vintages AS readings
    WHERE readings.recorded_at <= CAST(moment AS TIMESTAMP)
    GROUP BY readings.edition_year
    HAVING NOT max_by(readings.withdrawn, readings.vintage)
)
