-- Statements of the records store. Those that read tables named like *_now or party are completed by core.records.versions.with_tables.

-- name: lock_provider
-- One writer of a provider's records at a time.
SELECT pg_advisory_xact_lock(hashtext('erkc records'), CAST(:provider AS integer))

-- name: lock_provider_shared
SELECT pg_advisory_xact_lock_shared(hashtext('erkc records'), CAST(:provider AS integer))

-- name: lock_providers_shared
-- In the order in which one provider's locks are taken too: the centre first.
SELECT pg_advisory_xact_lock_shared(hashtext('erkc records'), provider_id) FROM (SELECT provider_id FROM provider ORDER BY provider_id) p

-- name: grown_tables
-- Of tables that got so many rows, those whose statistics no longer fit.
SELECT g.name FROM unnest(CAST(:names AS text[]), CAST(:counts AS bigint[])) AS g (name, added)
JOIN pg_class c ON c.oid = to_regclass('public.' || g.name)
WHERE g.added > 200 AND g.added > 0.2 * c.reltuples

-- name: analyze_tables
SELECT erkc_analyze_records(CAST(:names AS text[]))

-- name: last_record
SELECT coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public' AND sequencename = 'record_id_seq'

-- name: register_senders
-- Parameters are parallel arrays; a sender already known by ИНН and КПП is left as it is.
INSERT INTO provider (inn, kpp, ogrn, name, kind)
SELECT inn, kpp, min(ogrn), min(name), min(kind)
FROM unnest(CAST(:inns AS text[]), CAST(:kpps AS text[]), CAST(:ogrns AS text[]), CAST(:names AS text[]), CAST(:kinds AS integer[]))
  AS s (inn, kpp, ogrn, name, kind)
WHERE NOT EXISTS (SELECT FROM provider p WHERE p.inn = s.inn AND p.kpp = s.kpp)
GROUP BY inn, kpp
ORDER BY inn, kpp
ON CONFLICT ON CONSTRAINT provider_inn_kpp DO NOTHING

-- name: providers
SELECT provider_id, inn, kpp, ogrn, name, kind FROM provider ORDER BY provider_id

-- name: provider
SELECT provider_id, inn, kpp, ogrn, name, kind FROM provider WHERE provider_id = :provider

-- name: find_provider
SELECT provider_id FROM provider WHERE inn = :inn AND kpp = :kpp

-- name: save_intake
INSERT INTO intake (message_id, provider_id, adapter, status, month, header, counts, taken_at, released, money)
VALUES (:message, :provider, :adapter, :status, :month, CAST(:header AS jsonb), CAST(:counts AS jsonb), :taken_at, CAST(:released AS jsonb), CAST(:money AS jsonb))
ON CONFLICT DO NOTHING

-- name: read_intake
-- The latest outcome.
SELECT message_id, provider_id, adapter, status, month, header, counts, taken_at, released, money FROM intake WHERE message_id = :message
ORDER BY taken_at DESC LIMIT 1

-- name: read_intakes
-- The latest outcome of each message.
SELECT message_id, provider_id, adapter, status, month, header, counts, taken_at, released, money
FROM (SELECT DISTINCT ON (message_id) * FROM intake ORDER BY message_id, taken_at DESC) latest
WHERE (CAST(:provider AS integer) IS NULL OR provider_id = :provider) AND (CAST(:month AS date) IS NULL OR month = :month)
ORDER BY message_id

-- name: senders_heard
-- Who sent a package of the month that was taken, as it was known after a record.
SELECT DISTINCT provider_id FROM intake WHERE month = :month AND status <> 'rejected' AND record_id <= :known_until

-- name: known_uips
SELECT DISTINCT uip FROM record_payment WHERE provider_id = :provider AND uip <> ''

-- name: accounted_days
-- The operational days that a sender gives for its payments, by УИП; the last said.
SELECT DISTINCT ON (uip) uip, accounted_on FROM record_payment
WHERE provider_id = :provider AND uip <> '' AND accounted_on IS NOT NULL
ORDER BY uip, record_id DESC

-- name: payment_versions
SELECT record_id, message_id, record_key, uip, pack, coalesce(paid_on, accounted_on) FROM record_payment
WHERE provider_id = :provider AND record_key = ANY (:keys)
ORDER BY record_id

-- name: save_findings
-- From staging; a finding that this message already has since its latest outcome (or this calculation, or this month) is not added again.
INSERT INTO finding (provider_id, message_id, calculation_id, month, file, file_row, field, code, severity, effect, value, message, hint, dependents, house_id, account_id, service_id,
                     found_at)
SELECT :provider, :message, :calculation, :month, file, file_row, field, code, severity, effect, value, message, hint, dependents, house_id, account_id, service_id,
  :found_at
FROM arrived_finding s
WHERE NOT EXISTS (
  SELECT FROM finding f WHERE f.message_id IS NOT DISTINCT FROM CAST(:message AS bigint) AND f.provider_id = :provider
    AND f.calculation_id IS NOT DISTINCT FROM CAST(:calculation AS bigint)
    AND (f.month, f.file, f.file_row, f.field, f.code, f.value, f.house_id, f.account_id, f.service_id)
      IS NOT DISTINCT FROM (CAST(:month AS date), s.file, s.file_row, s.field, s.code, s.value, s.house_id, s.account_id, s.service_id)
    AND NOT EXISTS (SELECT FROM intake i WHERE i.message_id = f.message_id AND i.taken_at > f.found_at))
ORDER BY n

-- name: read_findings
-- With the last decision on each, if there is one. What an earlier attempt at a message found is history, seen only by its number.
SELECT f.finding_id, f.provider_id, f.message_id, f.month, f.file, f.file_row, f.field, f.code, f.severity, f.effect, f.value, f.message,
  f.hint, f.dependents, f.house_id, f.account_id, f.service_id, f.found_at, d.verdict, d.reason, d.actor, d.decided_at
