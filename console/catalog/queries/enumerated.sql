-- What says which values a column may hold: its enum's labels, or the definitions of the checks
-- on it alone and on its domain.
with recursive chosen as (
  select c.oid, a.attname, a.attnum, a.atttypid
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = {schema} and c.relname = {name}
),
beneath as (
  select h.attname, y.oid, y.typtype, y.typbasetype
  from chosen h
  join pg_catalog.pg_type y on y.oid = h.atttypid
  union all
  select u.attname, y.oid, y.typtype, y.typbasetype
  from beneath u
  join pg_catalog.pg_type y on y.oid = u.typbasetype
  where u.typtype = 'd'
)
select u.attname, 'label', e.enumlabel::text, e.enumsortorder::float8
from beneath u
join pg_catalog.pg_enum e on e.enumtypid = u.oid
union all
select u.attname, 'check', pg_catalog.pg_get_constraintdef(o.oid), 0
from beneath u
join pg_catalog.pg_constraint o on o.contypid = u.oid and o.contype = 'c'
union all
select h.attname, 'check', pg_catalog.pg_get_constraintdef(o.oid), 0
from chosen h
join pg_catalog.pg_constraint o
  on o.conrelid = h.oid and o.contype = 'c' and o.conkey = array[h.attnum]
union all
select u.attname, 'label', v.label, v.place
from beneath u
cross join (values ('true', 1), ('false', 2)) as v (label, place)
where u.oid = 'pg_catalog.bool'::pg_catalog.regtype
order by 1, 4
