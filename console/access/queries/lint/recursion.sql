-- Policies for reading that come back to their own table: every statement on it fails. Only what
-- policies read directly counts; a definer function ends the circle.
with recursive edge (source, target) as (
  select distinct p.polrelid, t.oid
  from pg_catalog.pg_policy p
  join pg_catalog.pg_depend d
    on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
  join pg_catalog.pg_class t on t.oid = d.refobjid and t.relrowsecurity
  join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
  where p.polcmd in ('r', '*') and pg_catalog.pg_get_expr(p.polqual, p.polrelid) ~ (
    '(FROM|JOIN|,)\s*\(*' || pg_catalog.regexp_replace(
      pg_catalog.format('%%I.%%I', tn.nspname, t.relname), '([^a-zA-Z0-9_])', '\\\1', 'g') || '(\s|\)|$)')
),
path (start, place, way) as (
  select e.source, e.target, array[e.source] from edge e
  union all
  select h.start, e.target, h.way || h.place
  from path h
  join edge e on e.source = h.place
  where h.place <> h.start and h.place <> all(h.way)
)
select pg_catalog.format('%%I.%%I', n.nspname, c.relname),
       pg_catalog.format('its policies read %%s', (
         select pg_catalog.string_agg(w.oid::regclass::text, ', which read ' order by w.place)
         from pg_catalog.unnest(h.way[2:] || h.place) with ordinality as w (oid, place))),
       'error',
       '-- read the other table in a SECURITY DEFINER function in a schema the API does not serve'
from path h
join pg_catalog.pg_class c on c.oid = h.start and c.relrowsecurity
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where h.place = h.start
order by 1