FROM finding f
LEFT JOIN LATERAL (
  SELECT verdict, reason, actor, decided_at FROM finding_decision d WHERE d.finding_id = f.finding_id ORDER BY decided_at DESC LIMIT 1) d ON TRUE
WHERE (CAST(:finding AS bigint) IS NULL OR f.finding_id = :finding)
  AND (CAST(:message AS bigint) IS NULL OR f.message_id = :message)
  AND (CAST(:calculation AS bigint) IS NULL OR f.calculation_id = :calculation)
  AND (CAST(:provider AS integer) IS NULL OR f.provider_id = :provider)
  AND (CAST(:month AS date) IS NULL OR f.month = :month)
  AND (NOT :open_only OR d.verdict IS NULL)
  AND (CAST(:finding AS bigint) IS NOT NULL OR NOT EXISTS (SELECT FROM intake i WHERE i.message_id = f.message_id AND i.taken_at > f.found_at))
ORDER BY f.finding_id

-- name: carry_decisions
-- What was accepted of an earlier draft of the month stays accepted where the new one finds exactly the same.
INSERT INTO finding_decision (finding_id, provider_id, verdict, reason, actor, message_id, decided_at)
SELECT n.finding_id, n.provider_id, known.verdict, known.reason, known.actor, known.message_id, known.decided_at
FROM finding n
JOIN (
  SELECT DISTINCT ON (o.code, o.message, o.effect, o.value, o.house_id, o.account_id, o.service_id)
    o.code, o.message, o.effect, o.value, o.house_id, o.account_id, o.service_id, d.verdict, d.reason, d.actor, d.message_id, d.decided_at
  FROM finding o JOIN finding_decision d USING (finding_id)
  WHERE o.provider_id = :provider AND o.month = :month AND o.calculation_id < :calculation
  ORDER BY o.code, o.message, o.effect, o.value, o.house_id, o.account_id, o.service_id, d.decided_at DESC
) known ON known.code = n.code AND known.message = n.message AND known.effect = n.effect
  AND (known.value, known.house_id, known.account_id, known.service_id) IS NOT DISTINCT FROM (n.value, n.house_id, n.account_id, n.service_id)
WHERE n.calculation_id = :calculation AND known.verdict = 'accept'
ON CONFLICT DO NOTHING

-- name: house_accounts
-- Accounts of some houses.
SELECT h.entity_id AS house_id, e.entity_id AS account_id FROM account_now a
JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
JOIN entity h ON h.provider_id = :provider AND h.kind = 'house' AND h.entity_key = a.house
ORDER BY h.entity_id, e.entity_id

-- name: decide_finding
INSERT INTO finding_decision (finding_id, provider_id, verdict, reason, actor, message_id, decided_at)
SELECT finding_id, provider_id, :verdict, :reason, :actor, :message, :at FROM finding WHERE finding_id = :finding

-- name: entity_ids
SELECT entity_key, entity_id FROM entity WHERE provider_id = :provider AND kind = :kind ORDER BY entity_id

-- name: entities_in_order
SELECT entity_key, entity_id FROM entity WHERE provider_id = :provider AND kind = :kind ORDER BY entity_key COLLATE "C"

-- name: organisation_ids
-- Every organisation by ИНН, the best number last: those without records (known from tariffs or another system), then those whose first
-- record had no verified ИНН, by what their last record says, then those that go by their ИНН and have records.
SELECT k.inn, k.entity_id FROM (
  SELECT e.entity_key AS inn, e.entity_id,
    CASE WHEN EXISTS (SELECT FROM record_organisation o WHERE o.inn = e.entity_key AND o.verified) THEN 2 ELSE 0 END AS rank
  FROM entity e WHERE e.provider_id = 0 AND e.kind = 'organisation' AND e.entity_key NOT LIKE '%/%'
  UNION ALL
  SELECT o.inn, e.entity_id, 1
  FROM (SELECT DISTINCT ON (provider_id, record_key) provider_id, record_key, inn, verified FROM record_organisation
        ORDER BY provider_id, record_key, coalesce(valid_from, '-infinity') DESC, record_id DESC) o
  JOIN entity e ON e.provider_id = 0 AND e.kind = 'organisation' AND e.entity_key = o.provider_id || '/' || o.record_key
  WHERE o.inn <> '' AND o.verified) k
ORDER BY k.rank, k.entity_id DESC

-- name: ensure_entity
INSERT INTO entity (provider_id, kind, entity_key) VALUES (:provider, :kind, :key) ON CONFLICT DO NOTHING

-- name: entity_by_key
SELECT entity_id FROM entity WHERE provider_id = :provider AND kind = :kind AND entity_key = :key

-- name: describe_entities
SELECT entity_id, provider_id, kind, entity_key FROM entity WHERE entity_id = ANY(:ids)

-- name: find_accounts
-- Accounts whose number now is one of the given, of any provider.
SELECT r.number, e.entity_id, r.provider_id, r.record_key, r.kind, r.opened_on, r.closed_on, r.payer_name,
  h.entity_id AS house_id
FROM record_account r
JOIN entity e ON e.provider_id = r.provider_id AND e.kind = 'account' AND e.entity_key = r.record_key
LEFT JOIN entity h ON h.provider_id = r.provider_id AND h.kind = 'house' AND h.entity_key = r.house
WHERE r.number = ANY(:numbers) AND r.state IN ('accepted', 'flagged')
  AND NOT EXISTS (
    SELECT FROM record_account n WHERE n.provider_id = r.provider_id AND n.record_key = r.record_key AND n.state IN ('accepted', 'flagged')
      AND (coalesce(n.valid_from, '-infinity'), n.record_id) > (coalesce(r.valid_from, '-infinity'), r.record_id))
ORDER BY r.number, e.entity_id

