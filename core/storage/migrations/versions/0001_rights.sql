-- The working role reads and adds; it changes only what is a state of work (outbox, slots, counters, derived balances, the job queue).
GRANT USAGE ON SCHEMA public TO erkc_app;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO erkc_app;
-- What only the owner writes: the revision, and the lawful removal of bytes.
REVOKE INSERT ON alembic_version, message_drop FROM erkc_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO erkc_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO erkc_app;
GRANT UPDATE ON bill_counter, exchange, exchange_item, schedule_slot TO erkc_app;
GRANT UPDATE, DELETE ON balance TO erkc_app;
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'procrastinate%' LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO erkc_app', item.tablename);
  END LOOP;
  -- Row-level security: a session sees the provider it names; '*' is the centre. Unset: nothing.
  -- CASE rather than OR: of an OR of comparisons the planner believes that 1 row in 200 passes, and then nests loops over whole tables.
  FOR item IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'provider_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  LOOP
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', item.relname);
    EXECUTE format($p$CREATE POLICY %I ON public.%I
      USING (CASE WHEN (SELECT current_setting('erkc.provider', true)) = '*' THEN true
                  ELSE provider_id::text = (SELECT current_setting('erkc.provider', true)) END)$p$,
      item.relname || '_of_provider', item.relname);
  END LOOP;
  -- Bytes belong to whoever owns the message.
  ALTER TABLE message_chunk ENABLE ROW LEVEL SECURITY;
  CREATE POLICY message_chunk_of_provider ON message_chunk
    USING ((SELECT current_setting('erkc.provider', true)) = '*' OR EXISTS (SELECT 1 FROM message m WHERE m.message_id = message_chunk.message_id));
END $$;
