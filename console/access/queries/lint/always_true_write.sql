-- Permissive policies that let anybody they are for write any row.
select pg_catalog.format('%%I on %%I.%%I', p.polname, n.nspname, c.relname),
       pg_catalog.format('%%s may write any row%%s', to_.roles,
         case when p.polwithcheck is not null and own.expr <> 'true' then ', whatever is in it' else '' end),
       'error',
       pg_catalog.format('alter policy %%I on %%I.%%I%%s%%s;', p.polname, n.nspname, c.relname,
         case when p.polqual is not null then ' using (' || whose.rows || ')' else '' end,
         case when p.polcmd in ('a', 'w', '*') then ' with check (' || whose.rows || ')' else '' end)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (select pg_catalog.pg_get_expr(p.polqual, p.polrelid) as expr,
                           pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as check) as own
cross join lateral (
  select pg_catalog.string_agg(case when u.role = 0 then 'everybody' else r.rolname::text end, ', ') as roles
  from pg_catalog.unnest(p.polroles) as u (role)
  left join pg_catalog.pg_roles r on r.oid = u.role
  where u.role = 0 or not (r.rolbypassrls or r.rolsuper or r.rolname = 'service_role')
) as to_
cross join lateral (
  select coalesce((
    select pg_catalog.format('%%I = (select auth.uid())', a.attname)
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and not a.attisdropped and a.attname in ('userId', 'user_id', 'owner_id', 'owner')
    order by a.attnum limit 1), 'false') as rows
) as whose
where p.polpermissive and p.polcmd <> 'r' and to_.roles is not null
  and 'true' in (own.expr, own.check)
  and n.nspname <> all(%(platform)s)
order by 1