-- name: accounts_of_entities
-- Accounts of these numbers of ours, as they stand now.
SELECT r.number, e.entity_id, r.provider_id, r.record_key, r.kind, r.opened_on, r.closed_on, r.payer_name
FROM entity e
JOIN LATERAL (
  SELECT * FROM record_account a
  WHERE a.provider_id = e.provider_id AND a.record_key = e.entity_key AND a.state IN ('accepted', 'flagged')
  ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1) r ON TRUE
WHERE e.entity_id = ANY(:ids) AND e.kind = 'account'
ORDER BY e.entity_id

-- name: house_addresses
-- Addresses of houses by our own numbers of them, as they stand now.
SELECT e.entity_id, r.address
FROM entity e
JOIN LATERAL (
  SELECT address FROM record_house a
  WHERE a.provider_id = e.provider_id AND a.record_key = e.entity_key AND a.state IN ('accepted', 'flagged')
  ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1) r ON TRUE
WHERE e.entity_id = ANY (:ids) AND e.kind = 'house'

-- name: find_remembered
-- Accounts that decisions gave to texts of an agent: every text holds, so an account may have several.
SELECT DISTINCT x.value, x.entity_id FROM external_id x
WHERE x.system = :system AND x.kind = 'payment_text' AND x.value = ANY (:values)
ORDER BY x.value, x.entity_id

-- name: placed_accounts
-- Accounts of these numbers of ours with their house and premises, as they stand now: what people find them by.
SELECT e.entity_id, r.number, h.entity_id AS house_id, coalesce(p.number, '') AS premises, coalesce(m.number, '') AS room
FROM entity e
JOIN LATERAL (
  SELECT provider_id, record_key, number, house FROM record_account a
  WHERE a.provider_id = e.provider_id AND a.record_key = e.entity_key AND a.state IN ('accepted', 'flagged')
  ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1) r ON TRUE
LEFT JOIN entity h ON h.provider_id = r.provider_id AND h.kind = 'house' AND h.entity_key = r.house
LEFT JOIN LATERAL (
  SELECT premises, room FROM record_account_place a
  WHERE :placed AND a.provider_id = r.provider_id AND a.account = r.record_key AND a.state IN ('accepted', 'flagged')
  ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1) l ON TRUE
LEFT JOIN LATERAL (
  SELECT number, premises FROM record_room a
  WHERE a.provider_id = r.provider_id AND a.record_key = l.room AND a.state IN ('accepted', 'flagged')
  ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1) m ON TRUE
LEFT JOIN LATERAL (
  SELECT number FROM record_premises a
  WHERE a.provider_id = r.provider_id AND a.record_key = coalesce(l.premises, m.premises) AND a.state IN ('accepted', 'flagged')
  ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1) p ON TRUE
WHERE e.entity_id = ANY (:ids) AND e.kind = 'account'

-- name: link
-- From staging; only what differs from the value in force. A thing may have a value for each provider: a service is an element of the own
-- book of everybody who bills it.
INSERT INTO external_id (entity_id, provider_id, system, kind, value, message_id, seen_at)
SELECT DISTINCT ON (s.entity_id, s.provider_id, s.system, s.kind)
       s.entity_id, s.provider_id, s.system, s.kind, s.value, :message, :at
FROM arrived_external_id s
LEFT JOIN LATERAL (
  SELECT value FROM external_id x
  WHERE x.entity_id = s.entity_id AND x.provider_id = s.provider_id AND x.system = s.system AND x.kind = s.kind
  ORDER BY seen_at DESC, message_id DESC LIMIT 1) latest ON TRUE
WHERE latest.value IS DISTINCT FROM s.value
ORDER BY s.entity_id, s.provider_id, s.system, s.kind, s.n DESC
ON CONFLICT DO NOTHING

-- name: external_ids
SELECT DISTINCT ON (entity_id) entity_id, value FROM external_id
WHERE provider_id = :provider AND system = :system AND kind = :kind
ORDER BY entity_id, seen_at DESC, message_id DESC

-- name: external_ids_of
SELECT DISTINCT ON (entity_id) entity_id, value FROM external_id
WHERE entity_id = ANY(:things) AND provider_id = :provider AND system = :system AND kind = :kind
ORDER BY entity_id, seen_at DESC, message_id DESC

-- name: external_ids_of_kinds
SELECT DISTINCT ON (kind, entity_id) kind, entity_id, value FROM external_id
WHERE provider_id = :provider AND system = :system AND kind = ANY(:kinds)
ORDER BY kind, entity_id, seen_at DESC, message_id DESC

-- name: external_history
SELECT entity_id, value, seen_at FROM external_id
WHERE provider_id = :provider AND system = :system AND kind = :kind
ORDER BY entity_id, seen_at, message_id

-- name: find_by_external
-- Things whose value in force is the given one.
SELECT x.entity_id FROM external_id x
WHERE x.system = :system AND x.kind = :kind AND x.value = :value
  AND NOT EXISTS (
    SELECT FROM external_id n
    WHERE n.entity_id = x.entity_id AND n.provider_id = x.provider_id AND n.system = x.system AND n.kind = x.kind AND n.value <> x.value
      AND (n.seen_at, n.message_id) > (x.seen_at, x.message_id))
GROUP BY x.entity_id
ORDER BY x.entity_id

-- name: house_ids
SELECT e.entity_id FROM house_now h
JOIN entity e ON e.provider_id = :provider AND e.kind = 'house' AND e.entity_key = h.record_key
ORDER BY length(h.record_key), h.record_key

-- name: accounts_by_house
-- How many accounts a provider has told of, by house: a measure of work, whatever their state.
SELECT e.entity_id, count(*) FROM record_account a
JOIN entity e ON e.provider_id = :provider AND e.kind = 'house' AND e.entity_key = a.house
WHERE a.provider_id = :provider GROUP BY e.entity_id

-- name: house_keys
SELECT entity_id, entity_key FROM entity WHERE provider_id = :provider AND kind = 'house' AND entity_id = ANY(:ids)

