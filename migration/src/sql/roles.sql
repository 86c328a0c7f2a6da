-- Waymark's cluster-wide roles. Safe to run again, and from several databases at once: what is right already is not
-- touched, and losing a race to another session is answered by looking again.
-- Needs CREATEROLE (or a superuser). Logins get no password here: trust, peer, or the ALTER ROLE lines below.
do $roles$
declare
    wanted record;
    existing record;
begin
    for round in 1..40 loop
        begin
            for wanted in
                select * from (values
                    ('authenticated', false), ('anonymous', false), ('service', false),
                    ('waymark_request', true), ('waymark_service', true)
                ) as role (name, login)
            loop
                select * into existing from pg_catalog.pg_roles where rolname = wanted.name;
                if not found then
                    execute format(
                        'create role %I noinherit nocreatedb nocreaterole %s',
                        wanted.name, case when wanted.login then 'login' else 'nologin' end
                    );
                elsif existing.rolsuper or existing.rolbypassrls or existing.rolcreaterole
                    or existing.rolcreatedb or existing.rolreplication
                then
                    raise exception 'role "%" exists and is too mighty for Waymark', wanted.name
                        using hint = 'It must have none of SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB, REPLICATION.';
                elsif existing.rolinherit or existing.rolcanlogin <> wanted.login then
                    execute format(
                        'alter role %I noinherit %s',
                        wanted.name, case when wanted.login then 'login' else 'nologin' end
                    );
                end if;
            end loop;

            for wanted in
                select * from (values
                    ('authenticated', 'waymark_request'),
                    ('anonymous', 'waymark_request'),
                    ('service', 'waymark_service')
                ) as membership (role, login)
            loop
                if not exists (
                    select from pg_catalog.pg_auth_members m
                    where m.roleid = wanted.role::regrole and m.member = wanted.login::regrole
                ) then
                    execute format('grant %I to %I', wanted.role, wanted.login);
                end if;
            end loop;

            -- SET ROLE does not bring a role's settings along, so time-outs stand on the logins.
            for wanted in
                select * from (values
                    ('waymark_request', 'statement_timeout', '15s'),
                    ('waymark_request', 'lock_timeout', '5s'),
                    ('waymark_request', 'idle_in_transaction_session_timeout', '30s'),
                    ('waymark_service', 'statement_timeout', '30s'),
                    ('waymark_service', 'lock_timeout', '10s'),
                    ('waymark_service', 'idle_in_transaction_session_timeout', '30s')
                ) as setting (login, name, value)
            loop
                if not exists (
                    select from pg_catalog.pg_db_role_setting s
                    where s.setrole = wanted.login::regrole and s.setdatabase = 0
                      and exists (select from unnest(s.setconfig) c where c like wanted.name || '=%')
                ) then
                    execute format('alter role %I set %I = %L', wanted.login, wanted.name, wanted.value);
                end if;
            end loop;
            exit;
        exception
            -- Another database's migration was faster; internal_error is "tuple concurrently updated".
            when duplicate_object or unique_violation or internal_error then
                if round = 40 then
                    raise;
                end if;
                perform pg_catalog.pg_sleep(0.05);
        end;
    end loop;
end
$roles$;
