-- Which figures rest on inference and not on print alone, and which sums, in printed numbers, decided them?
-- A sum over a column is written as its printed total less all other rows, where that comes out; else it is named.
WITH figures AS (
    SELECT cells.edition_year, cells.row_key, cells.column_name, cells.value_integer
    FROM cells
    JOIN personnel ON personnel.edition_year = cells.edition_year AND personnel.mission_id = cells.row_key
    WHERE cells.table_name = 'personnel'
),

column_sums AS (
    SELECT
        totals.edition_year,
        totals.column_name,
        any_value(totals.value_integer) AS printed,
        any_value(totals.source_page) AS source_page,
        any_value(totals.source_line) AS source_line,
        sum(figures.value_integer) AS of_rows
    FROM cells AS totals
    JOIN figures ON figures.edition_year = totals.edition_year AND figures.column_name = totals.column_name
    WHERE totals.table_name = 'personnel_totals'
    GROUP BY totals.edition_year, totals.column_name
),

inferred AS (
    SELECT *
    FROM cells
    WHERE
        table_name IN ('personnel', 'personnel_totals')
        AND value_integer IS NOT NULL
        AND list_has_any(derivation, ['marker split', 'column inferred', 'sum of parts', 'ocr', 'declared'])
),

reasons AS (
    SELECT
        edition_year,
        row_key,
        column_name,
        unnest(equalities) AS reason,
        generate_subscripts(equalities, 1) AS place
    FROM inferred
),

written AS (
    SELECT
        reasons.edition_year,
        reasons.row_key,
        reasons.column_name,
        list(
            CASE
                WHEN column_sums.printed = column_sums.of_rows AND reasons.row_key <> 'total'
                    THEN concat(
                        'column total ', column_sums.printed, ' - ',
                        column_sums.printed - figures.value_integer, ' = ', figures.value_integer,
                        ' (page ', column_sums.source_page, ', line ', column_sums.source_line, ')'
                    )
                ELSE reasons.reason
            END
            ORDER BY reasons.place
        ) AS sums
    FROM reasons
    LEFT JOIN column_sums
        ON column_sums.edition_year = reasons.edition_year
        AND concat('column total ', column_sums.column_name) = reasons.reason
    LEFT JOIN figures
        ON figures.edition_year = reasons.edition_year
        AND figures.row_key = reasons.row_key
        AND figures.column_name = column_sums.column_name
    -- That a blank beside it fits another column's total is said of the blank, in cells.
    WHERE reasons.reason NOT LIKE 'column total %' OR reasons.reason = concat('column total ', reasons.column_name)
    GROUP BY reasons.edition_year, reasons.row_key, reasons.column_name
)

SELECT
    inferred.edition_year,
    inferred.row_key,
    coalesce(named.name, inferred.row_key) AS name,
    inferred.column_name,
    inferred.value_integer AS value,
    inferred.as_printed,
    inferred.derivation,
    list_concat(
        CASE
            WHEN len(inferred.parts) > 1
                THEN [concat(array_to_string(inferred.parts, ' + '), ' = ', inferred.value_integer)]
            ELSE []
        END,
        coalesce(written.sums, [])
    ) AS sums,
    inferred.source_page,
    inferred.source_line
FROM inferred
LEFT JOIN missions AS named ON named.mission_id = inferred.row_key
LEFT JOIN written
    ON written.edition_year = inferred.edition_year
    AND written.row_key = inferred.row_key
    AND written.column_name = inferred.column_name
