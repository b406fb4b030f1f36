-- Unique keys that a walk through a table can go by: every row has one, no two share it, the
-- order of the index is the order of its columns, and a value survives being written as text.
-- A parent of inheriting tables has none: its index knows nothing of the children's rows.
-- unnest of several arrays is syntax, which a function of the same name does not get between.
select ic.relname,
       i.indisprimary,
       pg_catalog.array_agg(a.attname::text order by k.place),
       pg_catalog.array_agg((k.option & 1)::text order by k.place),
       pg_catalog.array_agg(((k.option & 2) / 2)::text order by k.place)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_index i on i.indrelid = c.oid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = ic.relam
cross join lateral unnest(
  i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[]
) with ordinality as k (attnum, opclass, rule, option, place)
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
join pg_catalog.pg_opclass o on o.oid = k.opclass
cross join lateral (
  with recursive beneath as (
    select y.oid, y.typtype, y.typcategory, y.typbasetype
    from pg_catalog.pg_type y
    where y.oid = a.atttypid
    union all
    select t.oid, t.typtype, t.typcategory, t.typbasetype
    from beneath u
    join pg_catalog.pg_type t on t.oid = u.typbasetype
    where u.typtype = 'd'
  )
  select u.oid, u.typtype, u.typcategory from beneath u where u.typtype <> 'd'
) as b
where n.nspname = {schema} and c.relname = {name}
  and i.indisunique and i.indisvalid and i.indisready and i.indimmediate
  and i.indpred is null and i.indexprs is null
  and m.amname = 'btree'
  and k.place <= i.indnkeyatts
  and (c.relkind = 'p'
       or not exists (select from pg_catalog.pg_inherits h where h.inhparent = c.oid))
group by c.oid, ic.relname, i.indisprimary
having pg_catalog.bool_and(
  a.attnotnull
  and not exists (
    select from pg_catalog.pg_constraint v
    where v.conrelid = c.oid and v.contype = 'n' and not v.convalidated
      and v.conkey = array[a.attnum]
  )
  and o.opcdefault and k.rule = a.attcollation
  and b.typtype in ('b', 'e') and b.typcategory <> 'A'
  and b.oid not in ('pg_catalog.float4'::pg_catalog.regtype, 'pg_catalog.float8'::pg_catalog.regtype)
  -- With such a cast a label is compared as what it makes of it, not in the order of the index.
  and not (b.typtype = 'e' and exists (
    select from pg_catalog.pg_cast v where v.castsource = b.oid and v.castcontext = 'i'
  ))
  -- Text of a database without an encoding does not come back as it went.
  and (a.attcollation = 0 or pg_catalog.current_setting('server_encoding') <> 'SQL_ASCII')
)
order by i.indisprimary desc, pg_catalog.count(*), ic.relname
