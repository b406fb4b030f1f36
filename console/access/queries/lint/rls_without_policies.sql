-- Tables with row-level security that nobody has a policy for.
select pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       case when held.roles is null then 'nobody but the owner sees a row'
            else held.roles || ' hold privileges on it and see no row' end,
       case when held.roles is null then 'info' else 'warning' end,
       case when held.roles is null then ''
            else pg_catalog.format('revoke all on %%I.%%I from %%s;', n.nspname, c.relname, held.roles) end
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
  select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) as roles
  from pg_catalog.pg_roles r
  where r.rolname = any(%(api)s)
    and (pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE')
         or pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE'))
) as held
where c.relkind in ('r', 'p') and c.relrowsecurity
  and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
  and not exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid)
order by 1
