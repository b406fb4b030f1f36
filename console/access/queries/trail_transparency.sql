-- Lines of privacy_transparency_log; a condition on entry follows.
select 'privacy_transparency_log',
       pg_catalog.to_char(entry."timestamp" at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
       coalesce(person.email, entry.metadata ->> 'changed_by'),
       entry.action,
       entry.metadata ->> 'reason'
from public.privacy_transparency_log as entry
left join public.users as person on pg_catalog.format('%s', person.id) = entry.metadata ->> 'changed_by'
where 
