-- How does each {group} develop from edition to edition?
-- Sums are over the missions listed, as far as their figures are exact; a sum of nothing but blanks is null.
-- One row without figures in the first edition held that lists none of its missions any more, so that changes
-- add up to that of the total: who is not listed was not sent, a blank is not known.
-- A template: one view for each column of the registry that trends are grouped by.
WITH sums AS (
    SELECT
        {group},
        edition_year,
        previous_edition_year,
        CAST(count(*) FILTER (WHERE listed) AS INTEGER) AS missions,
        CAST(count(*) FILTER (WHERE len(left_out) > 0) AS INTEGER) AS missions_left_out,
        CAST(
            count(*) FILTER (WHERE list_has_any(left_out, ['deployed_military', 'deployed_civil_police'])) AS INTEGER
        ) AS sent_left_out,
        max(max(share_leaves_out)) OVER (PARTITION BY edition_year) AS share_leaves_out,
        CAST(sum(frame_military) AS INTEGER) AS frame_military,
        CAST(sum(frame_civil_police) AS INTEGER) AS frame_civil_police,
        CAST(sum(deployed_military) AS INTEGER) AS deployed_military,
        CAST(sum(deployed_civil_police) AS INTEGER) AS deployed_civil_police,
        CAST(sum(deployed_total) AS INTEGER) AS deployed_total,
        CAST(sum(deployed_exact) AS INTEGER) AS deployed_total_computed
    FROM mission_trends
    GROUP BY {group}, edition_year, previous_edition_year
),

counted AS (
    SELECT {group}, edition_year, deployed_total_computed AS persons FROM sums WHERE missions > 0
    UNION ALL
    SELECT {group}, edition_year, 0 AS persons FROM sums WHERE missions = 0
),

compared AS (
    SELECT
        now.*,
        coalesce(before.sent_left_out, 0) AS sent_left_out_before,
        before.deployed_total_computed AS computed_before,
        CASE
            WHEN now.previous_edition_year IS NOT NULL
                THEN here.persons - CASE WHEN there.edition_year IS NULL THEN 0 ELSE there.persons END
        END AS change
    FROM sums AS now
    JOIN counted AS here ON here.{group} = now.{group} AND here.edition_year = now.edition_year
    LEFT JOIN counted AS there
        ON there.{group} = now.{group} AND there.edition_year = now.previous_edition_year
    LEFT JOIN sums AS before
        ON before.{group} = now.{group} AND before.edition_year = now.previous_edition_year
)

SELECT
    now.{group},
    now.edition_year,
    now.previous_edition_year,
    CASE
        WHEN now.previous_edition_year IS NOT NULL
            THEN edition_sequence.comparable
                AND now.sent_left_out + now.sent_left_out_before = 0
    END AS comparable,
    now.missions,
    now.missions_left_out,
    now.frame_military,
    now.frame_civil_police,
    now.deployed_military,
    now.deployed_civil_police,
    now.deployed_total,
    now.deployed_total_computed,
    now.change,
    100 * CAST(now.change AS DOUBLE) / nullif(now.computed_before, 0) AS change_pct,
    CAST(now.deployed_total_computed AS DOUBLE)
        / nullif(sum(now.deployed_total_computed) OVER (PARTITION BY now.edition_year), 0) AS share_of_total,
    now.share_leaves_out,
    now.sent_left_out
FROM compared AS now
JOIN edition_sequence ON edition_sequence.edition_year = now.edition_year
