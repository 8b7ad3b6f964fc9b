-- Which edition held comes before each one, and what lies between their periods?
-- "Between" are days that no edition speaks of; a negative number of them lies in both periods.
WITH measured AS (
    -- Whether an edition counts the persons sent over its period at all; another may count a day's strength.
    SELECT
        edition_year,
        count(coalesce(deployed_military, deployed_civil_police, deployed_total)) > 0 AS counts_sent
    FROM personnel
    GROUP BY edition_year
),

columns AS (
    -- Whether its table has room for civil/police at all; another prints military alone.
    SELECT edition_year, count(*) > 0 AS with_civil_police
    FROM cells
    WHERE
        table_name = 'personnel'
        AND column_name IN ('deployed_civil_police', 'deployed_civil', 'deployed_police', 'deployed_total')
    GROUP BY edition_year
),

held AS (
    SELECT
        editions.edition_year,
        editions.period_start,
        editions.period_end,
        editions.period_months,
        CASE
            WHEN NOT coalesce(measured.counts_sent, FALSE) THEN 'no exact figure'
            WHEN coalesce(columns.with_civil_police, FALSE) THEN 'military and civil/police'
            ELSE 'military alone'
        END AS counts,
        row_number() OVER (ORDER BY editions.edition_year) AS position
    FROM editions
    LEFT JOIN measured ON measured.edition_year = editions.edition_year
    LEFT JOIN columns ON columns.edition_year = editions.edition_year
)

SELECT
    now.edition_year,
    CAST(now.position AS INTEGER) AS position,
    now.period_start,
    now.period_end,
    before.edition_year AS previous_edition_year,
    CAST(
        coalesce(range(before.edition_year + 1, now.edition_year), []) AS INTEGER[]
    ) AS years_not_held,
    CAST(date_diff('day', before.period_end, now.period_start) - 1 AS INTEGER) AS days_between,
    CASE
        WHEN before.edition_year IS NOT NULL
            -- Periods that are not known are not known to be comparable.
            THEN coalesce(date_diff('day', before.period_end, now.period_start) = 1, FALSE)
                AND coalesce(now.period_months = before.period_months, FALSE)
                AND now.counts = before.counts
    END AS comparable,
    now.counts
FROM held AS now
LEFT JOIN held AS before ON before.position = now.position - 1
