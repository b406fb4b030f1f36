-- Foreign keys from a relation (out) and to it (in), with the columns of both ends paired.
-- What the server makes of them for partitions is left out.
select o.contype_direction,
       o.conname,
       pg_catalog.quote_ident(rn.nspname) || '.' || pg_catalog.quote_ident(r.relname),
       array(
         select a.attname::text
         from pg_catalog.unnest(o.conkey) with ordinality as k (attnum, place)
         join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum
         order by k.place
       ),
       pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(f.relname),
       array(
         select a.attname::text
         from pg_catalog.unnest(o.confkey) with ordinality as k (attnum, place)
         join pg_catalog.pg_attribute a on a.attrelid = o.confrelid and a.attnum = k.attnum
         order by k.place
       ),
       o.confdeltype,
       o.confupdtype,
       exists (
         select from pg_catalog.pg_index i
         where i.indrelid = o.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::int2[])[0:pg_catalog.cardinality(o.conkey) - 1] @> o.conkey
       ),
       pg_catalog.pg_get_constraintdef(o.oid)
from (
  select 'out' as contype_direction, o.*
  from pg_catalog.pg_constraint o
  join pg_catalog.pg_class c on c.oid = o.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where o.contype = 'f' and n.nspname = {schema} and c.relname = {name}
    and not exists (
      select from pg_catalog.pg_constraint u where u.oid = o.conparentid and u.conrelid = o.conrelid
    )
  union all
  select 'in', o.*
  from pg_catalog.pg_constraint o
  join pg_catalog.pg_class c on c.oid = o.confrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where o.contype = 'f' and o.conparentid = 0 and n.nspname = {schema} and c.relname = {name}
) as o
join pg_catalog.pg_class r on r.oid = o.conrelid
join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
join pg_catalog.pg_class f on f.oid = o.confrelid
join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
order by 1 desc, 3, o.conname
