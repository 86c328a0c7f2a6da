//! Rules that every table, index and function keeps, read from the catalogue: a new table that forgets one fails here.

use crate::tenancy::stage::texts;
use tokio::sync::OnceCell;
use waymark_testkit::database::TestDb;

/// Asserts that a query for offenders finds none. The rules only read, so they share a database.
async fn no_offender(sql: &str) {
    static SCHEMA: OnceCell<TestDb> = OnceCell::const_new();
    let found = texts(SCHEMA.get_or_init(TestDb::new).await, sql).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// One test for each rule: its name and the query for what breaks it.
macro_rules! rules {
    ($($name:ident: $offenders:expr;)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                no_offender($offenders).await;
            }
        )+

        const RULES: &[(&str, &str)] = &[$((stringify!($name), $offenders)),+];
    };
}

rules! {
    every_table_has_row_level_security_enabled_and_forced:
        "select oid::regclass::text from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
            and not (relrowsecurity and relforcerowsecurity)";
    every_table_has_a_policy_for_service:
        "select oid::regclass::text from pg_class c where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
            and not exists (select from pg_policy where polrelid = c.oid and polroles = array['service'::regrole::oid])";
    every_policy_names_its_role:
        "select tablename || '.' || policyname from pg_policies where 'public' = any(roles)";
    every_policy_is_for_one_role_that_is_not_anonymous:
        "select tablename || '.' || policyname from pg_policies
          where schemaname = 'public' and roles not in ('{authenticated}', '{service}')";
    every_table_has_one_policy_for_a_role:
        "select tablename || ' ' || roles::text from pg_policies group by tablename, roles having count(*) > 1";
    every_policy_of_a_learner_asks_once_per_statement_who_it_is:
        r"select tablename || ': ' || coalesce(qual, '') || coalesce(with_check, '') from pg_policies
           where roles = '{authenticated}' and tablename <> 'resources'
             and (qual !~ '\( SELECT app\.(current_user_id|claimed_user_id)\(\)' or qual ~ '(?<!SELECT )app\.'
                  or with_check !~ '\( SELECT app\.(current_user_id|claimed_user_id)\(\)' or with_check ~ '(?<!SELECT )app\.')";
    every_policy_that_lets_write_checks_what_is_written:
        "select tablename || '.' || policyname from pg_policies where cmd <> 'SELECT' and with_check is null";
    every_readable_tenant_table_compares_its_owner:
        "select attrelid::regclass::text from pg_attribute
          where attname = 'user_id' and attrelid in (select oid from pg_class where relkind = 'r')
            and has_any_column_privilege('authenticated', attrelid, 'select')
            and not exists (select from pg_policies where tablename = attrelid::regclass::text
                               and roles = '{authenticated}' and qual like '(user_id = ( SELECT app.current_user_id()%')";
    every_owner_column_is_filled:
        "select attrelid::regclass::text from pg_attribute join pg_class c on c.oid = attrelid
          where attname = 'user_id' and not attnotnull and relkind = 'r' and relnamespace = 'public'::regnamespace
            -- The server's own work, and what was done to somebody who is not there any more, have no owner.
            and c.oid not in ('job_queue'::regclass, 'audit_log'::regclass)";
    every_foreign_key_leads_an_index:
        "select conrelid::regclass || '.' || conname from pg_constraint c
          where contype = 'f' and not exists (
              select from pg_index i where i.indrelid = c.conrelid and i.indpred is null
                 and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)";
    every_owner_column_leads_an_index:
        "select a.attrelid::regclass::text from pg_attribute a join pg_class k on k.oid = a.attrelid and relkind = 'r'
          where relnamespace = 'public'::regnamespace and attname = 'user_id'
            and not exists (select from pg_index i where i.indrelid = a.attrelid and i.indkey[0] = a.attnum and i.indpred is null)";
    every_child_refers_to_its_parent_together_with_the_owner:
        "select conrelid::regclass || '.' || conname from pg_constraint
          where contype = 'f' and confrelid <> 'users'::regclass
            and exists (select from pg_attribute where attrelid = conrelid and attname = 'user_id')
            and exists (select from pg_attribute where attrelid = confrelid and attname = 'user_id')
            and not exists (select from pg_attribute where attrelid = conrelid and attname = 'user_id' and attnum = any(conkey))";
    every_tenant_table_leads_to_a_user:
        "select a.attrelid::regclass::text from pg_attribute a join pg_class k on k.oid = a.attrelid and relkind = 'r'
          where relnamespace = 'public'::regnamespace and attname = 'user_id'
            and not exists (select from pg_constraint where contype = 'f' and conrelid = a.attrelid and a.attnum = any(conkey))";
    every_constraint_is_named_after_its_table_and_columns:
        "select conrelid::regclass || '.' || conname from pg_constraint c
          where connamespace = 'public'::regnamespace and conrelid <> 0 and contype <> 'n'
            and conname <> left(case contype
                when 'p' then conrelid::regclass || '_pkey'
                when 'c' then substring(conname from '^' || conrelid::regclass || '_.+_check$')
                else conrelid::regclass || '_' || (
                    select string_agg(attname, '_' order by ordinality) from unnest(conkey) with ordinality k (attnum, ordinality)
                      join pg_attribute a on a.attrelid = conrelid and a.attnum = k.attnum)
                    || case contype when 'f' then '_fkey' else '_key' end
                end, 63)
             is not false";
    every_index_is_named_after_its_table_and_columns:
        "select c.relname from pg_index i join pg_class c on c.oid = indexrelid
          where c.relnamespace = 'public'::regnamespace
            and not exists (select from pg_constraint where conindid = indexrelid)
            and c.relname <> left(indrelid::regclass || '_' || (
                    select string_agg(attname, '_' order by ordinality)
                      from unnest((indkey::int2[])[0:indnkeyatts - 1]) with ordinality k (attnum, ordinality)
                      join pg_attribute a on a.attrelid = indrelid and a.attnum = k.attnum)
                    || case when indisunique then '_key' else '_idx' end, 63)";
    nothing_is_granted_to_public:
        "select oid::regclass::text from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace)
            and exists (select from aclexplode(relacl) where grantee = 0)
         union all
         select attrelid::regclass || '.' || attname from pg_attribute where exists (select from aclexplode(attacl) where grantee = 0)
            and attrelid in (select oid from pg_class where relnamespace in ('public'::regnamespace, 'app'::regnamespace))
         union all
         select oid::regtype::text from pg_type where typtype = 'e'
            and exists (select from aclexplode(coalesce(typacl, acldefault('T', typowner))) where grantee = 0)
         union all
         select nspname from pg_namespace where nspname in ('public', 'app')
            and exists (select from aclexplode(coalesce(nspacl, acldefault('n', nspowner))) where grantee = 0)
         union all
         select datname from pg_database where datname = current_database()
            and exists (select from aclexplode(coalesce(datacl, acldefault('d', datdba))) where grantee = 0)";
    no_function_is_executable_by_public:
        "select oid::regprocedure::text from pg_proc where pronamespace in ('public'::regnamespace, 'app'::regnamespace)
            and exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0)";
    no_function_runs_with_its_owners_rights:
        "select oid::regprocedure::text from pg_proc where prosecdef and pronamespace in ('public'::regnamespace, 'app'::regnamespace)";
    no_role_of_the_application_owns_anything:
        "select classid::regclass || ' ' || objid from pg_shdepend
          where deptype = 'o' and dbid in (0, (select oid from pg_database where datname = current_database()))
            and refobjid in ('authenticated'::regrole, 'anonymous'::regrole, 'service'::regrole,
                                               'waymark_request'::regrole, 'waymark_service'::regrole)";
    nothing_stands_outside_the_tables_of_the_application:
        "select oid::regclass::text from pg_class where relkind in ('v', 'm', 'S', 'f')
            and relnamespace in ('public'::regnamespace, 'app'::regnamespace) and relname <> 'subscription_snapshots'
         union all
         select oid::regclass::text from pg_class where relkind in ('r', 'p') and relnamespace = 'app'::regnamespace
            and relname <> 'seaql_migrations'";
    anonymous_has_no_right_at_all:
        "select refclassid::regclass || ' ' || objid from pg_shdepend
          where refobjid = 'anonymous'::regrole and dbid in (0, (select oid from pg_database where datname = current_database()))";
}

/// Everything that can be forgotten or done wrong in a migration, at once.
const FORGETFUL: &str = "
create table public.parents (id uuid primary key, user_id uuid not null, unique (id, user_id));
create table public.careless (id uuid primary key, user_id uuid, parent_id uuid constraint parent references public.parents (id));
create index on public.parents (id, user_id) where user_id is null;
create index odd on public.careless (id);
create policy open on public.careless for all using (true);
create policy one on public.careless to authenticated using (user_id = app.current_user_id());
create policy two on public.careless to authenticated using (true);
create view public.window as select * from public.users;
create function public.helper() returns int language sql security definer as 'select 1';
grant execute on function public.helper() to public;
grant select on public.careless to public;
grant select on public.parents to authenticated, anonymous;
alter table public.parents owner to waymark_request;";

/// Breaks nothing of the above.
const KEPT: [&str; 0] = [];

#[tokio::test]
async fn each_rule_finds_what_breaks_it() {
    let db = TestDb::new().await;
    db.run(FORGETFUL).await;
    let mut kept = Vec::new();
    for (name, offenders) in RULES {
        if texts(&db, offenders).await.is_empty() {
            kept.push(*name);
        }
    }
    assert_eq!(kept, KEPT);
}
