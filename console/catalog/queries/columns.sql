-- A relation's columns in their order, with the type beneath domains and the place each has
-- in the primary key. The type is written without its length, so that it can be cast to.
select a.attname,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       y.typcategory,
       a.attnotnull and not exists (
         -- From PostgreSQL 18 on it can be promised for new rows only.
         select from pg_catalog.pg_constraint o
         where o.conrelid = c.oid and o.contype = 'n' and not o.convalidated
           and o.conkey = array[a.attnum]
       ),
       -- A relation named without need has its columns' names laid out anew for each default.
       pg_catalog.pg_get_expr(d.adbin, case when a.attgenerated <> '' then d.adrelid else 0 end),
       a.attnum,
       k.place,
       pg_catalog.col_description(a.attrelid, a.attnum),
       pg_catalog.format_type(b.oid, -1),
       y.typlen,
       a.attgenerated,
       a.attidentity,
       case when a.attcollation <> y.typcollation then (
         select pg_catalog.quote_ident(m.nspname) || '.' || pg_catalog.quote_ident(l.collname)
         from pg_catalog.pg_collation l
         join pg_catalog.pg_namespace m on m.oid = l.collnamespace
         where l.oid = a.attcollation
       ) end,
       -- Such a label is compared as what the cast makes of it, or as nothing.
       b.typtype <> 'e' or not exists (
         select from pg_catalog.pg_cast v where v.castsource = b.oid and v.castcontext = 'i'
       )
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_type y on y.oid = a.atttypid
cross join lateral (
  with recursive beneath as (
    select y.oid, y.typtype, y.typbasetype
    union all
    select t.oid, t.typtype, t.typbasetype
    from beneath u
    join pg_catalog.pg_type t on t.oid = u.typbasetype
    where u.typtype = 'd'
  )
  select u.oid, u.typtype from beneath u where u.typtype <> 'd'
) as b
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join (
  select i.indrelid, u.attnum, u.place
  from pg_catalog.pg_index i
  cross join lateral pg_catalog.unnest(i.indkey::int2[]) with ordinality as u (attnum, place)
  where i.indisprimary and u.place <= i.indnkeyatts
) as k on k.indrelid = a.attrelid and k.attnum = a.attnum
where n.nspname = {schema} and c.relname = {name} and a.attnum > 0 and not a.attisdropped
order by a.attnum
