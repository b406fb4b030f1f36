-- Who replays our log, the one furthest behind first. NULL is hidden from this role.
select r.pid,
       r.usename::text as "user",
       r.application_name as application,
       host(r.client_addr) as client,
       r.state,
       r.sync_state,
       case when pg_is_in_recovery() then pg_last_wal_receive_lsn()
         else pg_current_wal_lsn() end - r.replay_lsn as bytes,
       extract(epoch from r.replay_lag) as seconds
from pg_stat_replication as r
order by 7 desc nulls first, r.pid