-- name: house_names
-- What houses of any sender are known by, in the version in force; only the centre sees those of several senders.
SELECT DISTINCT ON (e.entity_id) e.entity_id, h.provider_id, h.record_key, h.fias, h.cadastral, h.address
FROM entity e
JOIN record_house h ON h.provider_id = e.provider_id AND h.record_key = e.entity_key
WHERE e.kind = 'house' AND e.entity_id = ANY(:ids)
  AND h.record_id <= :known_until AND (h.valid_from IS NULL OR h.valid_from <= :until) AND h.state IN ('accepted', 'flagged')
ORDER BY e.entity_id, coalesce(h.valid_from, '-infinity') DESC, h.record_id DESC

-- name: houses_named
-- Houses of any sender that some version knows by one of the names.
SELECT DISTINCT e.entity_id
FROM record_house h
JOIN entity e ON e.provider_id = h.provider_id AND e.kind = 'house' AND e.entity_key = h.record_key
WHERE (h.fias = ANY(:fias) OR h.cadastral = ANY(:cadastral)) AND h.record_id <= :known_until

-- name: sharing_providers
-- Senders with a house that one of the given senders has too.
SELECT DISTINCT o.provider_id FROM record_house m JOIN record_house o ON o.fias = m.fias
WHERE m.provider_id = ANY(:providers) AND m.fias <> ''
UNION
SELECT DISTINCT o.provider_id FROM record_house m JOIN record_house o ON o.cadastral = m.cadastral
WHERE m.provider_id = ANY(:providers) AND m.cadastral <> ''

-- name: providers_of_codes
-- Senders with houses by GUID in lower case.
SELECT DISTINCT lower(fias) AS fias, provider_id FROM record_house WHERE lower(fias) = ANY(:codes)

-- name: seen_provider
SELECT current_setting('erkc.provider', true)

-- name: facts_houses
SELECT h.record_key, e.entity_id, h.fias, h.oktmo, h.address, h.useful_area_e2, h.common_area_e2, h.capital_fund, h.record_id,
  m.entity_id AS manager_id
FROM house_now h
JOIN entity e ON e.provider_id = :provider AND e.kind = 'house' AND e.entity_key = h.record_key
LEFT JOIN party m ON m.record_key = h.manager

-- name: facts_parameters
-- The last statement of each parameter comes last.
SELECT house, code, value, record_id FROM parameter_now ORDER BY house, code, coalesce(valid_from, '-infinity'), record_id

-- name: facts_services
SELECT h.house, e.entity_id, s.record_key, s.name, s.kind, s.provision, s.base_service, s.utility_kind, s.housing_kind, s.resource_kind, s.okei,
  h.starts_on, h.ends_on, h.record_id, s.zone
FROM house_service_now h
JOIN service_now s ON s.record_key = h.service
JOIN entity e ON e.provider_id = :provider AND e.kind = 'service' AND e.entity_key = s.record_key
ORDER BY h.house, length(s.record_key), s.record_key, h.starts_on, h.record_id

-- name: facts_contribution_service
-- The contribution is in no list of a house's services: it is due because of the decision on the fund.
SELECT e.entity_id, s.record_key, s.name, s.kind, s.provision, s.base_service, s.utility_kind, s.housing_kind, s.resource_kind, s.okei, s.zone
FROM service_now s
JOIN entity e ON e.provider_id = :provider AND e.kind = 'service' AND e.entity_key = s.record_key
WHERE s.housing_kind = 2
ORDER BY length(s.record_key), s.record_key
LIMIT 1

-- name: facts_dictionary
-- All services of the sender, for those that no list of the house names.
SELECT e.entity_id, s.record_key, s.name, s.kind, s.provision, s.base_service, s.utility_kind, s.housing_kind, s.resource_kind, s.okei, s.zone,
  s.record_id
FROM service_now s
JOIN entity e ON e.provider_id = :provider AND e.kind = 'service' AND e.entity_key = s.record_key
ORDER BY length(s.record_key), s.record_key

-- name: facts_supply
-- Services of direct contracts: those of the sender's dictionary whose kinds stand in a contract for the house or a flat of it.
SELECT a.house, s.record_key AS service, u.starts_on, u.ends_on, u.record_id
FROM supply_address_now a
JOIN supply_service_now u ON u.address = a.record_key
JOIN service_now s ON s.provision = 1 AND s.utility_kind = u.utility_kind AND s.resource_kind = u.resource_kind
ORDER BY a.house, length(s.record_key), s.record_key, u.starts_on NULLS FIRST, u.record_id

-- name: facts_payers
SELECT account, els FROM unified_account_now ORDER BY account

-- name: facts_reliefs
-- Shares of the price in the month: what lowers the bill (of a named service), and what is paid in cash (of one service or of all).
SELECT account, coalesce(service, ''), share_e4, coalesce(entitled, 1), starts_on, ends_on, record_id, kind = 2 FROM relief_now
WHERE (kind = 1 AND service IS NOT NULL OR kind = 2) AND share_e4 IS NOT NULL AND starts_on <= :until AND (ends_on IS NULL OR ends_on >= :since)
ORDER BY account, starts_on, record_id

-- name: measures_of_support
-- All measures of the month with their accounts: shares of the price, cash, subsidies.
SELECT r.record_id, e.entity_id AS account_id, a.number, r.account, r.kind, r.service, r.share_e4, r.entitled, r.starts_on, r.ends_on, r.amount
FROM relief_now r
JOIN account_now a ON a.record_key = r.account
JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = r.account
WHERE r.starts_on <= :until AND (r.ends_on IS NULL OR r.ends_on >= :since)
  AND (CAST(:account_ids AS bigint[]) IS NULL OR e.entity_id = ANY (:account_ids))
ORDER BY e.entity_id, r.kind, r.starts_on, r.record_id

