-- The biggest tables with their indexes and what they keep out of line.
select n.nspname::text as schema,
       c.relname::text as name,
       nullif(c.reltuples, -1)::bigint as rows_estimate,
       s.heap as table_bytes,
       s.indexes as index_bytes,
       s.total as total_bytes
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
  select pg_table_size(c.oid) as heap, pg_indexes_size(c.oid) as indexes, pg_total_relation_size(c.oid) as total
) as s
where c.relkind in ('r', 'm') and c.relpersistence <> 't' and n.nspname !~ '^pg_|^information_schema$'
order by s.total desc, 1, 2
limit 50
