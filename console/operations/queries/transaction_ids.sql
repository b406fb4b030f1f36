-- How many of the 2^31 transaction and multixact numbers the oldest rows have used up.
select d.datname::text as database,
       age(d.datfrozenxid)::bigint as transactions,
       mxid_age(d.datminmxid)::bigint as multixacts,
       greatest(age(d.datfrozenxid), mxid_age(d.datminmxid)) / 2147483648.0 as share,
       current_setting('autovacuum_freeze_max_age')::bigint as freeze_from
from pg_database as d
order by 4 desc, 1
