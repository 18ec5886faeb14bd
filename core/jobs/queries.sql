-- name: last_slots
-- Where the schedule stands, by job and provider.
SELECT kind, provider_id, max(planned_at) AS planned_at FROM schedule_slot WHERE kind = ANY(CAST(:kinds AS text[])) GROUP BY kind, provider_id

-- name: providers
SELECT provider_id FROM provider WHERE provider_id <> 0 ORDER BY provider_id

-- name: insert_slots
-- The primary key decides which scheduler opens a slot. Inserted in one order by all, so that two of them wait and do not deadlock.
INSERT INTO schedule_slot (kind, provider_id, planned_at, state, opened_at, opened_by, finished_at)
SELECT n.kind, n.provider_id, n.planned_at, n.state, :now, :by, CASE WHEN n.state = 'missed' THEN CAST(:now AS timestamptz) END
FROM unnest(CAST(:kinds AS text[]), CAST(:providers AS integer[]), CAST(:moments AS timestamptz[]), CAST(:states AS text[]))
     AS n (kind, provider_id, planned_at, state)
ORDER BY n.kind COLLATE "C", n.provider_id, n.planned_at
ON CONFLICT DO NOTHING
RETURNING kind, provider_id, planned_at, state

-- name: wake
-- Wake-ups through the queue's own function, in our transaction; one waiting wake-up a slot.
SELECT procrastinate_defer_jobs_v1(array_agg(
  ROW(:queue, :task, 0, NULL, w.key, jsonb_build_object('kind', w.kind, 'provider_id', w.provider_id, 'planned_at', w.moment), NULL)
  ::procrastinate_job_to_defer_v1 ORDER BY w.moment))
FROM unnest(CAST(:keys AS text[]), CAST(:kinds AS text[]), CAST(:providers AS integer[]), CAST(:moments AS text[])) AS w (key, kind, provider_id, moment)

-- name: claim
UPDATE schedule_slot SET state = 'claimed', fence = fence + 1, claimed_until = :until
WHERE kind = :kind AND provider_id = :provider_id AND planned_at = :planned_at
  AND (state = 'open' OR (state = 'claimed' AND claimed_until < :now))
RETURNING fence

-- name: hold
SELECT 1 FROM schedule_slot
WHERE kind = :kind AND provider_id = :provider_id AND planned_at = :planned_at AND state = 'claimed' AND fence = :fence
FOR UPDATE

-- name: extend
UPDATE schedule_slot SET claimed_until = :until
WHERE kind = :kind AND provider_id = :provider_id AND planned_at = :planned_at AND state = 'claimed' AND fence = :fence
RETURNING 1

-- name: finish
UPDATE schedule_slot SET state = :state, claimed_until = NULL, finished_at = :now, note = :note
WHERE kind = :kind AND provider_id = :provider_id AND planned_at = :planned_at AND state = 'claimed' AND fence = :fence
RETURNING 1

-- name: try_sweep
-- One sweep at a time is enough.
SELECT pg_try_advisory_xact_lock(hashtext('erkc_sweep'))

-- name: reopen_expired
-- The fence stays: whoever held the claim finds that it is no longer claimed, or claimed under another number.
UPDATE schedule_slot SET state = 'open', claimed_until = NULL
WHERE (kind, provider_id, planned_at) IN (
  SELECT kind, provider_id, planned_at FROM schedule_slot WHERE state = 'claimed' AND claimed_until < :now FOR UPDATE SKIP LOCKED)
RETURNING kind, provider_id, planned_at

-- name: open_and_unheard
-- Open slots whose wake-up is gone (a worker died with it in hand, or the queue was emptied).
SELECT s.kind, s.provider_id, s.planned_at
FROM schedule_slot s
WHERE s.state = 'open'
  AND NOT EXISTS (
    SELECT FROM procrastinate_jobs j
    WHERE j.status = 'todo' AND j.queueing_lock = s.kind || '/' || s.provider_id || '/' || extract(epoch FROM s.planned_at)::bigint)
ORDER BY s.planned_at

-- name: forget_abandoned_wakeups
-- Wake-ups that a dead worker took along a day ago; the slots they spoke of were woken anew since.
DELETE FROM procrastinate_jobs j
WHERE j.queue_name = :queue AND j.status = 'doing' AND j.worker_id IS NULL
  AND (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id) < now() - interval '1 day'
