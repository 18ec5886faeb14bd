-- name: insert_exchange
INSERT INTO exchange (provider_id, system, service, operation, subject, act, request, request_guid, request_message_id, state, next_at, replaces_exchange_id, attempts, created_at, changed_at)
VALUES (:provider, :system, :service, :operation, :subject, :act, CAST(:request AS jsonb), :request_guid, :message, 'prepared', :next_at, :replaces, :attempts, :at, :at)
RETURNING exchange_id

-- name: insert_items
INSERT INTO exchange_item (exchange_id, provider_id, transport_guid, kind, local_id, state)
SELECT :exchange, :provider, transport_guid, kind, local_id, 'waiting'
FROM unnest(CAST(:guids AS uuid[]), CAST(:kinds AS text[]), CAST(:ids AS bigint[])) AS i (transport_guid, kind, local_id)

-- name: attach
UPDATE exchange SET request_message_id = :message, changed_at = :at WHERE exchange_id = :exchange AND request_message_id IS NULL AND state = 'prepared'

-- name: claim
-- What is due, each under a new fence. A prepared one becomes sent here, before its bytes leave: after a crash it counts as possibly arrived.
WITH due AS (
  SELECT exchange_id, state FROM exchange
  WHERE state IN ('prepared', 'acknowledged', 'lost') AND next_at <= :now AND (claimed_until IS NULL OR claimed_until < :now)
    AND system = :system AND (CAST(:provider AS integer) IS NULL OR provider_id = :provider)
    AND (state <> 'prepared' OR request_message_id IS NOT NULL)
  ORDER BY next_at, exchange_id LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE exchange e SET
  fence = e.fence + 1, claimed_until = :until, changed_at = :now,
  state = CASE WHEN due.state = 'prepared' THEN 'sent' ELSE e.state END,
  attempts = e.attempts + CASE WHEN due.state = 'prepared' THEN 1 ELSE 0 END
FROM due WHERE e.exchange_id = due.exchange_id
RETURNING e.*

-- name: sweep
-- Sent, but whoever sent it is gone and no answer is stored: it may have arrived.
UPDATE exchange SET state = 'lost', fence = fence + 1, claimed_until = NULL, next_at = :next_at, changed_at = :now
WHERE exchange_id IN (
  SELECT exchange_id FROM exchange WHERE state = 'sent' AND claimed_until < :now AND system = :system FOR UPDATE SKIP LOCKED)

-- name: release
UPDATE exchange SET state = 'prepared', claimed_until = NULL, next_at = :next_at, error_code = :code, error_text = :text, changed_at = :now
WHERE exchange_id = :exchange AND fence = :fence AND state = 'sent'

-- name: acknowledge
UPDATE exchange SET state = 'acknowledged', remote_guid = :remote, claimed_until = NULL, next_at = :next_at, error_code = NULL, error_text = NULL, changed_at = :now
WHERE exchange_id = :exchange AND fence = :fence AND state = 'sent'

-- name: lose
UPDATE exchange SET state = 'lost', claimed_until = NULL, next_at = :next_at, error_code = :code, error_text = :text, changed_at = :now,
  result_message_id = coalesce(:message, result_message_id)
WHERE exchange_id = :exchange AND fence = :fence AND state IN ('sent', 'acknowledged')

-- name: postpone
UPDATE exchange SET claimed_until = NULL, polls = polls + :polled, next_at = :next_at, error_code = :code, error_text = :text, changed_at = :now
WHERE exchange_id = :exchange AND fence = :fence AND state IN ('acknowledged', 'lost')

-- name: finish
UPDATE exchange SET state = :state, claimed_until = NULL, result_message_id = coalesce(:message, result_message_id), error_code = :code, error_text = :text,
  changed_at = :now
WHERE exchange_id = :exchange AND fence = :fence AND state IN ('prepared', 'sent', 'acknowledged', 'lost')

-- name: settle
UPDATE exchange_item i SET state = o.state, remote_guid = coalesce(o.remote_guid, i.remote_guid), remote_number = coalesce(o.remote_number, i.remote_number),
  errors = CAST(o.errors AS jsonb)
FROM unnest(CAST(:guids AS uuid[]), CAST(:states AS text[]), CAST(:remote_guids AS text[]), CAST(:remote_numbers AS text[]), CAST(:errors AS text[]))
  AS o (transport_guid, state, remote_guid, remote_number, errors)
WHERE i.exchange_id = :exchange AND i.transport_guid = o.transport_guid AND i.state = 'waiting'

-- name: retract
UPDATE exchange_item SET state = 'retracted' WHERE kind = :kind AND local_id = ANY(:ids) AND state = 'accepted'

-- name: retract_parts
-- Things that a request describes in its ``parts`` by number: those that say so of themselves.
UPDATE exchange_item i SET state = 'retracted' FROM exchange e
WHERE e.exchange_id = i.exchange_id AND e.provider_id = :provider AND e.act = :act AND i.kind = :kind AND i.state = 'accepted'
  AND e.request -> 'parts' -> i.local_id::text ->> 'ipd' = :ipd AND e.request -> 'parts' -> i.local_id::text ->> 'order_id' = ANY(:orders)

-- name: exchange
SELECT * FROM exchange WHERE exchange_id = :exchange

-- name: lock_exchange
SELECT * FROM exchange WHERE exchange_id = :exchange FOR UPDATE

-- name: exchanges
SELECT * FROM exchange
WHERE system = :system AND (CAST(:provider AS integer) IS NULL OR provider_id = :provider) AND state = ANY(:states)
  AND (CAST(:act AS text) IS NULL OR act = :act)
ORDER BY exchange_id

-- name: live_subject
SELECT * FROM exchange WHERE provider_id = :provider AND system = :system AND act = :act AND subject = :subject
  AND state IN ('prepared', 'sent', 'acknowledged', 'lost')

-- name: items
SELECT transport_guid, kind, local_id, state, remote_guid, remote_number, errors FROM exchange_item WHERE exchange_id = :exchange
ORDER BY kind, local_id, transport_guid

-- name: live
SELECT kind, local_id, exchange_id, state, remote_guid, remote_number FROM exchange_item
WHERE kind = :kind AND local_id = ANY(:ids) AND state IN ('waiting', 'accepted')

-- name: accepted
SELECT i.local_id, i.remote_guid, i.remote_number FROM exchange_item i
WHERE i.kind = :kind AND i.provider_id = :provider AND i.state = 'accepted'

-- name: statistics
SELECT e.act, i.kind, i.state, count(*) AS count FROM exchange_item i JOIN exchange e USING (exchange_id)
WHERE e.system = :system AND (CAST(:provider AS integer) IS NULL OR e.provider_id = :provider) AND i.state NOT IN ('replaced', 'retracted')
  AND NOT (i.state = 'rejected' AND EXISTS (
    SELECT FROM exchange_item later WHERE later.kind = i.kind AND later.local_id = i.local_id AND later.exchange_id > i.exchange_id))
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: refusals
-- The last word on each refused thing, unless it is on its way again or placed.
SELECT DISTINCT ON (i.kind, i.local_id) i.kind, i.local_id, i.errors, e.error_code, e.error_text
FROM exchange_item i JOIN exchange e USING (exchange_id)
WHERE i.state = 'rejected' AND i.kind = :kind AND (CAST(:provider AS integer) IS NULL OR e.provider_id = :provider)
  AND NOT EXISTS (SELECT FROM exchange_item l WHERE l.kind = i.kind AND l.local_id = i.local_id AND l.state IN ('waiting', 'accepted'))
ORDER BY i.kind, i.local_id, i.exchange_id DESC

-- name: next_due
-- When there is something to do next: a planned moment, or the end of a claim.
SELECT min(greatest(next_at, coalesce(claimed_until, next_at))) FROM exchange
WHERE system = :system AND state IN ('prepared', 'sent', 'acknowledged', 'lost') AND (CAST(:provider AS integer) IS NULL OR provider_id = :provider)

-- name: hold_back
-- Nobody answers at the address: what is due to leave waits with the one that was tried, and says why.
UPDATE exchange SET next_at = :next_at, error_code = :code, error_text = :text, changed_at = :now
WHERE exchange_id IN (
  SELECT exchange_id FROM exchange
  WHERE system = :system AND state = 'prepared' AND next_at <= :now AND (claimed_until IS NULL OR claimed_until < :now)
    AND (CAST(:provider AS integer) IS NULL OR provider_id = :provider)
  FOR UPDATE SKIP LOCKED)

-- name: stop_queue
-- The sender may not speak: nothing of its queue leaves, due or not, until the moment given or until a person resumes it.
UPDATE exchange SET next_at = :next_at, error_code = :code, error_text = :text, changed_at = :now
WHERE exchange_id IN (
  SELECT exchange_id FROM exchange WHERE system = :system AND provider_id = :provider AND state = 'prepared'
    AND (claimed_until IS NULL OR claimed_until < :now)
  FOR UPDATE SKIP LOCKED)

-- name: resume_queue
UPDATE exchange SET next_at = :now, error_code = NULL, error_text = NULL, changed_at = :now
WHERE exchange_id IN (
  SELECT exchange_id FROM exchange WHERE system = :system AND provider_id = :provider AND state = 'prepared' AND error_code = :code
  FOR UPDATE SKIP LOCKED)

-- name: unsent
-- Of these things, how many are in messages that never left.
SELECT count(*) FROM exchange_item i JOIN exchange e USING (exchange_id)
WHERE i.kind = :kind AND i.local_id = ANY(:ids) AND i.state = 'waiting' AND e.state = 'prepared'

-- name: troubles
-- Open conversations that met an obstacle, those with the same one together; a lost one is an obstacle in itself.
SELECT operation, state, coalesce(error_code, '') AS code, coalesce(error_text, '') AS text, count(*) AS exchanges,
  CAST(sum((SELECT count(*) FROM exchange_item i WHERE i.exchange_id = e.exchange_id AND i.state = 'waiting')) AS bigint) AS things,
  max(attempts) AS attempts, max(polls) AS polls, min(next_at) AS next_at
FROM exchange e
WHERE system = :system AND state IN ('prepared', 'sent', 'acknowledged', 'lost') AND (error_code IS NOT NULL OR state = 'lost')
  AND (CAST(:provider AS integer) IS NULL OR provider_id = :provider)
GROUP BY 1, 2, 3, 4 ORDER BY min(exchange_id)

-- name: answered
-- How many things of conversations about a subject are answered, of how many; each as its last message stands.
SELECT count(*) FILTER (WHERE state <> 'waiting') AS answered, count(*) AS things FROM (
  SELECT DISTINCT ON (i.kind, i.local_id) i.state FROM exchange_item i JOIN exchange e USING (exchange_id)
  WHERE e.system = :system AND e.act = :act AND starts_with(e.subject, :subject) AND i.state NOT IN ('replaced', 'retracted')
    AND e.provider_id = :provider
  ORDER BY i.kind, i.local_id, i.exchange_id DESC) last

-- name: unfinished
SELECT count(*) FROM exchange WHERE system = :system AND state IN ('prepared', 'sent', 'acknowledged', 'lost')
  AND (CAST(:provider AS integer) IS NULL OR provider_id = :provider)

-- name: last_words
-- The last word on each thing of some acts that its request describes under ``part`` by our number, with that description.
SELECT DISTINCT ON (i.kind, i.local_id) i.kind, i.local_id, r.value AS about, i.state, i.errors, e.error_code, e.error_text, e.changed_at
FROM exchange e
CROSS JOIN LATERAL jsonb_each(e.request -> CAST(:part AS text)) AS r (key, value)
JOIN exchange_item i ON i.exchange_id = e.exchange_id AND i.local_id = CAST(r.key AS bigint)
WHERE e.act = ANY (:acts)
ORDER BY i.kind, i.local_id, i.exchange_id DESC
