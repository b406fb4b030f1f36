-- Settings that are not what the log last said of them. The time zone has to be UTC: the hashes
-- are of text that holds times.
with now_there (resource, id, hash) as (
  select 'privacy_prefs', p.id::text, encode(sha256(convert_to(to_jsonb(p)::text, 'UTF8')), 'hex')
  from public.privacy_prefs p
  union all
  select 'app_allowlist', p.id::text, encode(sha256(convert_to(to_jsonb(p)::text, 'UTF8')), 'hex')
  from public.app_allowlist p
  union all
  select 'signal_toggles', p.id::text, encode(sha256(convert_to(to_jsonb(p)::text, 'UTF8')), 'hex')
  from public.signal_toggles p
), last_said as (
  select distinct on (a.resource, a."resourceId")
         a.resource, a."resourceId" as id, a."newValueHash" as hash
  from public.privacy_transparency_log a
  where a.action in ('insert', 'update', 'delete')
    and a.resource in ('privacy_prefs', 'app_allowlist', 'signal_toggles')
  order by a.resource, a."resourceId", a."timestamp" desc, {transaction} desc,
           a.cmin::text::bigint desc
)
select resource || ' ' || id,
       case when l.hash is null and n.hash is not null then 'is not in the log'
            when n.hash is null then 'is gone'
            else 'is not as the log says' end,
       count(*) over ()
from now_there n full join last_said l using (resource, id)
where n.hash is distinct from l.hash
order by 1
limit {limit}
