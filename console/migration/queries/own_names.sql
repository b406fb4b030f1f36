-- The names a scratch database holds beyond what the server and plain_postgres.sql put there.
select 'schema', n.nspname::text, null
from pg_namespace as n
where n.nspname !~ '^(pg_|information_schema$|auth$|extensions$|public$)'
union all
select 'table', n.nspname::text, c.relname::text
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^(pg_|information_schema$|auth$|extensions$)'
union
select 'function', n.nspname::text, p.proname::text
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname !~ '^(pg_|information_schema$|auth$|extensions$)'
order by 1, 2, 3
