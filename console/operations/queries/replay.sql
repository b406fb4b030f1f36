-- How far this server itself is behind the one it copies. The time since the last replayed
-- transaction says nothing while all that was received is replayed: the primary may be idle.
select pg_is_in_recovery() as standby,
       w.pid is not null as receiving,
       w.status as receiver,
       w.sender_host as sender,
       greatest(coalesce(w.latest_end_lsn, pg_last_wal_receive_lsn()), pg_last_wal_receive_lsn())
         - pg_last_wal_replay_lsn() as bytes,
       case when pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()
         then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())
         else 0 end as seconds,
       case when pg_is_in_recovery() then pg_is_wal_replay_paused() end as paused
from (values (true)) as always (here)
left join pg_stat_wal_receiver as w on true
