-- name: ensure_month
SELECT erkc_ensure_month('message_chunk', :month)

-- name: insert_message
-- Waits for a concurrent insert of the same bytes and then gives no row.
INSERT INTO message (provider_id, direction, channel, name, sha256, size_bytes, received_at, received_month)
VALUES (:provider_id, :direction, :channel, :name, :sha256, :size_bytes, :at, :month)
ON CONFLICT (channel, direction, sha256) DO NOTHING
RETURNING message_id

-- name: known_message
SELECT message_id FROM message WHERE channel = :channel AND direction = :direction AND sha256 = :sha256

-- name: insert_chunk
INSERT INTO message_chunk (received_month, message_id, part, bytes) VALUES (:month, :message_id, :part, :bytes)

-- name: insert_staged_chunks
INSERT INTO message_chunk (received_month, message_id, part, bytes) SELECT :month, :message_id, part, bytes FROM staged_chunk ORDER BY part

-- name: describe
SELECT m.message_id, m.provider_id, m.direction, m.channel, m.name, m.sha256, m.size_bytes, m.received_at, d.dropped_at, d.basis
FROM message m LEFT JOIN message_drop d USING (message_id)
WHERE m.message_id = :message_id

-- name: find
SELECT m.message_id, m.provider_id, m.direction, m.channel, m.name, m.sha256, m.size_bytes, m.received_at, d.dropped_at, d.basis
FROM message m LEFT JOIN message_drop d USING (message_id)
WHERE m.sha256 BETWEEN :low AND :high
ORDER BY m.message_id
LIMIT :most

-- name: find_named
-- Messages of a channel whose names begin so, whatever the case, oldest first.
SELECT m.message_id, m.provider_id, m.direction, m.channel, m.name, m.sha256, m.size_bytes, m.received_at, d.dropped_at, d.basis
FROM message m LEFT JOIN message_drop d USING (message_id)
WHERE m.channel = :channel AND m.direction = :direction AND starts_with(lower(m.name), lower(:start))
ORDER BY m.message_id

-- name: chunk
SELECT c.bytes FROM message m JOIN message_chunk c ON c.received_month = m.received_month AND c.message_id = m.message_id
WHERE m.message_id = :message_id AND c.part = :part

-- name: drop_message
SELECT erkc_drop_message(:message_id, :basis, :at)

-- name: lock_seals
SELECT pg_advisory_xact_lock(hashtext('erkc_seal'))

-- name: last_seal
SELECT sealed_day, chain FROM seal ORDER BY sealed_day DESC LIMIT 1

-- name: seal_of_day
SELECT sealed_day, message_count, root, previous_chain, chain, sealed_at FROM seal WHERE sealed_day = :day

-- name: first_message_day
SELECT min(received_at) FROM message

-- name: unsealed_messages
SELECT m.message_id, m.sha256, d.dropped_at FROM message m LEFT JOIN message_drop d USING (message_id)
WHERE m.received_at < :until AND NOT EXISTS (SELECT FROM seal_leaf l WHERE l.message_id = m.message_id)
ORDER BY m.message_id

-- name: insert_seal
INSERT INTO seal (sealed_day, first_message_id, last_message_id, message_count, root, previous_chain, chain, sealed_at)
VALUES (:day, :first, :last, :count, :root, :previous_chain, :chain, :at)

-- name: insert_leaves
INSERT INTO seal_leaf (message_id, sealed_day, place, content_root) SELECT message_id, :day, place, content_root FROM staged_leaf

-- name: leaf_of_message
SELECT l.sealed_day, l.place, l.content_root, m.sha256 FROM seal_leaf l JOIN message m USING (message_id) WHERE l.message_id = :message_id

-- name: leaves_of_day
SELECT m.sha256, l.content_root, l.place FROM seal_leaf l JOIN message m USING (message_id) WHERE l.sealed_day = :day ORDER BY l.place

-- name: all_seals
SELECT sealed_day, message_count, root, previous_chain, chain, sealed_at FROM seal ORDER BY sealed_day

-- name: messages_after
-- A page of messages in order of number, to be compared with their bytes.
SELECT m.message_id, m.sha256, m.size_bytes, m.name, m.received_month, d.dropped_at, d.basis
FROM message m LEFT JOIN message_drop d USING (message_id)
WHERE m.message_id > :after
ORDER BY m.message_id
LIMIT :page

-- name: chunks_of_message
SELECT part, bytes FROM message_chunk WHERE received_month = :month AND message_id = :message_id ORDER BY part

-- name: small_messages_digest
-- Hashes of one-part messages of a page, computed where the bytes are.
SELECT m.message_id, sha256(c.bytes) AS sha256, length(c.bytes) AS size_bytes
FROM message m JOIN message_chunk c ON c.received_month = m.received_month AND c.message_id = m.message_id AND c.part = 0
WHERE m.message_id > :after AND m.message_id <= :last AND m.size_bytes <= :chunk_bytes

-- name: bytes_without_message
SELECT DISTINCT c.message_id FROM message_chunk c WHERE NOT EXISTS (SELECT FROM message m WHERE m.message_id = c.message_id) ORDER BY c.message_id

-- name: extra_parts
-- Parts beyond the size that the message says, within a page.
SELECT DISTINCT m.message_id
FROM message m JOIN message_chunk c ON c.received_month = m.received_month AND c.message_id = m.message_id
WHERE m.message_id > :after AND m.message_id <= :last AND c.part::bigint * :chunk_bytes >= m.size_bytes
