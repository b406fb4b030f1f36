-- Entries whose old value is not what the entry before them, of the same row, left as new value.
-- Of one transaction, the order is that of its commands.
select id, resource, (extract(epoch from at) * 1000000)::bigint, count(*) over ()
from (
  select a.id::text as id, left(a.resource, 100) as resource, a."timestamp" as at,
         a."oldValueHash" as old, lag(a."newValueHash") over entries as expected,
         row_number() over entries as place
  from public.privacy_transparency_log a
  where {conditions}
    and a.action in ('insert', 'update', 'delete')
    and a.resource in ('privacy_prefs', 'app_allowlist', 'signal_toggles')
  window entries as (
    partition by a.resource, a."resourceId"
    order by a."timestamp", {transaction}, a.cmin::text::bigint
  )
) linked
where place > 1 and old is distinct from expected
order by at desc, id
limit {limit}
