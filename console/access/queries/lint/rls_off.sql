-- Tables that a request can reach, without row-level security.
select pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       case when held.roles is null then 'nobody of the API holds a privilege on it yet'
            else held.roles || ' may see and change whatever their privileges allow' end,
       case when held.roles is null then 'warning' else 'error' end,
       pg_catalog.format('alter table %%I.%%I enable row level security;', n.nspname, c.relname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select pg_catalog.string_agg(r.rolname, ', ' order by r.rolname) as roles
  from pg_catalog.pg_roles r
  where r.rolname = any(%(api)s) and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
    and (pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE')
         or pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE'))
) as held
where c.relkind in ('r', 'p') and not c.relrowsecurity
  and (n.nspname = 'public' or held.roles is not null)
  and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1
