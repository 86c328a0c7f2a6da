revoke all on public.idempotency_keys from authenticated;
drop policy idempotency_keys_authenticated on public.idempotency_keys;
