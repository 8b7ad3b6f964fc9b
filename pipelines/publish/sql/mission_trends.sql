-- How does each mission develop from edition to edition: change, share, rank, status?
-- One row where annex 2 lists the mission, and one without figures in the first edition held that
-- misses it. "Previous" is the previous edition held, whether or not the mission is in it. A figure without
-- an exact value is in no sum: figures_left_out has it. The other figure of its row is.
WITH left_out AS (
    SELECT
        edition_year,
        mission_id,
        list_sort(list_distinct(list(column_name))) AS names,
        bool_or(column_name IN ('deployed_military', 'deployed_civil_police')) AS of_sent
    FROM figures_left_out
    GROUP BY edition_year, mission_id
),

exact AS (
    SELECT
        edition_year,
        mission_id,
        -- A blank counts as none beside a figure; two blanks are not a figure.
        CASE
            WHEN coalesce(deployed_military, deployed_civil_police) IS NOT NULL
                THEN coalesce(deployed_military, 0) + coalesce(deployed_civil_police, 0)
        END AS deployed_exact
    FROM personnel
),

sent AS (
    SELECT exact.edition_year, exact.mission_id, exact.deployed_exact
    FROM exact
    LEFT JOIN left_out ON left_out.edition_year = exact.edition_year AND left_out.mission_id = exact.mission_id
    WHERE NOT coalesce(left_out.of_sent, FALSE)
),

listed AS (
    SELECT
        personnel.mission_id,
        edition_sequence.position,
        personnel.frame_military,
        personnel.frame_civil_police,
        personnel.deployed_military,
        personnel.deployed_civil_police,
        personnel.deployed_total,
        personnel.separate_report,
        personnel.inferred,
        exact.deployed_exact,
        sent.deployed_exact AS deployed_total_computed,
        coalesce(left_out.names, []) AS left_out,
        coalesce(left_out.of_sent, FALSE) AS sent_left_out,
        CAST(
            count(*) FILTER (WHERE left_out.of_sent) OVER (PARTITION BY personnel.edition_year) AS INTEGER
        ) AS share_leaves_out
    FROM personnel
    JOIN edition_sequence ON edition_sequence.edition_year = personnel.edition_year
    JOIN exact ON exact.edition_year = personnel.edition_year AND exact.mission_id = personnel.mission_id
    LEFT JOIN sent ON sent.edition_year = personnel.edition_year AND sent.mission_id = personnel.mission_id
    LEFT JOIN left_out
        ON left_out.edition_year = personnel.edition_year AND left_out.mission_id = personnel.mission_id
),

-- Rows that an error touches, on either side of it.
contradicted AS (
    SELECT edition_year, struct_extract(side_a, 'row_key') AS mission_id
    FROM findings
    WHERE severity = 'error' AND struct_extract(side_a, 'table_name') = 'personnel'
    UNION  -- without ALL: a row counts once, however often it is contradicted
    SELECT edition_year, struct_extract(side_b, 'row_key') AS mission_id
    FROM findings
    WHERE severity = 'error' AND struct_extract(side_b, 'table_name') = 'personnel'
),

corrected AS (
    SELECT DISTINCT edition_year, row_key AS mission_id
    FROM corrections
    WHERE table_name = 'personnel'
),

-- Under which other names a mission's work goes on: a successor, and a row for several missions together.
other_names AS (
    SELECT mission_id, other_mission_id
    FROM mission_relations
    WHERE relation IN ('succeeds', 'includes')
    UNION
    SELECT other_mission_id AS mission_id, mission_id AS other_mission_id
    FROM mission_relations
    WHERE relation IN ('succeeds', 'includes')
),

continued AS (
    SELECT
        other_names.mission_id,
        listed.position,
        list(listed.mission_id ORDER BY listed.mission_id) AS ids,
        list(missions.name ORDER BY listed.mission_id) AS names
    FROM other_names
    JOIN listed ON listed.mission_id = other_names.other_mission_id
    LEFT JOIN missions ON missions.mission_id = listed.mission_id
    GROUP BY other_names.mission_id, listed.position
),

ever_listed AS (
    SELECT mission_id, min(position) AS first_position
    FROM listed
    GROUP BY mission_id
)

