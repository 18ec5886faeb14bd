-- name: insert_event
INSERT INTO event (kind, provider_id, subject_kind, subject_id, data, at)
VALUES (:kind, :provider_id, :subject_kind, :subject_id, CAST(:data AS jsonb), :at)
RETURNING event_id

-- name: insert_staged_events
-- In the order given.
INSERT INTO event (kind, provider_id, subject_kind, subject_id, data, at)
SELECT kind, provider_id, subject_kind, subject_id, data, :at FROM staged_event ORDER BY n

-- name: read_events
SELECT event_id, kind, provider_id, subject_kind, subject_id, data, at
FROM event
WHERE event_id > :after AND (CAST(:kinds AS text[]) IS NULL OR kind = ANY(CAST(:kinds AS text[])))
ORDER BY event_id
LIMIT :most