-- name: subsidy_grants
-- Subsidies granted on some day of the month, with the acts of a court that judged a debt of the account in the years before.
SELECT g.record_id, g.record_key, e.entity_id AS account_id, a.number, a.record_key AS account, g.persons, g.income, g.subsistence, g.standard,
  g.own_share_e4, g.first, g.last,
  ARRAY(SELECT j.record_key FROM judgement_now j WHERE j.account = g.account AND j.principal > 0 AND j.judged_on > CAST(:judged_after AS date)
    AND j.judged_on <= :until ORDER BY j.record_key) AS judged
FROM grant_now g
JOIN account_now a ON a.number = g.account
JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
WHERE g.first <= :until AND (g.last IS NULL OR g.last >= :since)
  AND (CAST(:account_ids AS bigint[]) IS NULL OR e.entity_id = ANY (:account_ids))
ORDER BY e.entity_id, g.first, g.record_id

-- name: facts_prices
-- The price in force at the end of the month comes last.
SELECT house, price_e6, record_id FROM price_now
WHERE (starts_on IS NULL OR starts_on <= :until) AND (ends_on IS NULL OR ends_on >= :since)
ORDER BY house, coalesce(starts_on, '-infinity'), record_id

-- name: facts_decisions
-- With the owner of the house's own account; the decision in force at the end of the month comes last.
SELECT d.house, d.excess_e6, d.effective_on, d.record_id, o.entity_id AS owner_id
FROM decision_now d
LEFT JOIN bank_account_now b ON b.record_key = d.bank_account
LEFT JOIN party o ON o.record_key = b.organisation
WHERE d.effective_on IS NULL OR d.effective_on <= :until
ORDER BY d.house, coalesce(d.effective_on, '-infinity'), d.record_id

-- name: facts_operator
-- The regional operator of capital repair: role 14.
SELECT p.entity_id FROM organisation_now o JOIN party p ON p.record_key = o.record_key
WHERE 14 = ANY(o.roles)
ORDER BY length(o.record_key), o.record_key
LIMIT 1

-- name: facts_accounts
SELECT a.house, a.record_key, e.entity_id, a.number, a.kind, a.area_e2, a.opened_on, a.closed_on, a.gas_stove, a.gas_heater, a.rooms, a.record_id,
  a.living_area_e2, a.open_heating_draw
FROM account_now a
JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
WHERE a.opened_on <= :until
ORDER BY length(a.record_key), a.record_key

-- name: facts_places
-- The place of each account: the premises itself, or the premises of its room. Asked apart from the accounts, whose number the planner then knows.
SELECT DISTINCT ON (l.account) l.account, p.record_id AS place_source, p.number AS premises_number, p.kind AS premises_kind, p.no_meter,
  p.no_meter_reason, r.number AS room_number, r.area_e2 AS room_area_e2, r.record_id AS room_source
FROM place_now l
LEFT JOIN room_now r ON r.record_key = l.room
LEFT JOIN premises_now p ON p.record_key = coalesce(l.premises, r.premises)
ORDER BY l.account, p.record_id NULLS LAST, l.record_id

-- name: facts_areas
-- Areas decided on by a document, each from its day on.
SELECT account, first, area_e2, record_id, first <= :since AS is_whole_month FROM area_now WHERE first <= :until
ORDER BY account, first, record_id

-- name: facts_residences
SELECT account, record_key, first, last, record_id FROM residence_now WHERE first <= :until
ORDER BY account, length(record_key), record_key

-- name: facts_absences
SELECT account, residence, left_on, back_on, record_id FROM absence_now WHERE left_on <= :until AND back_on >= :since
ORDER BY account, left_on, record_id

-- name: facts_meters
SELECT m.house, m.record_key, m.kind, m.account, m.service, m.serial, m.digits, m.commissioned_on, m.next_verification_on, m.closed_on, m.start_e3,
  m.is_open, m.record_id, m.file, m.file_row
FROM meter_now m
ORDER BY m.house, length(m.record_key), m.record_key

-- name: facts_meter_accounts
SELECT meter, account FROM meter_account_now ORDER BY length(account), account

-- name: facts_readings
-- One row a meter, its readings in the order of days: a region has seven of them a meter in half a year, and a row each would be felt.
SELECT meter, days, values_e3, sources, zones FROM read

-- name: facts_interruptions
SELECT house, service, starts_at, ends_at, claimed_hours_e2, record_id FROM interruption_now
WHERE starts_at < CAST(:until AS date) + 1 AND ends_at > CAST(:since AS date)
ORDER BY house, service, starts_at, record_id

-- name: facts_acts
-- What stopped a meter or set it anew, fuel and what is said of last year matter after their own days. Decisions about debts change no charge.
SELECT * FROM act_now
WHERE kind NOT IN ('withdrawn', 'penalty_stop', 'court_judgement', 'subsidy') AND first <= :until
  AND (last IS NULL OR last >= :since
    OR kind IN ('check', 'access_refused', 'meter_failed', 'fuel', 'heat_last_year', 'allocators', 'containers'))
ORDER BY first, drawn_on, number, part, record_id

-- name: act_kinds
SELECT DISTINCT ON (record_key) record_key, kind FROM record_act
WHERE provider_id = :provider AND record_key = ANY(:keys) AND state IN ('accepted', 'flagged')
ORDER BY record_key, record_id DESC

-- name: facts_area_versions
-- What the sender's archives say of areas that an act has measured.
SELECT * FROM area_version ORDER BY record_key, coalesce(valid_from, '-infinity')

-- name: acts_unplaced
-- Of a message; the newest version of each.
SELECT a.* FROM act_now a
WHERE a.message_id = :message AND a.kind <> 'withdrawn'
  AND CASE WHEN a.account IS NOT NULL THEN NOT EXISTS (SELECT FROM account_now k WHERE k.number = a.account)
      ELSE NOT EXISTS (SELECT FROM house_now h WHERE h.record_key = a.house OR lower(h.fias) = a.house) END
