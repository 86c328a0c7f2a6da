-- Schemas, the vocabulary, and who is asking. Roles are made before (roles.sql), because they belong to the cluster.
create schema if not exists app;

revoke all on schema public from public;
revoke all on schema app from public;
-- The logins see the schemas and nothing in them: RESET ROLE leads nowhere. `anonymous` gets nothing at all.
grant usage on schema public, app to authenticated, service, waymark_request, waymark_service;
alter default privileges revoke execute on functions from public;
alter default privileges revoke usage on types from public;

create type public.skill_level as enum ('beginner', 'intermediate', 'advanced');
create type public.learning_style as enum ('reading', 'video', 'practice', 'mixed');
create type public.resource_type as enum ('youtube', 'article', 'course', 'doc', 'other');
create type public.progress_status as enum ('not_started', 'in_progress', 'completed');
create type public.generation_status as enum ('generating', 'ready', 'failed');
create type public.job_status as enum ('pending', 'processing', 'completed', 'failed');
create type public.job_type as enum ('plan_generation', 'plan_regeneration');
create type public.subscription_tier as enum ('free', 'starter', 'pro');
create type public.subscription_status as enum ('active', 'canceled', 'past_due', 'trialing');
create type public.integration_provider as enum ('notion', 'google_calendar');
create type public.plan_origin as enum ('ai', 'template', 'manual');

-- A custom setting reads '' in a session that has used it once, and 'null' when a client sent no claims.
create function app.claims() returns jsonb
language sql stable parallel safe
return nullif(nullif(pg_catalog.current_setting('request.jwt.claims', true), ''), 'null')::jsonb;

create function app.claimed_user_id() returns uuid
language sql stable parallel safe
return (app.claims() ->> 'uid')::uuid;

-- The subject counts only while the internal id is unknown.
create function app.claimed_subject() returns text
language sql stable parallel safe
return case when app.claims() ->> 'uid' is null then app.claims() ->> 'sub' end;

-- Runs with the caller's rights: the lookup by subject goes through the policy on `users`, which is why that policy
-- reads the claims itself (calling this function there would never end). So nothing here is SECURITY DEFINER, and no
-- owner needs to see past FORCE ROW LEVEL SECURITY. Without claims, or with an unknown subject: null, hence no rows.
create function app.current_user_id() returns uuid
language plpgsql stable parallel safe
set search_path = pg_catalog, public, pg_temp
as $function$
declare
    uid uuid := app.claimed_user_id();
begin
    if uid is not null then
        return uid;
    end if;
    return (select u.id from public.users u where u.clerk_user_id = app.claimed_subject());
end
$function$;

revoke all on function app.claims(), app.claimed_user_id(), app.claimed_subject(), app.current_user_id() from public;
grant execute on function app.claims(), app.claimed_user_id(), app.claimed_subject(), app.current_user_id() to authenticated;
revoke all on type public.skill_level, public.learning_style, public.resource_type, public.progress_status,
    public.generation_status, public.job_status, public.job_type, public.subscription_tier,
    public.subscription_status, public.integration_provider, public.plan_origin from public;
