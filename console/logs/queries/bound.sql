-- How far back a row may lie that will become visible only later: no further than the start of
-- the oldest transaction open now. Those without a number yet count too, they may still write.
-- Only this database's matter, and vacuum writes no rows.
select (extract(epoch from pg_catalog.now()) * 1000000)::bigint,
       pg_catalog.pg_is_in_recovery(),
       (extract(epoch from pg_catalog.pg_last_xact_replay_timestamp()) * 1000000)::bigint,
       (extract(epoch from min(a.xact_start)) * 1000000)::bigint,
       (array_agg(a.pid order by a.xact_start) filter (where a.xact_start is not null))[1],
       -- Without pg_read_all_stats everything but the database of others is hidden, and
       -- whoever has switched track_activities off shows no times either.
       count(*) filter (where a.backend_type is null or a.state = 'disabled')
from pg_catalog.pg_stat_get_activity(null) a
where a.datid = (
    select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()
  )
  and a.pid <> pg_catalog.pg_backend_pid()
  and a.backend_type is distinct from 'autovacuum worker'