ORDER BY a.record_id

-- name: acts_unplaced_in_month
SELECT a.* FROM act_now a
WHERE a.kind <> 'withdrawn' AND a.first <= :until AND (a.last IS NULL OR a.last >= :since)
  AND CASE WHEN a.account IS NOT NULL THEN NOT EXISTS (SELECT FROM account_now k WHERE k.number = a.account)
      ELSE NOT EXISTS (SELECT FROM house_now h WHERE h.record_key = a.house OR lower(h.fias) = a.house) END
ORDER BY a.record_id

-- name: region_tariffs
-- The supplier is the provider's own organisation of this ИНН, else the one that goes by it.
SELECT t.kind, t.utility_kind, t.resource_kind, t.zone, coalesce(o.entity_id, e.entity_id) AS supplier_id, t.oktmo, t.act, t.first, t.last,
  t.value_e6, t.record_id, t.range_number
FROM tariff_now t
LEFT JOIN entity e ON e.provider_id = 0 AND e.kind = 'organisation' AND e.entity_key = t.supplier_inn
LEFT JOIN supplier_now o ON o.inn = t.supplier_inn
WHERE t.first <= :until
ORDER BY t.kind, t.utility_kind, t.resource_kind, t.zone, t.oktmo, t.supplier_inn, t.first

-- name: region_suppliers
-- A provider's organisations by ИНН; of several a verified one, then the one with the first number.
SELECT DISTINCT ON (o.inn) o.inn, p.entity_id FROM organisation_now o JOIN party p ON p.record_key = o.record_key
WHERE o.inn <> ''
ORDER BY o.inn, o.verified DESC, length(o.record_key), o.record_key

-- name: suppliers_of_inns
-- The same for ИНН that no tariff of ours names yet.
SELECT i.inn, coalesce(o.entity_id, e.entity_id) AS supplier_id
FROM unnest(CAST(:inns AS text[])) AS i (inn)
LEFT JOIN entity e ON e.provider_id = 0 AND e.kind = 'organisation' AND e.entity_key = i.inn
LEFT JOIN supplier_now o ON o.inn = i.inn

-- name: region_norms
SELECT utility_kind, resource_kind, basis, okei, first, value_e6, record_id, last, rooms, persons, oktmo FROM norm_now
WHERE first <= :until
ORDER BY oktmo, utility_kind, resource_kind, basis, rooms, persons, first

-- name: region_settings
-- Of a setting with dates the value of the month's last day; one that has ended gives way to the default of the law.
SELECT oktmo, name, value_json, record_id FROM (
  SELECT DISTINCT ON (oktmo, name) oktmo, name, value_json, record_id, valid_to FROM setting_now
  ORDER BY oktmo, name, coalesce(valid_from, '-infinity') DESC, record_id DESC) latest
WHERE valid_to IS NULL OR valid_to >= :until
ORDER BY length(oktmo), oktmo, name

-- name: home_oktmo
-- The municipality that a provider (null: all of them together) has most of its houses in.
SELECT oktmo FROM (
  SELECT DISTINCT ON (provider_id, record_key) oktmo FROM record_house
  WHERE (CAST(:owner AS bigint) IS NULL OR provider_id = :owner) AND record_id <= :known_until AND state IN ('accepted', 'flagged')
  ORDER BY provider_id, record_key, record_id DESC) houses
GROUP BY oktmo ORDER BY count(*) DESC, oktmo LIMIT 1

-- name: houses_elsewhere
-- Houses of a provider in other municipalities than one: than the one of a full code, or than those whose code begins so.
SELECT record_key AS house, oktmo FROM (
  SELECT DISTINCT ON (record_key) record_key, oktmo FROM record_house
  WHERE provider_id = :owner AND record_id <= :known_until AND state IN ('accepted', 'flagged')
  ORDER BY record_key, record_id DESC) houses
WHERE oktmo <> '' AND NOT CASE WHEN :by_beginning THEN starts_with(oktmo, :home) ELSE oktmo = :home END

-- name: accounts_of_named_houses
-- Accounts that stand in some of a provider's houses, with the house, as last told.
SELECT e.entity_id, a.house
FROM (SELECT DISTINCT ON (record_key) record_key, house FROM record_account
      WHERE provider_id = :owner AND record_id <= :known_until AND state IN ('accepted', 'flagged')
        AND record_key IN (SELECT record_key FROM record_account WHERE provider_id = :owner AND house = ANY (:houses))
      ORDER BY record_key, record_id DESC) a
JOIN entity e ON e.provider_id = :owner AND e.kind = 'account' AND e.entity_key = a.record_key
WHERE a.house = ANY (:houses)

-- name: region_limits
SELECT oktmo, first, last, percent_e2, act, record_id FROM limit_now WHERE first <= :until ORDER BY oktmo, first

-- name: payer_accounts
-- Accounts open in the month with their payers: the ЕЛС, else the account itself.
SELECT payer, entity_id, number, els, oktmo, address, premises, house_kind, residential, by_organisation FROM (
  SELECT DISTINCT ON (a.record_key) coalesce('els/' || u.els, 'account/' || :provider || '/' || a.record_key) COLLATE "C" AS payer,
    e.entity_id, a.number, u.els, h.oktmo, h.address, coalesce(p.number, '') AS premises, h.house_kind, coalesce(p.kind, 1) = 1 AS residential,
    a.payer_organisation IS NOT NULL AS by_organisation
  FROM account_now a
  JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
  JOIN house_now h ON h.record_key = a.house
  LEFT JOIN unified_account_now u ON u.account = a.record_key
  LEFT JOIN place_now l ON l.account = a.record_key
  LEFT JOIN room_now r ON r.record_key = l.room
  LEFT JOIN premises_now p ON p.record_key = coalesce(l.premises, r.premises)
  WHERE a.opened_on <= :until AND (a.closed_on IS NULL OR a.closed_on >= :since)
  ORDER BY a.record_key, p.record_id NULLS LAST, l.record_id, u.record_id
) x ORDER BY payer, entity_id

