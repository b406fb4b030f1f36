-- The bodies of the functions that the policies of a table call.
select distinct p.prosrc
from pg_catalog.pg_policy y
join pg_catalog.pg_class c on c.oid = y.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_depend d
  on d.classid = 'pg_policy'::regclass and d.objid = y.oid and d.refclassid = 'pg_proc'::regclass
join pg_catalog.pg_proc p on p.oid = d.refobjid
where n.nspname = %(schema)s and c.relname = %(name)s
