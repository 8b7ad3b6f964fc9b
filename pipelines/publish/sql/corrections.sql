-- Which printed values does somebody declare to be wrong, and what ought they to say?
-- Only where the latest reading prints what the correction is for: its guard holds.
SELECT
    declared_corrections.edition_year,
    declared_corrections.table_name,
    declared_corrections.row_key,
    declared_corrections.column_name,
    declared_corrections.printed_value,
    declared_corrections.corrected_value,
    declared_corrections.reason,
    declared_corrections.source
FROM declared_corrections
JOIN cells
    ON cells.edition_year = declared_corrections.edition_year
    AND cells.table_name = declared_corrections.table_name
    AND cells.row_key = declared_corrections.row_key
    AND cells.column_name = declared_corrections.column_name
    AND coalesce(cells.as_printed, '') = coalesce(declared_corrections.printed_value, '')
