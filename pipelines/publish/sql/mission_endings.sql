-- When did each mission, or the Dutch contribution to it, end, and why, in the words of the editions held?
-- A mission that only leaves the report is not here: that is not an ending. Of several dates for one ending the
-- newest edition's most exact one shows; where not all can be meant, dates_differ says so, and all lie between.
WITH endings AS (
    SELECT
        edition_year,
        mission_id,
        event = 'mission ended' AS of_mission,
        coalesce(date_from, date) AS date_from,
        -- Vintages from before contract 2.0 have the first day of a month or year alone.
        coalesce(
            date_to,
            CASE precision
                WHEN 'month' THEN last_day(date)
                WHEN 'year' THEN make_date(year(date), 12, 31)
                ELSE date
            END
        ) AS date_to,
        precision,
        reason_as_printed,
        source_page,
        source_line,
        event_id
    FROM mission_events
    WHERE event IN ('mission ended', 'contribution ended')
),

compared AS (
    SELECT
        mission_id,
        of_mission,
        min(date_from) AS first_day,
        max(date_to) AS last_day,
        max(date_from) > min(date_to) AS dates_differ
    FROM endings
    GROUP BY mission_id, of_mission
),

ranked AS (
    SELECT
        endings.mission_id,
        endings.of_mission,
        CASE WHEN compared.dates_differ THEN compared.first_day ELSE endings.date_from END AS date_from,
        CASE WHEN compared.dates_differ THEN compared.last_day ELSE endings.date_to END AS date_to,
        CASE WHEN NOT compared.dates_differ THEN endings.precision END AS precision,
        compared.dates_differ,
        endings.edition_year,
        endings.source_page,
        endings.source_line,
        row_number() OVER (
            PARTITION BY endings.mission_id, endings.of_mission
            ORDER BY
                endings.edition_year DESC,
                endings.date_to - endings.date_from,
                endings.source_line,
                endings.event_id
        ) AS place
    FROM endings
    JOIN compared ON compared.mission_id = endings.mission_id AND compared.of_mission = endings.of_mission
),

reasons AS (
    SELECT
        mission_id,
        arg_max(reason_as_printed, (edition_year, -source_line)) AS reason_as_printed
    FROM endings
    WHERE reason_as_printed IS NOT NULL
    GROUP BY mission_id
),

ended AS (
    SELECT DISTINCT mission_id
    FROM endings
)

SELECT
    ended.mission_id,
    missions.name,
    contribution.date_from AS contribution_ended_from,
    contribution.date_to AS contribution_ended_to,
    contribution.precision AS contribution_ended_precision,
    mission.date_from AS mission_ended_from,
    mission.date_to AS mission_ended_to,
    mission.precision AS mission_ended_precision,
    coalesce(contribution.dates_differ, FALSE) OR coalesce(mission.dates_differ, FALSE) AS dates_differ,
    reasons.reason_as_printed,
    missions.last_edition_year,
    coalesce(contribution.edition_year, mission.edition_year) AS edition_year,
    coalesce(contribution.source_page, mission.source_page) AS source_page,
    coalesce(contribution.source_line, mission.source_line) AS source_line
FROM ended
LEFT JOIN missions ON missions.mission_id = ended.mission_id
LEFT JOIN ranked AS contribution
    ON contribution.mission_id = ended.mission_id
    AND contribution.place = 1
    AND NOT contribution.of_mission
LEFT JOIN ranked AS mission
    ON mission.mission_id = ended.mission_id AND mission.place = 1 AND mission.of_mission
LEFT JOIN reasons ON reasons.mission_id = ended.mission_id
