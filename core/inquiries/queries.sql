-- name: insert_inquiry
INSERT INTO inquiry (provider_id, request_guid, message_guid, operation, content_sha256, message_id, received_at)
VALUES (:provider, :request_guid, :message_guid, :operation, :content, :message, :at)
ON CONFLICT (provider_id, request_guid) DO NOTHING

-- name: inquiry_of_request
SELECT provider_id, request_guid, message_guid, operation, content_sha256, message_id, received_at
FROM inquiry WHERE provider_id = :provider AND request_guid = :request_guid

-- name: inquiry
SELECT provider_id, request_guid, message_guid, operation, content_sha256, message_id, received_at
FROM inquiry WHERE message_guid = :message_guid

-- name: waiting
-- What has no answer yet, oldest first.
SELECT i.provider_id, i.request_guid, i.message_guid, i.operation, i.content_sha256, i.message_id, i.received_at
FROM inquiry i LEFT JOIN inquiry_answer a ON a.message_guid = i.message_guid AND a.part = 1
WHERE a.message_guid IS NULL
ORDER BY i.received_at, i.message_guid

-- name: attempt
INSERT INTO inquiry_attempt (message_guid, provider_id, attempt, started_at)
SELECT :message_guid, :provider, coalesce(max(attempt), 0) + 1, :at FROM inquiry_attempt WHERE message_guid = :message_guid

-- name: attempts
SELECT count(*) FROM inquiry_attempt WHERE message_guid = :message_guid

-- name: lock
-- One at a time works at a request; whoever comes second sees the answer.
SELECT pg_advisory_xact_lock(hashtextextended('inquiry ' || :message_guid, 0))

-- name: answer
INSERT INTO inquiry_answer (message_guid, part, provider_id, message_id, answered_at) VALUES (:message_guid, :part, :provider, :message, :at)

-- name: answer_of
SELECT message_id FROM inquiry_answer WHERE message_guid = :message_guid AND part = :part

-- name: insert_client
INSERT INTO client (provider_id, name, token_sha256, issued_at) VALUES (:provider, :name, :token, :at) RETURNING client_id

-- name: clients
SELECT c.client_id, c.provider_id, c.name, c.issued_at, e.ended_at
FROM client c LEFT JOIN client_end e USING (client_id)
ORDER BY c.client_id

-- name: client_of_token
SELECT c.client_id, c.provider_id, c.name, c.issued_at, e.ended_at
FROM client c LEFT JOIN client_end e USING (client_id)
WHERE c.token_sha256 = :token

-- name: end_client
INSERT INTO client_end (client_id, provider_id, ended_at)
SELECT client_id, provider_id, :at FROM client WHERE client_id = :client
ON CONFLICT (client_id) DO NOTHING
