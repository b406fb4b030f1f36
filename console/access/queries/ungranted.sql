-- Functions, tables, sequences and schemas of a name on which a role lacks the privilege for using
-- them.
select p.oid::pg_catalog.regprocedure::text
from pg_catalog.pg_proc p
where %(kind)s = 'function' and p.proname = %(name)s
  and not pg_catalog.has_function_privilege(%(role)s::name, p.oid, 'EXECUTE')
union all
select c.oid::pg_catalog.regclass::text
from pg_catalog.pg_class c
where %(kind)s in ('table', 'view') and c.relname = %(name)s and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not pg_catalog.has_table_privilege(%(role)s::name, c.oid, 'SELECT')
union all
select c.oid::pg_catalog.regclass::text
from pg_catalog.pg_class c
where %(kind)s = 'sequence' and c.relname = %(name)s and c.relkind = 'S'
  and not pg_catalog.has_sequence_privilege(%(role)s::name, c.oid, 'USAGE')
union all
select pg_catalog.quote_ident(n.nspname)
from pg_catalog.pg_namespace n
where %(kind)s = 'schema' and n.nspname = %(name)s
  and not pg_catalog.has_schema_privilege(%(role)s::name, n.oid, 'USAGE')
