-- Gives the database back as it was before the first `up`. The roles stay: other databases may use them.
do $undo$
begin
    execute format('revoke all on database %I from waymark_request, waymark_service', current_database());
    execute format('grant connect, temporary on database %I to public', current_database());
    if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        revoke execute on function pg_catalog.set_config(text, text, boolean) from waymark_request, waymark_service, service;
        grant execute on function pg_catalog.set_config(text, text, boolean) to public;
    end if;
    drop schema if exists app cascade;
end
$undo$;
