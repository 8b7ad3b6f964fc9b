-- Which total of an edition can be quoted, and why; or why can none?
-- Each way in which an edition gives a total is a row: the printed totals, sums of the printed rows, and every
-- statement of the text about all missions. Where exact ones differ, the edition contradicts itself, and none
-- of them is chosen. (MATERIALIZED: planned once for its three branches.)
WITH totals AS MATERIALIZED (
    SELECT * FROM edition_totals
),

stated AS (
    SELECT
        *,
        lead(quantity) OVER later AS next_quantity,
        lead(value) OVER later AS next_value,
        lead(qualifier) OVER later AS next_qualifier,
        lead(as_printed) OVER later AS next_as_printed,
        lead(source_line) OVER later - source_line_end <= 2
            AND lead(section_id) OVER later IS NOT DISTINCT FROM section_id
            AND lead(source_page) OVER later = source_page AS near
    FROM statements
    WHERE pattern = 'total of the edition' AND quantity IN ({names})
    WINDOW later AS (PARTITION BY edition_year ORDER BY source_page, source_line, char_start)
),

given AS (
    SELECT
        totals.edition_year,
        totals.column_name AS quantity,
        'printed total' AS basis,
        1 AS place,
        'printed' AS figure_id,
        totals.printed AS value,
        NULL AS qualifier,
        NULL AS as_printed,
        personnel_totals.source_page,
        personnel_totals.source_line
    FROM totals
    JOIN personnel_totals ON personnel_totals.edition_year = totals.edition_year
    WHERE totals.printed IS NOT NULL
    UNION ALL
    SELECT
        edition_year,
        'deployed_total' AS quantity,
        'printed military and civil/police totals' AS basis,
        2 AS place,
        'printed-parts' AS figure_id,
        deployed_military + deployed_civil_police AS value,
        NULL AS qualifier,
        NULL AS as_printed,
        source_page,
        source_line
    FROM personnel_totals
    WHERE deployed_military + deployed_civil_police IS NOT NULL
    UNION ALL
    SELECT
        edition_year,
        column_name AS quantity,
        'sum of the rows' AS basis,
        4 AS place,
        'rows' AS figure_id,
        sum_of_rows AS value,
        CASE WHEN missions_left_out > 0 THEN 'leaves figures out' END AS qualifier,
        NULL AS as_printed,
        NULL AS source_page,
        NULL AS source_line
    FROM totals
    WHERE sum_of_rows IS NOT NULL
    UNION ALL
    SELECT
        edition_year,
        column_name AS quantity,
        'sum of military and civil/police of the rows' AS basis,
        5 AS place,
        'rows-parts' AS figure_id,
        sum_of_military_and_civil_police AS value,
        CASE WHEN parts_left_out > 0 THEN 'leaves figures out' END AS qualifier,
        NULL AS as_printed,
        NULL AS source_page,
        NULL AS source_line
    FROM totals
    WHERE sum_of_military_and_civil_police IS NOT NULL
    UNION ALL
    SELECT
        edition_year,
        quantity,
        'statement of the text' AS basis,
        3 AS place,
        statement_id AS figure_id,
        value,
        CASE WHEN value IS NULL THEN 'range' ELSE qualifier END AS qualifier,
        as_printed,
        source_page,
        source_line
    FROM stated
    UNION ALL
    -- The text gives persons sent in two parts, one right after the other: so many military, so many civil/police.
    SELECT
        edition_year,
        'deployed_total' AS quantity,
        'statement of the text in two parts' AS basis,
        3 AS place,
        statement_id AS figure_id,
        value + next_value AS value,
        CASE WHEN value + next_value IS NULL THEN 'range' ELSE coalesce(qualifier, next_qualifier) END AS qualifier,
        as_printed || ' … ' || next_as_printed AS as_printed,
        source_page,
        source_line
    FROM stated
    WHERE quantity = 'deployed_military' AND next_quantity = 'deployed_civil_police' AND near
),

-- What limits a figure makes it say nothing against an exact one.
judged AS (
    SELECT
        edition_year,
        quantity,
        count(*) FILTER (WHERE qualifier IS NULL) AS figures,
        count(DISTINCT value) FILTER (WHERE qualifier IS NULL) AS different,
        min(value) FILTER (WHERE qualifier IS NULL) AS least,
        max(value) FILTER (WHERE qualifier IS NULL) AS most,
        string_agg(
            basis || coalesce(' “' || as_printed || '”', '') || ' ' || value, ', ' ORDER BY place, source_line, figure_id
        ) FILTER (WHERE qualifier IS NULL) AS listed
    FROM given
    GROUP BY edition_year, quantity
)

SELECT
    given.edition_year,
    given.quantity,
    given.figure_id,
    given.basis,
    given.value,
    given.qualifier,
    given.as_printed,
    given.source_page,
    given.source_line,
    CASE WHEN judged.different = 1 THEN judged.least END AS to_quote,
    judged.least,
    judged.most,
    CASE WHEN given.qualifier = 'leaves figures out' THEN given.value END AS at_least,
    CASE
        WHEN judged.figures = 0
            THEN 'None can be quoted: no figure of it is exact.'
        WHEN judged.different > 1
            THEN 'None can be quoted: the edition contradicts itself (' || judged.listed || ').'
        WHEN judged.figures = 1
            THEN 'The only exact figure of it: ' || judged.listed || '.'
        ELSE 'All that the edition gives agree: ' || judged.listed || '.'
    END AS reason
FROM given
JOIN judged ON judged.edition_year = given.edition_year AND judged.quantity = given.quantity