-- Rows for the services, with our own numbers in place of the sender's keys. Each reads *_now tables: rows in force, or a message's own.

-- name: rows_organisations
SELECT p.entity_id, o.record_key, o.record_id, o.name, o.short_name, o.inn, o.kpp, o.ogrn, o.address, o.phone, o.email, o.roles, o.verified
FROM organisation_now o JOIN party p ON p.record_key = o.record_key
ORDER BY length(o.record_key), o.record_key

-- name: find_organisation
SELECT p.entity_id FROM organisation_now o JOIN party p ON p.record_key = o.record_key
ORDER BY length(o.record_key) DESC, o.record_key DESC LIMIT 1

-- name: rows_bank_accounts
SELECT e.entity_id, b.record_key, b.record_id, p.entity_id AS organisation_id, b.number, b.bik, b.correspondent, b.bank_name, b.opened_on,
  b.closed_on, b.verified
FROM bank_account_now b
JOIN entity e ON e.provider_id = :provider AND e.kind = 'bank_account' AND e.entity_key = b.record_key
LEFT JOIN party p ON p.record_key = b.organisation
ORDER BY length(b.record_key), b.record_key

-- name: rows_services
SELECT e.entity_id, s.record_key, s.record_id, s.name, s.short_name, s.kind, s.provision, s.base_service, s.utility_kind, s.housing_kind,
  s.zone, s.okei, s.resource_kind, s.sort_order
FROM service_now s
JOIN entity e ON e.provider_id = :provider AND e.kind = 'service' AND e.entity_key = s.record_key
ORDER BY length(s.record_key), s.record_key

-- name: rows_houses
SELECT e.entity_id, h.record_key, h.record_id, h.fias, h.oktmo, h.address, h.time_zone, h.useful_area_e2, h.common_area_e2, h.capital_fund,
  m.entity_id AS manager_id, a.entity_id AS fund_account_id
FROM house_now h
JOIN entity e ON e.provider_id = :provider AND e.kind = 'house' AND e.entity_key = h.record_key
LEFT JOIN party m ON m.record_key = h.manager
LEFT JOIN LATERAL (
  SELECT bank_account FROM decision_now d WHERE d.house = h.record_key AND (d.effective_on IS NULL OR d.effective_on <= :until)
  ORDER BY coalesce(d.effective_on, '-infinity') DESC, d.record_id DESC LIMIT 1) decision ON TRUE
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'bank_account' AND a.entity_key = decision.bank_account
ORDER BY length(h.record_key), h.record_key

-- name: rows_accounts
SELECT DISTINCT ON (length(a.record_key), a.record_key) e.entity_id, a.record_key, a.record_id, a.number, a.kind, a.opened_on, a.closed_on,
  a.residents_stated, a.area_e2, a.living_area_e2, a.payer_name, a.payer_organisation IS NOT NULL AS payer_is_organisation,
  o.entity_id AS principal_id, he.entity_id AS house_id, coalesce(h.fias, '') AS house_fias, coalesce(h.address, '') AS address,
  pe.entity_id AS premises_id, coalesce(p.number, '') AS premises_number, p.kind AS premises_kind, re.entity_id AS room_id,
  r.number AS room_number
FROM account_now a
JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
LEFT JOIN party o ON o.record_key = a.principal
LEFT JOIN house_now h ON h.record_key = a.house
LEFT JOIN entity he ON he.provider_id = :provider AND he.kind = 'house' AND he.entity_key = a.house
LEFT JOIN place_now l ON l.account = a.record_key
LEFT JOIN room_now r ON r.record_key = l.room
LEFT JOIN entity re ON re.provider_id = :provider AND re.kind = 'room' AND re.entity_key = r.record_key
LEFT JOIN premises_now p ON p.record_key = coalesce(l.premises, r.premises)
LEFT JOIN entity pe ON pe.provider_id = :provider AND pe.kind = 'premises' AND pe.entity_key = p.record_key
ORDER BY length(a.record_key), a.record_key, p.record_id NULLS LAST, l.record_id

-- name: organisation_payers
-- Organisations with the accounts that they pay for.
SELECT p.entity_id, o.name, o.inn, o.kpp, o.address, array_agg(DISTINCT e.entity_id ORDER BY e.entity_id) AS accounts
FROM account_now a
JOIN organisation_now o ON o.record_key = a.payer_organisation
JOIN party p ON p.record_key = o.record_key
JOIN entity e ON e.provider_id = :provider AND e.kind = 'account' AND e.entity_key = a.record_key
GROUP BY 1, 2, 3, 4, 5
ORDER BY o.inn, p.entity_id

-- name: rows_stated_bills
SELECT b.record_id, b.state, b.record_key, b.month, b.number, b.formed_on, a.entity_id AS account_id, k.entity_id AS bank_account_id, b.total,
  b.debt, b.advance, b.penalties, b.grand_total
FROM bill_now b
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = b.account
LEFT JOIN entity k ON k.provider_id = :provider AND k.kind = 'bank_account' AND k.entity_key = b.bank_account
ORDER BY b.record_id

-- name: rows_stated_lines
-- Services, then contributions. A line's creditor is the one whose balance stands for its account, service and month, or the next month:
-- an archive brings the documents of the month before its own too, but balances of its own month only.
-- Begins with a comma because it goes on with the named tables that are put before it.
, line AS (
  SELECT record_id, state, bill, service, NULL AS organisation, FALSE AS contribution, tariff_e6, total, accrued, recalculated, benefit,
    recalculation_reason, volume_e6, common_volume_e6, method
  FROM stated_line_now
  UNION ALL
  SELECT record_id, state, bill, (SELECT record_key FROM service_now WHERE housing_kind = 2 ORDER BY length(record_key), record_key LIMIT 1),
    organisation, TRUE, tariff_e6, total, accrued, recalculated, benefit, '', NULL, NULL, NULL
  FROM stated_contribution_now
), creditor AS (
  SELECT account, service, month, min(organisation) AS organisation FROM balance_now
  GROUP BY account, service, month HAVING count(DISTINCT organisation) = 1
)
SELECT l.record_id, l.state, l.bill, b.state AS bill_state, b.month, a.entity_id AS account_id, s.entity_id AS service_id,
  p.entity_id AS creditor_id, l.contribution, l.tariff_e6, l.total, l.accrued, l.recalculated, l.benefit, l.recalculation_reason, l.volume_e6,
  l.common_volume_e6, l.method
