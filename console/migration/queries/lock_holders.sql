-- Who holds the lock that keeps definitions from being read: ACCESS EXCLUSIVE on one of our tables.
select l.pid, a.usename::text, a.application_name, a.state, a.query_start::text, left(a.query, 80), l.relation::regclass::text
from pg_locks as l
join pg_database as d on d.oid = l.database and d.datname = current_database()
join pg_class as c on c.oid = l.relation
left join pg_index as i on i.indexrelid = c.oid
join pg_class as t on t.oid = coalesce(i.indrelid, c.oid)
join pg_namespace as n on n.oid = t.relnamespace
join unnest(%(schemas)s::text[], %(names)s::text[]) as ours (schema, name) on ours.schema = n.nspname and ours.name = t.relname
left join pg_stat_activity as a on a.pid = l.pid
where l.mode = 'AccessExclusiveLock' and l.granted and l.pid is distinct from pg_backend_pid()
order by a.xact_start nulls last, l.pid
