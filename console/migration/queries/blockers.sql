-- Who keeps a backend waiting: whoever holds the lock it waits for, and whoever holds the
-- advisory lock that lets one apply in at a time. A prepared transaction has no backend: pid 0.
with holders as (
  select pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) as pid
  union
  select l.pid
  from pg_catalog.pg_locks l
  join pg_catalog.pg_database d on d.oid = l.database and d.datname = pg_catalog.current_database()
  where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.classid = (%(key)s::bigint >> 32)::oid
    and l.objid = (%(key)s::bigint & 4294967295)::oid
)
select h.pid, a.usename::text, a.application_name, a.state, a.query_start::text,
       pg_catalog.left(a.query, 80)
from holders h
left join pg_catalog.pg_stat_activity a using (pid)
where h.pid is distinct from %(pid)s
order by a.xact_start nulls last, h.pid