FROM line l
LEFT JOIN bill_now b ON b.record_key = l.bill
LEFT JOIN creditor c ON c.account = b.account AND c.service = l.service AND c.month = b.month
LEFT JOIN creditor n ON n.account = b.account AND n.service = l.service AND n.month = CAST(b.month + interval '1 month' AS date)
LEFT JOIN party p ON p.record_key = coalesce(nullif(l.organisation, ''), c.organisation, n.organisation)
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = b.account
LEFT JOIN entity s ON s.provider_id = :provider AND s.kind = 'service' AND s.entity_key = l.service
ORDER BY l.contribution, l.record_id

-- name: rows_balances
SELECT b.record_id, b.state, b.record_key, b.month, a.entity_id AS account_id, s.entity_id AS service_id, p.entity_id AS creditor_id, b.opening,
  b.accrued, b.recalculated, b.changed, b.undelivered, b.benefit, b.paid, b.closing
FROM balance_now b
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = b.account
LEFT JOIN entity s ON s.provider_id = :provider AND s.kind = 'service' AND s.entity_key = b.service
LEFT JOIN party p ON p.record_key = b.organisation
ORDER BY b.record_id

-- name: rows_opening_debts
SELECT d.record_id, d.state, d.record_key, b.month, a.entity_id AS account_id, s.entity_id AS service_id, p.entity_id AS creditor_id,
  d.origin_month, d.amount
FROM debt_now d
LEFT JOIN bill_now b ON b.record_key = d.bill
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = b.account
LEFT JOIN entity s ON s.provider_id = :provider AND s.kind = 'service' AND s.entity_key = d.service
LEFT JOIN party p ON p.record_key = d.organisation
ORDER BY d.record_id

-- name: rows_opening_penalties
SELECT d.record_id, d.state, d.record_key, b.month, a.entity_id AS account_id, p.entity_id AS creditor_id, d.kind, d.origin_month, d.opening,
  d.posted, d.paid, d.closing
FROM penalty_now d
LEFT JOIN bill_now b ON b.record_key = d.bill
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = b.account
LEFT JOIN party p ON p.record_key = d.organisation
ORDER BY d.record_id

-- name: rows_packs
SELECT record_id, state, record_key, ordered_on, number, amount, count FROM pack_now ORDER BY record_id

-- name: rows_payments
-- In the order in which they are allocated: by date of payment, then the sender's number.
SELECT m.record_id, m.state, m.message_id, m.file, m.file_row, m.record_key, m.account,
  CASE WHEN EXISTS (
    SELECT FROM record_account k WHERE k.provider_id = :provider AND k.record_key = m.account AND k.state IN ('accepted', 'flagged'))
    THEN a.entity_id END AS account_id,
  m.operation, m.uip, m.paid_on, m.accounted_on, m.amount, m.source, m.for_month, m.bill, b.month AS bill_month, m.pack, k.state AS pack_state,
  e.entity_id AS bank_account_id, m.active, m.reverses
FROM payment_now m
LEFT JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = m.account
LEFT JOIN bill_now b ON b.record_key = m.bill
LEFT JOIN pack_now k ON k.record_key = m.pack
LEFT JOIN entity e ON e.provider_id = :provider AND e.kind = 'bank_account' AND e.entity_key = m.bank_account
ORDER BY m.paid_on NULLS LAST, length(m.record_key), m.record_key, m.record_id

-- name: month_readings
-- Readings of a month with their meters and accounts, and what was found on the row of those that are held.
SELECT r.record_id, r.record_key, r.meter, coalesce(m.serial, ''), coalesce(a.number, ''), r.taken_on, r.value_e3, r.zone, r.source, r.state,
       coalesce(f.code, ''), coalesce(f.message, ''), coalesce(f.hint, '')
FROM reading_now r
LEFT JOIN meter_now m ON m.record_key = r.meter
LEFT JOIN account_now a ON a.record_key = m.account
LEFT JOIN LATERAL (
  SELECT code, message, hint FROM finding
  WHERE r.state = 'held' AND finding.message_id = r.message_id AND finding.file = r.file AND finding.file_row = r.file_row
    AND finding.effect = 'hold_reading'
  ORDER BY finding_id DESC LIMIT 1
) f ON true
WHERE r.state IN ('accepted', 'flagged', 'held') AND (NOT :held_only OR r.state = 'held')
ORDER BY r.meter, r.zone NULLS FIRST, r.taken_on, r.record_id

-- name: list_counts
-- How the sender's last archive that was not rejected counted the rows of its files.
SELECT header ->> 'list_counts' FROM intake
WHERE provider_id = :provider AND status <> 'rejected' AND header ? 'list_counts'
ORDER BY taken_at DESC LIMIT 1

-- name: meter_readings
-- Meters with the readings in use since a day, in the order of days.
SELECT m.record_key, m.kind, m.digits, s.resource_kind, r.readings
FROM meter_now m
LEFT JOIN service_now s ON s.record_key = m.service
LEFT JOIN (
  SELECT meter, jsonb_agg(jsonb_build_array(record_key, taken_on, value_e3, zone) ORDER BY taken_on, record_id) AS readings
  FROM reading_now GROUP BY meter
) r ON r.meter = m.record_key
