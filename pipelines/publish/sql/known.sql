-- Which reading of each edition was known from when until when, and what rules had looked at it?
-- A vintage is known until the next one is recorded; one that withdraws the edition makes nothing known. Where rules
-- looked at it again, each look has a row of its own.
WITH readings AS (
    SELECT
        edition_year,
        vintage,
        withdrawn,
        recorded_at,
        lead(recorded_at) OVER (PARTITION BY edition_year ORDER BY vintage) AS replaced_at
    FROM editions_vintages
),

looks AS (
    SELECT
        edition_year,
        vintage,
        rules_version,
        reconciled_at,
        row_number() OVER (PARTITION BY edition_year, vintage ORDER BY reconciled_at) AS place,
        lead(reconciled_at) OVER (PARTITION BY edition_year, vintage ORDER BY reconciled_at) AS repeated_at
    FROM reconciliations
)

SELECT
    readings.edition_year,
    readings.vintage,
    -- The first look is recorded with the vintage itself.
    CASE WHEN looks.place > 1 THEN looks.reconciled_at ELSE readings.recorded_at END AS known_from,
    least(readings.replaced_at, looks.repeated_at) AS known_until,
    looks.rules_version
FROM readings
LEFT JOIN looks ON looks.edition_year = readings.edition_year AND looks.vintage = readings.vintage
WHERE NOT readings.withdrawn
