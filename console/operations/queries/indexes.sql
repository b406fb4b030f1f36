-- Indexes nobody has used since statistics began, and those that are not valid. One that is being
-- built right now is not valid either.
select n.nspname::text as schema,
       t.relname::text as table_name,
       c.relname::text as name,
       s.idx_scan as scans,
       s.idx_tup_read as read,
       s.idx_tup_fetch as fetched,
       pg_relation_size(c.oid) as bytes,
       i.indisunique as is_unique,
       i.indisvalid and i.indisready as valid,
       exists (
         select from pg_stat_progress_create_index as p
         where p.index_relid = c.oid and p.datname = current_database()
       ) as building
from pg_index as i
join pg_class as c on c.oid = i.indexrelid and c.relkind = 'i' and c.relpersistence <> 't'
join pg_class as t on t.oid = i.indrelid
join pg_namespace as n on n.oid = t.relnamespace and n.nspname !~ '^pg_|^information_schema$'
left join pg_stat_user_indexes as s on s.indexrelid = c.oid
where not (i.indisvalid and i.indisready) or coalesce(s.idx_scan, 0) = 0
order by i.indisvalid and i.indisready, 7 desc, 1, 3
limit 1000
