-- The server's clock, and counters that only ever grow.
select clock_timestamp()::text as read_at,
       extract(epoch from clock_timestamp()) as clock,
       pg_is_in_recovery() as standby,
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
         else pg_current_wal_lsn() end - '0/0'::pg_lsn as wal_bytes,
       d.xact_commit + d.xact_rollback as transactions,
       d.blks_hit as blocks_hit,
       d.blks_read as blocks_read,
       d.temp_bytes,
       d.deadlocks
from pg_stat_database as d
where d.datname = current_database()
