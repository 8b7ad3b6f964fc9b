-- The mandates known at a moment (UTC): of each edition the newest vintage recorded until then, unless
-- that vintage withdraws the edition.
CREATE MACRO mandates_as_of(moment) AS TABLE
SELECT mandates_vintages.*
FROM mandates_vintages
WHERE (mandates_vintages.edition_year, mandates_vintages.vintage) IN (
    SELECT editions_vintages.edition_year, max(editions_vintages.vintage)
    FROM editions_vintages
    WHERE editions_vintages.recorded_at <= CAST(moment AS TIMESTAMP)
    GROUP BY editions_vintages.edition_year
    HAVING NOT max_by(editions_vintages.withdrawn, editions_vintages.vintage)
)
