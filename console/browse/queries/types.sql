-- The types of a result's columns, with the type beneath domains.
select pg_catalog.format_type(t.type, t.length),
       y.typcategory,
       y.typlen,
       pg_catalog.format_type(b.oid, -1)
from (values {types}) as t (place, type, length)
join pg_catalog.pg_type y on y.oid = t.type
cross join lateral (
  with recursive beneath as (
    select y.oid, y.typtype, y.typbasetype
    union all
    select d.oid, d.typtype, d.typbasetype
    from beneath u
    join pg_catalog.pg_type d on d.oid = u.typbasetype
    where u.typtype = 'd'
  )
  select u.oid from beneath u where u.typtype <> 'd'
) as b
order by t.place