SELECT
    ever_listed.mission_id,
    held.edition_year,
    held.period_start,
    held.period_end,
    missions.name,
    missions.region,
    missions.organisation,
    now.mission_id IS NOT NULL AS listed,
    now.frame_military,
    now.frame_civil_police,
    now.deployed_military,
    now.deployed_civil_police,
    now.deployed_total,
    now.deployed_total_computed,
    held.previous_edition_year,
    CASE
        WHEN held.previous_edition_year IS NOT NULL
            THEN held.comparable
                AND NOT coalesce(now.sent_left_out, FALSE)
                AND NOT coalesce(before.sent_left_out, FALSE)
    END AS comparable,
    now.deployed_total_computed - before.deployed_total_computed AS change,
    100 * CAST(now.deployed_total_computed - before.deployed_total_computed AS DOUBLE)
        / nullif(before.deployed_total_computed, 0) AS change_pct,
    CAST(now.deployed_total_computed AS DOUBLE)
        / nullif(sum(now.deployed_exact) OVER (PARTITION BY held.edition_year), 0) AS share_of_total,
    CASE
        WHEN now.deployed_total_computed IS NOT NULL
            THEN CAST(rank() OVER (
                PARTITION BY held.edition_year ORDER BY now.deployed_total_computed DESC NULLS LAST
            ) AS INTEGER)
    END AS rank_in_edition,
    now.share_leaves_out,
    CAST(now.deployed_military AS DOUBLE) / nullif(now.frame_military, 0) AS deployed_per_frame_military,
    CAST(now.deployed_civil_police AS DOUBLE)
        / nullif(now.frame_civil_police, 0) AS deployed_per_frame_civil_police,
    CASE
        WHEN held.comparable AND held_before.comparable
            THEN CAST(
                now.deployed_total_computed
                + before.deployed_total_computed
                + two_before.deployed_total_computed
                AS DOUBLE
            ) / 3
    END AS moving_average_3,
    CASE
        WHEN held.position = 1 THEN NULL
        WHEN now.mission_id IS NULL THEN 'no_longer_listed'
        WHEN before.mission_id IS NOT NULL THEN 'continued'
        -- It may have been listed in a year that is not held.
        WHEN len(held.years_not_held) > 0 THEN NULL
        WHEN held.position = ever_listed.first_position THEN 'new'
        ELSE 'returned'
    END AS status,
    coalesce(now.left_out, []) AS left_out,
    contradicted.mission_id IS NOT NULL AS has_error_finding,
    corrected.mission_id IS NOT NULL AS has_correction,
    now.separate_report,
    now.inferred,
    mandates.international_mandate_end,
    mandates.national_frame_end,
    CAST(date_diff('day', held.period_start, held.period_end) + 1 AS INTEGER) AS period_days,
    coalesce(continued.ids, []) AS continued_under,
    coalesce(continued.names, []) AS continued_under_names,
    contradicted_before.mission_id IS NOT NULL AS previous_has_error_finding,
    now.deployed_exact
FROM edition_sequence AS held
CROSS JOIN ever_listed
LEFT JOIN missions ON missions.mission_id = ever_listed.mission_id
LEFT JOIN edition_sequence AS held_before ON held_before.position = held.position - 1
LEFT JOIN listed AS now
    ON now.mission_id = ever_listed.mission_id AND now.position = held.position
LEFT JOIN listed AS before
    ON before.mission_id = ever_listed.mission_id AND before.position = held.position - 1
LEFT JOIN listed AS two_before
    ON two_before.mission_id = ever_listed.mission_id AND two_before.position = held.position - 2
LEFT JOIN mandates
    ON mandates.mission_id = now.mission_id AND mandates.edition_year = held.edition_year
LEFT JOIN contradicted
    ON contradicted.mission_id = now.mission_id AND contradicted.edition_year = held.edition_year
LEFT JOIN contradicted AS contradicted_before
    ON contradicted_before.mission_id = before.mission_id
    AND contradicted_before.edition_year = held.previous_edition_year
LEFT JOIN corrected
    ON corrected.mission_id = now.mission_id AND corrected.edition_year = held.edition_year
LEFT JOIN continued
    ON continued.mission_id = ever_listed.mission_id
    AND (
        (now.mission_id IS NULL AND continued.position = held.position)
        OR (before.mission_id IS NULL AND now.mission_id IS NOT NULL AND continued.position = held.position - 1)
    )
WHERE now.mission_id IS NOT NULL OR before.mission_id IS NOT NULL
