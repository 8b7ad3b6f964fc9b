-- Which printed figures of annex 2 have no exact value, so that sums and trends leave them out?
-- A part counts for the figure that it is a part of. What does not apply (n.v.t.) is a blank, not a figure.
SELECT
    cells.edition_year,
    cells.row_key AS mission_id,
    cells.column_name AS printed_column,
    CASE cells.column_name
        WHEN 'frame_civil' THEN 'frame_civil_police'
        WHEN 'frame_police' THEN 'frame_civil_police'
        WHEN 'deployed_civil' THEN 'deployed_civil_police'
        WHEN 'deployed_police' THEN 'deployed_civil_police'
        ELSE cells.column_name
    END AS column_name,
    cells.as_printed,
    cells.qualifier,
    cells.value_low,
    cells.value_high
FROM cells
JOIN personnel ON personnel.edition_year = cells.edition_year AND personnel.mission_id = cells.row_key
WHERE
    cells.table_name = 'personnel'
    AND cells.column_name IN ({figures})
    AND cells.value_integer IS NULL
    AND cells.qualifier <> 'not applicable'
