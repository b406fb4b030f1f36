-- Every policy outside the platform's schemas, one JSON object each. With an empty search path, so
-- that deparsed expressions name everything in full.
select pg_catalog.jsonb_build_object(
  'table', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
  'name', p.polname,
  'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                           when 'd' then 'delete' else 'all' end,
  'permissive', p.polpermissive,
  'roles', array(
    select case when u.role = 0 then 'public' else r.rolname::text end
    from pg_catalog.unnest(p.polroles) with ordinality as u (role, place)
    left join pg_catalog.pg_roles r on r.oid = u.role
    order by u.place
  ),
  'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
  'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
  'asked', c.relrowsecurity
)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname <> all(%(platform)s)
order by n.nspname, c.relname, p.polname
