-- Takes set_config() from the request roles in this database, so that a statement that was tampered with cannot change
-- its own claims or role. The door calls it as the login, in the statement that sets both; from then on the session is
-- `authenticated` and may not. pg_catalog belongs to the superuser, so only a superuser can do this.
do $guard$
declare
    owner name := (select pg_get_userbyid(datdba) from pg_catalog.pg_database where datname = current_database());
begin
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        return;
    end if;
    if has_function_privilege('authenticated', 'pg_catalog.set_config(text, text, boolean)', 'execute') then
        revoke execute on function pg_catalog.set_config(text, text, boolean) from public;
        execute format(
            'grant execute on function pg_catalog.set_config(text, text, boolean) to waymark_request, waymark_service, service, %I',
            owner
        );
    end if;
end
$guard$;
