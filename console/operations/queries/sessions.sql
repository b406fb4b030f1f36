-- The sessions of the server but ours, the oldest transaction first. NULL is hidden from this role.
select a.pid,
       a.backend_start::text as started,
       a.datname::text as database,
       a.usename::text as "user",
       a.application_name as application,
       host(a.client_addr) as client,
       a.backend_type as kind,
       a.state,
       a.wait_event_type as waits_for,
       a.wait_event as waits_at,
       extract(epoch from clock_timestamp() - a.xact_start) as transaction_seconds,
       extract(epoch from clock_timestamp() - a.query_start) as query_seconds,
       extract(epoch from clock_timestamp() - a.state_change) as state_seconds,
       left(a.query, 500) as statement
from pg_stat_activity as a
where a.usesysid is not null and a.pid <> pg_backend_pid()
order by a.xact_start nulls last, a.state_change, a.pid
limit 1000
