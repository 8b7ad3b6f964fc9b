-- Which vintage of each edition is the newest, and by which versions and from which files is it known?
-- A reading again counts if it came after the vintage and read the same file. Whoever restored a vintage
-- knew every reading before it, and set them aside: they count too.
WITH readings AS (
    SELECT
        edition_year,
        vintage,
        source_sha256,
        recorded_at AS moment,
        struct_pack(
            code_version := code_version,
            registry_version := registry_version,
            declarations_version := declarations_version
        ) AS versions
    FROM vintages
    UNION ALL
    SELECT
        edition_year,
        NULL AS vintage,
        source_sha256,
        checked_at AS moment,
        struct_pack(
            code_version := code_version,
            registry_version := registry_version,
            declarations_version := declarations_version
        ) AS versions
    FROM verifications
    WHERE kind = 'read again'
),

files AS (
    SELECT
        edition_year,
        max(vintage) AS vintage,
        list_sort(list(DISTINCT source_sha256)) AS seen_sha256
    FROM (
        SELECT edition_year, vintage, source_sha256 FROM editions_vintages
        UNION ALL
        SELECT edition_year, NULL AS vintage, source_sha256 FROM readings
    )
    GROUP BY edition_year
),

rules AS (
    SELECT
        edition_year,
        vintage,
        max_by(rules_version, reconciled_at) AS rules_version
    FROM reconciliations
    GROUP BY edition_year, vintage
)

SELECT
    newest.edition_year,
    newest.vintage,
    newest.cause,
    editions.source_path,
    editions.source_sha256,
    editions.source_bytes,
    editions.source_format,
    editions.source_fidelity,
    newest.content_hash,
    list(
        readings.versions
        ORDER BY readings.vintage IS DISTINCT FROM newest.vintage, readings.moment
    ) AS versions,
    files.seen_sha256,
    rules.rules_version,
    max(readings.moment) AS confirmed_at
FROM files
JOIN vintages AS newest ON newest.edition_year = files.edition_year AND newest.vintage = files.vintage
JOIN editions_vintages AS editions
    ON editions.edition_year = files.edition_year AND editions.vintage = files.vintage
JOIN readings
    ON readings.edition_year = newest.edition_year
    AND (
        readings.vintage = newest.vintage
        OR newest.cause = 'restored' AND (
            readings.vintage < newest.vintage
            OR readings.vintage IS NULL AND readings.moment < newest.recorded_at
        )
        OR readings.vintage IS NULL
        AND readings.source_sha256 = newest.source_sha256
        AND readings.moment > newest.recorded_at
    )
LEFT JOIN rules ON rules.edition_year = newest.edition_year AND rules.vintage = newest.vintage
GROUP BY ALL
