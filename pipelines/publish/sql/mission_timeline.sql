-- What does every source say of each mission over time? Annexes, observations and UN figures side by side.
-- Each row keeps its basis: ceilings, head counts and sums of rotations are never added up.
WITH by_month AS (
    -- Only one level of the UN's file, and its types rather than their sum, so that nobody counts twice.
    SELECT
        mission_id,
        period_start,
        period_end,
        sum(count) FILTER (
            personnel_type IN ('troops', 'experts_on_mission', 'staff_officers')
        ) AS military,
        sum(count) FILTER (
            personnel_type IN ('police', 'individual_police', 'formed_police_units')
        ) AS civil_police,
        max(count) FILTER (personnel_type = 'all_types') AS all_types,
        min(source) AS source
    FROM un_contributions
    WHERE level = 'month and mission'
    GROUP BY mission_id, period_start, period_end
),

left_out AS (
    -- A sum over a figure that is not exact would be too small: it is left out, with the figure's qualifier.
    SELECT
        edition_year,
        mission_id,
        split_part(column_name, '_', 1) AS measure,
        min(qualifier) AS qualifier
    FROM figures_left_out
    WHERE column_name <> 'deployed_total'
    GROUP BY edition_year, mission_id, measure
),

annexes AS (
    SELECT
        edition_year,
        mission_id,
        'frame' AS measure,
        frame_military AS military,
        frame_civil_police AS civil_police
    FROM personnel
    UNION ALL
    SELECT
        edition_year,
        mission_id,
        'deployed' AS measure,
        deployed_military AS military,
        deployed_civil_police AS civil_police
    FROM personnel
),

-- What the text counts, over the period, or at a moment, per rotation or on average (of which day it does not say), and the
-- figure of annex 2 for the same part of those sent.
stated AS (
    SELECT
        statements.*,
        CASE WHEN statements.quantity LIKE 'rotation_%' THEN 'text headcount' ELSE 'text deployed' END AS basis,
        substring(statements.quantity, strpos(statements.quantity, '_') + 1) AS of_part,
        regexp_matches(coalesce(statements.qualifier, ''), 'at most|at least|about|average') AS hedged,
        editions.period_start,
        editions.period_end,
        editions.kamerstuk,
        annex.mission_id IS NULL AS unlisted,
        CASE
            WHEN statements.quantity LIKE '%_military' THEN annex.deployed_military
            WHEN statements.quantity LIKE '%_civil_police' THEN annex.deployed_civil_police
            ELSE coalesce(annex.deployed_total_computed, annex.deployed_total)
        END AS annex_2
    FROM statements
    JOIN editions ON editions.edition_year = statements.edition_year
    LEFT JOIN mission_trends AS annex
        ON annex.mission_id = statements.mission_id AND annex.edition_year = statements.edition_year AND annex.listed
    WHERE statements.mission_id IS NOT NULL AND regexp_matches(statements.quantity, '^(rotation|deployed)_')
),

-- What a figure of the text is against annex 2, and why: one may say nothing of the other.
verdicts AS (
    SELECT
        basis,
        concat_ws(' ', edition_year, statement_id) AS figure_id,
        annex_2,
        string_split(
            CASE
                WHEN unlisted THEN 'not comparable: annex 2 does not list the mission'
                WHEN annex_2 IS NULL THEN 'not comparable: annex 2 has no exact figure'
                WHEN value IS NULL THEN 'not comparable: the text gives a range'
                WHEN qualifier LIKE 'average%'
                    THEN 'not comparable: an average over time; annex 2 counts all who were sent'
                WHEN hedged THEN 'not comparable: the text gives no exact figure'
                WHEN value > annex_2 AND basis = 'text headcount'
                    THEN 'differs: more at one time than annex 2 counts over the whole period'
                WHEN basis = 'text headcount'
                    THEN 'not comparable: a head count at a moment or per rotation; annex 2 counts all who were sent'
                WHEN value > annex_2 THEN 'differs: more than annex 2 counts'
                WHEN value < annex_2 THEN 'differs: the text may name a part of those sent, or not every rotation'
                ELSE 'agrees'
            END, ': '
        ) AS said
    FROM stated
),

figures AS (
    SELECT
        annexes.mission_id,
        'annex ' || annexes.measure AS basis,
        CAST(annexes.edition_year AS VARCHAR) AS figure_id,
        editions.period_start,
        editions.period_end,
        NULL AS part,
        annexes.military,
        annexes.civil_police,
        CASE
            WHEN coalesce(annexes.military, annexes.civil_police) IS NOT NULL AND left_out.mission_id IS NULL
                THEN coalesce(annexes.military, 0) + coalesce(annexes.civil_police, 0)
        END AS total,
        left_out.qualifier,
        NULL AS confidence,
        annexes.edition_year,
        editions.kamerstuk AS source,
        NULL AS note
    FROM annexes
    JOIN editions ON editions.edition_year = annexes.edition_year
    LEFT JOIN left_out
        ON left_out.edition_year = annexes.edition_year
        AND left_out.mission_id = annexes.mission_id
        AND left_out.measure = annexes.measure
    UNION ALL
    SELECT
        observations.mission_id,
        'observed ' || observations.measure AS basis,
        observations.observation_id AS figure_id,
        observations.period_start,
        observations.period_end,
        observations.part,
        observations.military,
        observations.civil_police,
        observations.total,
        observations.qualifier,
        observations.confidence,
        NULL AS edition_year,
        observations.source_url AS source,
        observations.note
    FROM observations
    UNION ALL
    SELECT
        by_month.mission_id,
        'UN monthly' AS basis,
        strftime(by_month.period_start, '%Y-%m') AS figure_id,
        by_month.period_start,
        by_month.period_end,
        NULL AS part,
        by_month.military,
        by_month.civil_police,
        coalesce(
            coalesce(by_month.military + by_month.civil_police, by_month.military, by_month.civil_police),
            by_month.all_types
        ) AS total,
        NULL AS qualifier,
        NULL AS confidence,
        NULL AS edition_year,
        by_month.source,
        'Royal Marechaussee staff count as police here, and as military in Dutch sources.' AS note
    FROM by_month
    UNION ALL
    SELECT
        mission_id,
        basis,
        concat_ws(' ', edition_year, statement_id) AS figure_id,
        period_start,
        period_end,
        as_printed AS part,
        CASE WHEN of_part = 'military' THEN value END AS military,
        CASE WHEN of_part = 'civil_police' THEN value END AS civil_police,
        value AS total,
        CASE
            WHEN value IS NULL THEN 'range'
            ELSE list_extract(
                list_intersect(string_split(qualifier, ', '), ['at most', 'at least', 'about', 'average']), 1
            )
        END AS qualifier,
        NULL AS confidence,
        edition_year,
        kamerstuk AS source,
        qualifier AS note
    FROM stated
)

SELECT
    figures.mission_id,
    missions.name,
    figures.basis,
    figures.figure_id,
    figures.period_start,
    figures.period_end,
    figures.part,
    CAST(figures.military AS INTEGER) AS military,
    CAST(figures.civil_police AS INTEGER) AS civil_police,
    CAST(figures.total AS INTEGER) AS total,
    figures.qualifier,
    figures.confidence,
    figures.edition_year,
    figures.source,
    figures.note,
    verdicts.annex_2,
    list_extract(verdicts.said, 1) AS verdict,
    list_extract(verdicts.said, 2) AS verdict_reason
FROM figures
LEFT JOIN missions ON missions.mission_id = figures.mission_id
LEFT JOIN verdicts ON verdicts.figure_id = figures.figure_id AND verdicts.basis = figures.basis
