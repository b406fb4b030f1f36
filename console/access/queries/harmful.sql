-- What an expression somebody typed may not call or read: volatile functions that no policy calls
-- yet, functions that run the SQL they are given or take a transaction id, operators of such, views
-- (which may call anything).
select 'function', p.oid::regprocedure::text, case when p.provolatile = 'v' then 'volatile' else 'acts' end
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where (p.provolatile = 'v'
       or p.proname ~ '^(crosstab|connectby|xpath_table|txid_current|pg_current_xact_id)')
  and (
    exists (
      select from unnest(%(schemas)s::text[], %(functions)s::text[]) as c (schema, name)
      where c.name = p.proname and n.nspname = coalesce(c.schema, n.nspname))
    or p.pronargs = 1 and p.proname = any(%(dotted)s::text[]) and exists (
      select from pg_catalog.pg_type t where t.oid = p.proargtypes[0] and t.typtype in ('c', 'p'))
    or exists (
      select from pg_catalog.pg_operator o
      where o.oprcode = p.oid and o.oprname = any(%(operators)s::text[]))
  )
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid)
union all
select 'view', pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), 'view'
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm', 'f') and c.relname = any(%(names)s::text[])
  and n.nspname not in ('pg_catalog', 'information_schema')
order by 1, 2
