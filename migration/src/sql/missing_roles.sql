-- What of roles.sql is not there yet; no row means that nothing has to be done.
select item from (
    select r.name as item
    from (values
        ('authenticated', false), ('anonymous', false), ('service', false),
        ('waymark_request', true), ('waymark_service', true)
    ) as r (name, login)
    where not exists (
        select from pg_catalog.pg_roles p
        where p.rolname = r.name and p.rolcanlogin = r.login
          and not (p.rolinherit or p.rolsuper or p.rolbypassrls or p.rolcreaterole or p.rolcreatedb or p.rolreplication)
    )
    union all
    select m.role || ' to ' || m.login
    from (values
        ('authenticated', 'waymark_request'), ('anonymous', 'waymark_request'), ('service', 'waymark_service')
    ) as m (role, login)
    where not exists (
        select from pg_catalog.pg_auth_members a
        where a.roleid = to_regrole(m.role) and a.member = to_regrole(m.login)
    )
    union all
    select 'statement_timeout of ' || l.login
    from (values ('waymark_request'), ('waymark_service')) as l (login)
    where not exists (
        select from pg_catalog.pg_db_role_setting s
        where s.setrole = to_regrole(l.login) and s.setdatabase = 0
          and exists (select from unnest(s.setconfig) c where c like 'statement_timeout=%')
    )
) as missing
