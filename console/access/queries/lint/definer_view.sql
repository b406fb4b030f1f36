-- Views that read protected tables with their owner's rights, for roles of the API: also by way of
-- other such views. A view with its caller's rights reads as the caller wherever it stands.
with recursive reads as (
  select distinct v.oid as view, v.relowner as reader, d.refobjid as relation
  from pg_catalog.pg_class v
  join pg_catalog.pg_rewrite w on w.ev_class = v.oid
  join pg_catalog.pg_depend d
    on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
  where v.relkind in ('v', 'm') and d.refobjid <> v.oid
    and not coalesce(v.reloptions && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'], false)
), reach as (
  select view, reader, relation from reads
  union
  select reach.view, reads.reader, reads.relation from reach join reads on reads.view = reach.relation
)
select pg_catalog.format('%%I.%%I', n.nspname, v.relname),
       pg_catalog.format('%%s may read %%s through it as %%s', held.roles,
         pg_catalog.string_agg(distinct t.relname, ', '), pg_catalog.string_agg(distinct pg_catalog.pg_get_userbyid(reach.reader)::text, ', ')),
       'error',
       case v.relkind
         when 'v' then pg_catalog.format('alter view %%I.%%I set (security_invoker = on);', n.nspname, v.relname)
         else pg_catalog.format('revoke select on %%I.%%I from %%s;', n.nspname, v.relname, held.roles)
       end
from reach
join pg_catalog.pg_class v on v.oid = reach.view
join pg_catalog.pg_namespace n on n.oid = v.relnamespace
join pg_catalog.pg_class t on t.oid = reach.relation and t.relkind in ('r', 'p') and t.relrowsecurity
cross join lateral (
  select pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' order by r.rolname) as roles
  from pg_catalog.pg_roles r
  where r.rolname = any(%(api)s) and pg_catalog.has_schema_privilege(r.oid, n.oid, 'USAGE')
    and pg_catalog.has_any_column_privilege(r.oid, v.oid, 'SELECT')
) as held
where held.roles is not null
  and n.nspname !~ '^pg_' and n.nspname <> all(%(platform)s)
group by n.nspname, v.relname, v.relkind, held.roles
order by 1
