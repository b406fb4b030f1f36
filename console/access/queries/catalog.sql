-- What governs access to every relation for some roles, one JSON object each. With an empty
-- search path, so that deparsed expressions name everything in full.
select pg_catalog.jsonb_build_object(
  'identity', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
  'schema', n.nspname,
  'name', c.relname,
  'kind', c.relkind,
  'rls', c.relrowsecurity,
  'forced', c.relforcerowsecurity,
  'writable', case when c.relkind in ('v', 'm', 'f')
    then pg_catalog.pg_relation_is_updatable(c.oid, true) else -1 end,
  'login_filtered', pg_catalog.row_security_active(c.oid),
  'key', coalesce((
    select pg_catalog.jsonb_agg(a.attname order by u.place)
    from pg_catalog.pg_index i
    cross join lateral pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = u.attnum
    where i.indrelid = c.oid and i.indisprimary and u.place <= i.indnkeyatts
  ), '[]'),
  'estimate', case when c.reltuples >= 0 then pg_catalog.round(c.reltuples) end,
  'roles', (
    select pg_catalog.jsonb_object_agg(r.rolname, pg_catalog.jsonb_build_object(
      'usage', pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'),
      'free', r.rolsuper or r.rolbypassrls or not c.relrowsecurity
              or pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE') and not c.relforcerowsecurity,
      'select', pg_catalog.has_any_column_privilege(r.oid, c.oid, 'SELECT'),
      'insert', pg_catalog.has_any_column_privilege(r.oid, c.oid, 'INSERT'),
      'update', pg_catalog.has_any_column_privilege(r.oid, c.oid, 'UPDATE'),
      'delete', pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE')))
    from pg_catalog.pg_roles r where r.rolname = any(%(roles)s)
  ),
  'policies', coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', p.polname,
      'command', p.polcmd,
      'permissive', p.polpermissive,
      'roles', array(
        select r.rolname from pg_catalog.pg_roles r
        where r.rolname = any(%(roles)s) and (p.polroles = array[0]::oid[] or exists (
          select from pg_catalog.unnest(p.polroles) as u (role)
          where u.role <> 0 and pg_catalog.pg_has_role(r.oid, u.role, 'USAGE')))
      ),
      'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
      'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    ) order by p.polname)
    from pg_catalog.pg_policy p where p.polrelid = c.oid
  ), '[]')
)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and case when %(tables)s::text[] is null
        then n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
        else pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) = any(%(tables)s)
      end
order by n.nspname, c.relname
