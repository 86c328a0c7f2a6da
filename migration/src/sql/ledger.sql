-- `service` may ask whether the schema is current; nobody else reads the ledger of migrations.
do $ledger$
begin
    if not (select relrowsecurity from pg_catalog.pg_class where oid = 'app.seaql_migrations'::regclass) then
        revoke all on app.seaql_migrations from public;
        alter table app.seaql_migrations enable row level security;
        create policy seaql_migrations_service on app.seaql_migrations for select to service using (true);
        grant select on app.seaql_migrations to service;
    end if;
end
$ledger$;
