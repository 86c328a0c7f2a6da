-- Grants of the database itself. CREATE DATABASE .. TEMPLATE and a restored dump do not bring them along, therefore
-- they are checked at each `up` and are no migration. Needs the database's owner.
do $database$
begin
    if not (
        select pg_has_role(current_user, datdba, 'USAGE') from pg_catalog.pg_database where datname = current_database()
    ) then
        raise insufficient_privilege using
            message = format('database "%s" does not belong to the migrating login "%s"', current_database(), current_user),
            hint = 'Migrate as the owner: alter database .. owner to ..';
    end if;
    if has_database_privilege('public', current_database(), 'CONNECT, TEMPORARY, CREATE')
        or not has_database_privilege('waymark_request', current_database(), 'CONNECT')
        or not has_database_privilege('waymark_service', current_database(), 'CONNECT')
    then
        execute format('revoke all on database %I from public', current_database());
        execute format('grant connect on database %I to waymark_request, waymark_service', current_database());
    end if;
    -- The migrations' own ledger lives beside the functions, out of the application's schema.
    create schema if not exists app;
end
$database$;
