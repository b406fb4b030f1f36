-- Functions behind the names, operators and `row.f` of a statement that may do more than answer, of
-- those that PostgreSQL and extensions bring along: volatile ones, and those that run the SQL they
-- are given. Names before a bracket come as they are written and are folded by the server.
select distinct p.proname::text
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where (p.provolatile = 'v' and l.lanname in ('internal', 'c')
       or p.provolatile = 'v' and exists (
         select from pg_catalog.pg_depend d
         where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e')
       or p.proname ~ '^(crosstab|connectby|xpath_table)'
       or n.nspname = 'pg_catalog' and p.proname ~ '_to_xml')
  and (
    exists (
      select from unnest(%(schemas)s::text[], %(functions)s::text[]) as c (schema, name)
      where p.proname = (pg_catalog.parse_ident(c.name))[1]::name
        and n.nspname = coalesce((pg_catalog.parse_ident(c.schema))[1]::name, n.nspname))
    or p.pronargs = 1 and p.proname = any(%(dotted)s::name[]) and exists (
      select from pg_catalog.pg_type t where t.oid = p.proargtypes[0] and t.typtype in ('c', 'p'))
    or exists (
      select from pg_catalog.pg_operator o
      where o.oprcode = p.oid and o.oprname = any(%(operators)s::name[]))
  )
order by 1
