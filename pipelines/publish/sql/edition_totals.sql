-- Do the printed totals of annex 2 equal the sums of its rows, figure by figure?
-- Five rows an edition; the lists turn the five figures of a row into five rows.
WITH figures AS (
    SELECT
        edition_year,
        separate_report,
        unnest([{names}]) AS column_name,
        unnest([{figures}]) AS persons
    FROM personnel
),

printed AS (
    SELECT
        edition_year,
        unnest([{names}]) AS column_name,
        unnest([{figures}]) AS persons
    FROM personnel_totals
),

sums AS (
    SELECT
        edition_year,
        column_name,
        CAST(sum(persons) AS INTEGER) AS sum_of_rows,
        CAST(sum(persons) FILTER (WHERE separate_report) AS INTEGER) AS subtotal_separate_reports,
        CAST(sum(persons) FILTER (WHERE NOT separate_report) AS INTEGER) AS subtotal_other
    FROM figures
    GROUP BY edition_year, column_name
),

left_out AS (
    SELECT
        edition_year,
        column_name,
        CAST(count(DISTINCT mission_id) AS INTEGER) AS missions
    FROM figures_left_out
    GROUP BY edition_year, column_name
),

parts AS (
    SELECT
        edition_year,
        'deployed_total' AS column_name,
        CAST(sum(deployed_exact) AS INTEGER) AS persons,
        max(share_leaves_out) AS leaves_out
    FROM mission_trends
    GROUP BY edition_year
)

SELECT
    sums.edition_year,
    sums.column_name,
    printed.persons AS printed,
    sums.sum_of_rows,
    CASE
        WHEN left_out.missions IS NULL THEN printed.persons - sums.sum_of_rows
    END AS difference,
    CASE WHEN edition_sequence.counts <> 'military alone' THEN parts.persons END AS sum_of_military_and_civil_police,
    sums.subtotal_separate_reports,
    sums.subtotal_other,
    coalesce(left_out.missions, 0) AS missions_left_out,
    parts.leaves_out AS parts_left_out
FROM sums
LEFT JOIN printed ON printed.edition_year = sums.edition_year AND printed.column_name = sums.column_name
LEFT JOIN parts ON parts.edition_year = sums.edition_year AND parts.column_name = sums.column_name
JOIN edition_sequence ON edition_sequence.edition_year = sums.edition_year
LEFT JOIN left_out
    ON left_out.edition_year = sums.edition_year AND left_out.column_name = sums.column_name
