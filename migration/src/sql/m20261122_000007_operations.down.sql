drop table public.audit_log, public.rate_limit_buckets, public.idempotency_keys, public.clerk_webhook_events,
    public.stripe_webhook_events;
