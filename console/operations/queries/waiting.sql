-- Who waits for whom: one row for each session and each that keeps it waiting, by holding a lock
-- or by standing before it in the queue. Pid 0 is a prepared transaction, which has no session.
select w.pid,
       b.pid as blocker,
       w.locktype as kind,
       w.mode,
       case when w.database = (select oid from pg_database where datname = current_database())
         then w.relation::regclass::text end as relation,
       extract(epoch from clock_timestamp() - w.waitstart) as seconds
from (
  select distinct on (l.pid) l.* from pg_locks as l where not l.granted and l.pid is not null order by l.pid
) as w
cross join lateral (select distinct unnest(pg_blocking_pids(w.pid)) as pid) as b
