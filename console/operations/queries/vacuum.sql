-- Rows that are deleted or replaced but still take up room, the tables with most of them first.
select t.schemaname::text as schema,
       t.relname::text as name,
       t.n_live_tup as live,
       t.n_dead_tup as dead,
       t.n_dead_tup::float8 / greatest(t.n_live_tup + t.n_dead_tup, 1) as share,
       greatest(t.last_vacuum, t.last_autovacuum)::text as last_vacuum,
       greatest(t.last_analyze, t.last_autoanalyze)::text as last_analyze,
       extract(epoch from clock_timestamp() - greatest(t.last_vacuum, t.last_autovacuum)) as since_vacuum
from pg_stat_user_tables as t
order by t.n_dead_tup desc, 1, 2
limit 50
