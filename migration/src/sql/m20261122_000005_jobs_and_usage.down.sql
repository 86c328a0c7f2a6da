drop table public.ai_usage_events, public.usage_reservations, public.usage_metrics, public.job_queue;
