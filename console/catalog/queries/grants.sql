-- Who may do what, on the relation and on single columns; grantee 0 is PUBLIC.
select case when g.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(g.grantee)::text end,
       g.attname,
       pg_catalog.array_agg(g.privilege_type::text order by g.privilege_type)
         filter (where not g.is_grantable),
       pg_catalog.array_agg(g.privilege_type::text order by g.privilege_type)
         filter (where g.is_grantable),
       g.grantee = g.relowner
from (
  select c.relowner, null::pg_catalog.name as attname, e.*
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral pg_catalog.aclexplode(
    coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))
  ) as e
  where n.nspname = {schema} and c.relname = {name}
  union all
  select c.relowner, a.attname, e.*
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  cross join lateral pg_catalog.aclexplode(a.attacl) as e
  where n.nspname = {schema} and c.relname = {name}
) as g
group by g.relowner, g.grantee, g.attname
order by g.grantee = g.relowner desc, 1, g.attname nulls first
