-- Exact sizes in bytes, over all partitions, and what vacuum and analyze last did.
with recursive part as (
  select c.oid, c.relkind
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {name}
  union all
  select c.oid, c.relkind
  from part p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  where p.relkind = 'p'
)
select pg_catalog.sum(pg_catalog.pg_relation_size(c.oid))::int8,
       pg_catalog.sum(pg_catalog.pg_indexes_size(c.oid))::int8,
       pg_catalog.sum(case when c.reltoastrelid <> 0
         then pg_catalog.pg_total_relation_size(c.reltoastrelid) else 0 end)::int8,
       pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid))::int8,
       pg_catalog.sum(pg_catalog.pg_stat_get_live_tuples(c.oid))::int8,
       pg_catalog.sum(pg_catalog.pg_stat_get_dead_tuples(c.oid))::int8,
       pg_catalog.max(greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
         pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))),
       pg_catalog.max(greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
         pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))),
       pg_catalog.count(*) filter (where c.relkind in ('r', 'm'))
from part p
join pg_catalog.pg_class c on c.oid = p.oid
where c.relkind in ('r', 'm', 'p')
