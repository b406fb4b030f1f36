-- Replication slots and the log that each keeps on disk.
select s.slot_name::text as name,
       s.slot_type as kind,
       s.database::text as database,
       s.active,
       s.temporary,
       s.wal_status,
       s.safe_wal_size as safe_bytes,
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
         else pg_current_wal_lsn() end - s.restart_lsn as bytes
from pg_replication_slots as s
order by 8 desc nulls last, 1
