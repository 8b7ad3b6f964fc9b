-- How does each {group} develop from edition to edition?
-- Sums are over the missions listed, as far as their figures are exact; a sum of nothing but blanks is null.
-- A template: one view for each column of the registry that trends are grouped by.
WITH sums AS (
    SELECT
        {group},
        edition_year,
        previous_edition_year,
        CAST(count(mission_id) AS INTEGER) AS missions,
        CAST(count(*) FILTER (WHERE len(left_out) > 0) AS INTEGER) AS missions_left_out,
        bool_or(list_has_any(left_out, ['deployed_military', 'deployed_civil_police'])) AS sent_left_out,
        max(share_leaves_out) AS share_leaves_out,
        CAST(sum(frame_military) AS INTEGER) AS frame_military,
        CAST(sum(frame_civil_police) AS INTEGER) AS frame_civil_police,
        CAST(sum(deployed_military) AS INTEGER) AS deployed_military,
        CAST(sum(deployed_civil_police) AS INTEGER) AS deployed_civil_police,
        CAST(sum(deployed_total) AS INTEGER) AS deployed_total,
        CAST(sum(deployed_exact) AS INTEGER) AS deployed_total_computed
    FROM mission_trends
    WHERE listed
    GROUP BY {group}, edition_year, previous_edition_year
)

SELECT
    now.{group},
    now.edition_year,
    now.previous_edition_year,
    CASE
        WHEN now.previous_edition_year IS NOT NULL
            THEN edition_sequence.comparable
                AND NOT now.sent_left_out
                AND NOT coalesce(before.sent_left_out, FALSE)
    END AS comparable,
    now.missions,
    now.missions_left_out,
    now.frame_military,
    now.frame_civil_police,
    now.deployed_military,
    now.deployed_civil_police,
    now.deployed_total,
    now.deployed_total_computed,
    now.deployed_total_computed - before.deployed_total_computed AS change,
    100 * CAST(now.deployed_total_computed - before.deployed_total_computed AS DOUBLE)
        / nullif(before.deployed_total_computed, 0) AS change_pct,
    CAST(now.deployed_total_computed AS DOUBLE)
        / nullif(sum(now.deployed_total_computed) OVER (PARTITION BY now.edition_year), 0) AS share_of_total,
    now.share_leaves_out
FROM sums AS now
JOIN edition_sequence ON edition_sequence.edition_year = now.edition_year
LEFT JOIN sums AS before
    ON before.{group} = now.{group} AND before.edition_year = now.previous_edition_year
