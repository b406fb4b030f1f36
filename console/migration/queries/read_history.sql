-- Through jsonb, because older CLIs made the table without name and statements, and hosted
-- projects have more columns.
select h.version,
       pg_catalog.to_jsonb(h) ->> 'name',
       pg_catalog.jsonb_array_length(nullif(pg_catalog.to_jsonb(h) -> 'statements', 'null'))
from supabase_migrations.schema_migrations h
order by h.version collate "C"
