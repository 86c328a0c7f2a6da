drop function app.current_user_id(), app.claimed_subject(), app.claimed_user_id(), app.claims();
drop type public.skill_level, public.learning_style, public.resource_type, public.progress_status,
    public.generation_status, public.job_status, public.job_type, public.subscription_tier,
    public.subscription_status, public.integration_provider, public.plan_origin;
alter default privileges grant usage on types to public;
alter default privileges grant execute on functions to public;
revoke usage on schema public, app from authenticated, service, waymark_request, waymark_service;
grant usage on schema public to public;
-- The schema `app` stays while the ledger of migrations is in it.
