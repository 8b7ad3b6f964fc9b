-- How do legal basis, international mandate and national frame move from edition to edition?
-- "Moved" is against the mission's previous row in annex 1, in whichever edition held that is.
WITH dated AS (
    SELECT
        mandates.mission_id,
        mandates.edition_year,
        editions.period_start,
        editions.period_end,
        mandates.legal_basis,
        mandates.international_mandate_end,
        mandates.national_frame_end,
        row_number() OVER (PARTITION BY mandates.mission_id ORDER BY mandates.edition_year) AS position
    FROM mandates
    JOIN editions ON editions.edition_year = mandates.edition_year
)

SELECT
    now.mission_id,
    now.edition_year,
    now.legal_basis,
    now.international_mandate_end,
    CAST(date_diff('day', before.international_mandate_end, now.international_mandate_end) AS INTEGER)
        AS international_mandate_moved_days,
    now.international_mandate_end < now.period_start AS international_mandate_lapsed_before_period,
    now.international_mandate_end BETWEEN now.period_start AND now.period_end
        AS international_mandate_lapsed_within_period,
    now.national_frame_end,
    CAST(date_diff('day', before.national_frame_end, now.national_frame_end) AS INTEGER)
        AS national_frame_moved_days,
    now.national_frame_end BETWEEN now.period_start AND now.period_end
        AS national_frame_lapsed_within_period
FROM dated AS now
LEFT JOIN dated AS before
    ON before.mission_id = now.mission_id AND before.position = now.position - 1
