-- What decides about access to every relation for some roles, one JSON object each: nothing that
-- differs between two databases that decide the same, as oids, owners' names or policies' names.
select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
  case when not c.relrowsecurity then 'off' when c.relforcerowsecurity then 'forced' else 'on' end,
  pg_catalog.jsonb_build_object(
    'privileges', (
      select pg_catalog.jsonb_object_agg(r.rolname, pg_catalog.jsonb_build_object(
        'usage', pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE'),
        'bypass', r.rolsuper or r.rolbypassrls,
        'owns', pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE'),
        'delete', pg_catalog.has_table_privilege(r.oid, c.oid, 'DELETE'),
        'truncate', pg_catalog.has_table_privilege(r.oid, c.oid, 'TRUNCATE'),
        'columns', (
          select pg_catalog.jsonb_object_agg(g.privilege,
            case when pg_catalog.has_table_privilege(r.oid, c.oid, g.privilege) then 'true'::jsonb
              else (
                select pg_catalog.jsonb_agg(a.attname order by a.attname)
                from pg_catalog.pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                  and pg_catalog.has_column_privilege(r.oid, c.oid, a.attnum, g.privilege))
            end)
          from (values ('SELECT'), ('INSERT'), ('UPDATE')) as g (privilege))))
      from pg_catalog.pg_roles r where r.rolname = any(%(roles)s)),
    'policies', (
      select pg_catalog.jsonb_agg(said.policy order by said.policy::text collate "C")
      from pg_catalog.pg_policy p
      cross join lateral (
        select pg_catalog.jsonb_agg(r.rolname order by r.rolname) as roles
        from pg_catalog.pg_roles r
        where r.rolname = any(%(roles)s) and (p.polroles = array[0]::oid[] or exists (
          select from pg_catalog.unnest(p.polroles) as u (role)
          where u.role <> 0 and pg_catalog.pg_has_role(r.oid, u.role, 'USAGE')))
      ) as bound
      cross join lateral (
        select pg_catalog.jsonb_build_object(
          'command', p.polcmd,
          'permissive', p.polpermissive,
          'roles', bound.roles,
          'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
          'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
          'functions', (
            select pg_catalog.jsonb_agg(
              pg_catalog.pg_get_functiondef(f.oid)
              order by pg_catalog.pg_get_functiondef(f.oid) collate "C")
            from pg_catalog.pg_proc f
            join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
            where f.prokind <> 'a' and fn.nspname <> all(%(platform)s) and f.oid in (
              select d.refobjid from pg_catalog.pg_depend d
              where d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
                and d.refclassid = 'pg_catalog.pg_proc'::regclass))) as policy
      ) as said
      where p.polrelid = c.oid and bound.roles is not null),
    'definition', case when c.relkind in ('v', 'm') then pg_catalog.jsonb_build_object(
      'query', pg_catalog.pg_get_viewdef(c.oid), 'options', c.reloptions) end)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
order by n.nspname, c.relname
