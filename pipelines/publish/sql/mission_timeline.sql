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
    -- What the text counts at a moment or per rotation; of which day it does not say.
    SELECT
        statements.mission_id,
        'text headcount' AS basis,
        concat_ws(' ', statements.edition_year, statements.statement_id) AS figure_id,
        editions.period_start,
        editions.period_end,
        statements.as_printed AS part,
        CASE WHEN statements.quantity = 'rotation_military' THEN statements.value END AS military,
        CASE WHEN statements.quantity = 'rotation_civil_police' THEN statements.value END AS civil_police,
        statements.value AS total,
        CASE
            WHEN statements.value IS NULL THEN 'range'
            ELSE list_extract(
                list_intersect(string_split(statements.qualifier, ', '), ['at most', 'at least', 'about']), 1
            )
        END AS qualifier,
        NULL AS confidence,
        statements.edition_year,
        editions.kamerstuk AS source,
        statements.qualifier AS note
    FROM statements
    JOIN editions ON editions.edition_year = statements.edition_year
    WHERE statements.mission_id IS NOT NULL AND statements.quantity LIKE 'rotation_%'
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
    figures.note
FROM figures
LEFT JOIN missions ON missions.mission_id = figures.mission_id
