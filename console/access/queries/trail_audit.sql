-- Lines of audit_logs; a condition on entry follows.
select 'audit_logs',
       pg_catalog.to_char(entry."timestamp" at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
       coalesce(person.email, pg_catalog.format('%s', entry."userId")),
       entry.action,
       entry.metadata ->> 'reason'
from public.audit_logs as entry
left join public.users as person on person.id = entry."userId"
where 
