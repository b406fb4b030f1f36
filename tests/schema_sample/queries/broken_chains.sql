-- Entries whose old hash is not the new one of the entry before them, or that are the last of a row and
-- do not have the hash of the row as it is (none, if it is gone).
with entry as (
  select *, lag("newValueHash") over told as before, lead(id) over told is null as last
  from public.privacy_transparency_log
  where "oldValueHash" is not null or "newValueHash" is not null
  window told as (partition by resource, "resourceId" order by "timestamp")
), kept as (
  select id::text, to_jsonb(t) as content from public.privacy_prefs as t
  union all select id::text, to_jsonb(t) from public.app_allowlist as t
  union all select id::text, to_jsonb(t) from public.signal_toggles as t
)
select e.action, e.resource, e."resourceId"
from entry as e
left join kept as k on k.id = e."resourceId"
where e."oldValueHash" is distinct from e.before
  or e.last and e."newValueHash" is distinct from encode(sha256(convert_to(k.content::text, 'UTF8')), 'hex')
