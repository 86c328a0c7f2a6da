-- For `fresh`: empties the database whatever state it is in. Extensions and what belongs to them stay.
do $drop$
declare
    item record;
begin
    for item in
        select c.oid::regclass as name
        from pg_catalog.pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
    loop
        execute format('drop table if exists %s cascade', item.name);
    end loop;
    for item in
        select c.oid::regclass as name
        from pg_catalog.pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
          and not exists (select from pg_catalog.pg_depend d where d.objid = c.oid and d.deptype = 'e')
    loop
        execute format('drop sequence if exists %s cascade', item.name);
    end loop;
    for item in
        select t.oid::regtype as name
        from pg_catalog.pg_type t
        where t.typnamespace = 'public'::regnamespace and t.typtype = 'e'
          and not exists (select from pg_catalog.pg_depend d where d.objid = t.oid and d.deptype = 'e')
    loop
        execute format('drop type if exists %s cascade', item.name);
    end loop;
    drop schema if exists app cascade;
    create schema app;
end
$drop$;
