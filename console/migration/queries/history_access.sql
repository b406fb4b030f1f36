-- What stands where Supabase's CLI keeps its history, and what this role may do there.
select pg_catalog.jsonb_build_object(
  'schema', n.oid is not null,
  'table', c.oid is not null,
  'columns', coalesce((
    select pg_catalog.jsonb_agg(a.attname) from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]'),
  'may_create_schema',
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  'may_create_table', coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE, CREATE')
    and pg_catalog.has_schema_privilege(n.oid, 'CREATE'), false),
  'may_alter', coalesce(pg_catalog.pg_has_role(c.relowner, 'USAGE'), false),
  'may_read', coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    and pg_catalog.has_table_privilege(c.oid, 'SELECT'), false),
  'may_write', coalesce(pg_catalog.has_table_privilege(c.oid, 'INSERT')
    and pg_catalog.has_table_privilege(c.oid, 'UPDATE'), false)
)
from (select 'supabase_migrations'::pg_catalog.name as nspname) wanted
left join pg_catalog.pg_namespace n using (nspname)
left join pg_catalog.pg_class c
  on c.relnamespace = n.oid and c.relname = 'schema_migrations' and c.relkind in ('r', 'p')
