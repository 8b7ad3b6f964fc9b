-- How do legal basis, international mandate and national frame move from edition to edition?
-- An end without a printed day lapsed, or did not, where all the days that it can mean did, or did not.
-- "Previous" and "moved" are of the mission's previous row in annex 1, in whichever edition held that is.
WITH dated AS (
    SELECT
        mandates.mission_id,
        mandates.edition_year,
        held.period_start,
        held.period_end,
        held.previous_edition_year AS edition_before,
        held.comparable,
        mandates.legal_basis,
        mandates.international_mandate_end,
        coalesce(mandates.international_mandate_from, mandates.international_mandate_end) AS mandate_from,
        coalesce(mandates.international_mandate_to, mandates.international_mandate_end) AS mandate_to,
        mandates.national_frame_end,
        coalesce(mandates.national_frame_from, mandates.national_frame_end) AS frame_from,
        coalesce(mandates.national_frame_to, mandates.national_frame_end) AS frame_to,
        row_number() OVER (PARTITION BY mandates.mission_id ORDER BY mandates.edition_year) AS position
    FROM mandates
    JOIN edition_sequence AS held ON held.edition_year = mandates.edition_year
)

SELECT
    now.mission_id,
    now.edition_year,
    before.edition_year AS previous_edition_year,
    CASE
        WHEN before.edition_year IS NOT NULL
            THEN before.edition_year = now.edition_before AND now.comparable
    END AS comparable,
    now.legal_basis,
    now.international_mandate_end,
    CAST(date_diff('day', before.international_mandate_end, now.international_mandate_end) AS INTEGER)
        AS international_mandate_moved_days,
    CASE
        WHEN now.mandate_to < now.period_start THEN TRUE
        WHEN now.mandate_from >= now.period_start THEN FALSE
    END AS international_mandate_lapsed_before_period,
    CASE
        WHEN now.mandate_from >= now.period_start AND now.mandate_to <= now.period_end THEN TRUE
        WHEN now.mandate_to < now.period_start OR now.mandate_from > now.period_end THEN FALSE
    END AS international_mandate_lapsed_within_period,
    now.national_frame_end,
    CAST(date_diff('day', before.national_frame_end, now.national_frame_end) AS INTEGER)
        AS national_frame_moved_days,
    CASE
        WHEN now.frame_from >= now.period_start AND now.frame_to <= now.period_end THEN TRUE
        WHEN now.frame_to < now.period_start OR now.frame_from > now.period_end THEN FALSE
    END AS national_frame_lapsed_within_period
FROM dated AS now
LEFT JOIN dated AS before
    ON before.mission_id = now.mission_id AND before.position = now.position - 1
