//! A database's schema and rights as lines of text, read from the catalogue: what a dump would say, without a dump's
//! program. For the snapshot of the grants and for comparing schemas before and after migrating.

use crate::tenancy::session::connect;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Who may do what: tables, columns, functions, types, schemas, the database, and what later objects will get. What an
/// owner may do with an object of theirs is left out; `PUBLIC` is not.
const RIGHTS: &str = r#"
with acl (kind, object, owner, entries) as (
  select 'table', relname, relowner, relacl from pg_class
   where relnamespace in (select oid from pg_namespace where nspname in ('public', 'app')) and relkind in ('r', 'p', 'v', 'm', 'S')
  union all
  select 'column', relname || '.' || attname, relowner, attacl from pg_attribute a join pg_class c on c.oid = attrelid
   where relnamespace in (select oid from pg_namespace where nspname in ('public', 'app')) and attnum > 0 and not attisdropped
  union all
  select 'function', oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner)) from pg_proc
   where pronamespace in (select oid from pg_namespace where nspname in ('public', 'app')) or proname = 'set_config'
  union all
  select 'type', typname, typowner, coalesce(typacl, acldefault('T', typowner)) from pg_type
   where typnamespace in (select oid from pg_namespace where nspname in ('public', 'app')) and typtype = 'e'
  union all
  select 'schema', nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner)) from pg_namespace
   where nspname in ('public', 'app')
  union all
  select 'database', 'this', datdba, coalesce(datacl, acldefault('d', datdba)) from pg_database
   where datname = current_database()
  union all
  select 'default', case defaclobjtype when 'f' then 'functions' when 'T' then 'types' else defaclobjtype::text end,
         defaclrole, defaclacl from pg_default_acl
), granted as (
  select kind, object, case grantee when 0 then 'PUBLIC' else grantee::regrole::text end as grantee,
         privilege_type || case when is_grantable then ' with grant option' else '' end as privilege
    from acl, aclexplode(entries) where grantee <> owner
), listed as (
  -- Columns of one table that have the same right stand on one line.
  select case when kind = 'column' then 'columns of ' || split_part(object, '.', 1) else kind || ' ' || object end as what,
         grantee, privilege, case when kind = 'column' then split_part(object, '.', 2) end as column_name
    from granted
)
select what || ': ' || grantee || ' ' || string_agg(privilege, ', ' order by privilege) as line
  from listed where column_name is null group by what, grantee
union all
select what || ': ' || grantee || ' ' || privilege || ' (' || string_agg(column_name, ', ' order by column_name collate "C") || ')'
  from listed where column_name is not null group by what, grantee, privilege"#;

/// The policies: whom they are for and what they compare.
const POLICIES: &str = "
select 'policy ' || policyname || ' on ' || tablename || ' for ' || cmd || ' to ' || array_to_string(roles, ', ')
       || ' using ' || regexp_replace(coalesce(qual, '-'), '\\s+', ' ', 'g')
       || ' check ' || regexp_replace(coalesce(with_check, '-'), '\\s+', ' ', 'g') as line
  from pg_policies where schemaname in ('public', 'app')";

/// Waymark's five roles. A membership that another test gave to a login of its own is not theirs.
const ROLES: &str = "
with ours (name) as (
  values ('authenticated'), ('anonymous'), ('service'), ('waymark_request'), ('waymark_service')
)
select 'role ' || rolname || ': ' || concat_ws(', ',
         case when rolcanlogin then 'login' else 'nologin' end,
         case when rolinherit then 'INHERIT' else 'noinherit' end,
         case when rolsuper then 'SUPERUSER' end, case when rolbypassrls then 'BYPASSRLS' end,
         case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end,
         case when rolreplication then 'REPLICATION' end, array_to_string(rolconfig, ', ')) as line
  from pg_roles join ours on rolname = name
union all
select 'role ' || member::regrole || ': member of ' || roleid::regrole
  from pg_auth_members join ours on member = to_regrole(name)";

/// Everything else that a migration makes: columns, constraints, indexes, functions, enums, options of tables.
const OBJECTS: &str = "
with tables as (
  select * from pg_class where relnamespace in (select oid from pg_namespace where nspname in ('public', 'app')) and relkind in ('r', 'p')
)
select 'table ' || relname || ' ' || relpersistence::text || ' ' || relrowsecurity || ' ' || relforcerowsecurity || ' '
       || coalesce(array_to_string(reloptions, ','), '') as line from tables
union all
select 'column ' || relname || '.' || attname || ' ' || row_number() over (partition by attrelid order by attnum) || ' ' || format_type(atttypid, atttypmod) || ' '
       || attnotnull || ' ' || coalesce(pg_get_expr(adbin, adrelid), '') || ' ' || coalesce(attoptions::text, '')
  from pg_attribute a join tables t on t.oid = attrelid left join pg_attrdef d on adrelid = attrelid and adnum = attnum
 where attnum > 0 and not attisdropped
union all
select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(c.oid)
  from pg_constraint c join tables t on t.oid = conrelid
union all
select 'index ' || pg_get_indexdef(indexrelid) from pg_index join tables t on t.oid = indrelid
union all
select 'function ' || pg_get_functiondef(oid) from pg_proc
 where pronamespace in (select oid from pg_namespace where nspname in ('public', 'app'))
union all
select 'enum ' || t.typname || ' ' || e.enumlabel || ' ' || e.enumsortorder
  from pg_enum e join pg_type t on t.oid = enumtypid
union all
select concat_ws(' ', 'sequence', schemaname, sequencename, data_type, start_value, increment_by, cycle, cache_size) from pg_sequences
union all
select 'schema ' || nspname || ' of ' || nspowner::regrole from pg_namespace where nspname !~ '^pg_'
union all
select 'trigger ' || tgname from pg_trigger where not tgisinternal
union all
select 'extension ' || extname from pg_extension";

/// Rights and policies of a database, and the roles of its cluster.
pub async fn rights(url: &str) -> Vec<String> {
    lines(url, &[ROLES, RIGHTS, POLICIES]).await
}

/// All that a migration leaves behind.
pub async fn schema(url: &str) -> Vec<String> {
    lines(url, &[OBJECTS, RIGHTS, POLICIES]).await
}

async fn lines(url: &str, queries: &[&str]) -> Vec<String> {
    let connection = connect(url).await;
    let mut all = Vec::new();
    for sql in queries {
        let rows =
            connection.query_all_raw(Statement::from_string(DbBackend::Postgres, *sql)).await.expect("the catalogue");
        let mut lines: Vec<String> = rows.iter().map(|row| row.try_get("", "line").expect("a line")).collect();
        // Here and not there: the database's order depends on its locale.
        lines.sort();
        all.append(&mut lines);
    }
    connection.close().await.expect("the connection closes");
    all
}
