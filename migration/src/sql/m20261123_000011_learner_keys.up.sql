-- A learner's edits run as the learner, and their idempotency keys are stored in the same transaction: so a learner's
-- session may use the keys of its own, and only those. It plants answers for nobody else, and none that lasts.
create policy idempotency_keys_authenticated on public.idempotency_keys for all to authenticated
    using (user_id = (select app.current_user_id()))
    with check (user_id = (select app.current_user_id()) and expires_at <= now() + interval '2 days');
grant select on public.idempotency_keys to authenticated;
grant insert (id, user_id, key, route, request_hash, expires_at) on public.idempotency_keys to authenticated;
grant update (request_hash, response, expires_at) on public.idempotency_keys to authenticated;
