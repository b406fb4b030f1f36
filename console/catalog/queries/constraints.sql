-- Constraints of a relation; columns in the constraint's order.
select o.conname,
       o.contype,
       pg_catalog.pg_get_constraintdef(o.oid),
       array(
         select a.attname::text
         from pg_catalog.unnest(o.conkey) with ordinality as k (attnum, place)
         join pg_catalog.pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum
         order by k.place
       ),
       o.convalidated,
       o.condeferrable,
       o.condeferred,
       o.coninhcount > 0,
       pg_catalog.obj_description(o.oid, 'pg_constraint')
from pg_catalog.pg_constraint o
join pg_catalog.pg_class c on c.oid = o.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {schema} and c.relname = {name}
  and not exists (
    -- What the server makes of a foreign key for the partitions it points to.
    select from pg_catalog.pg_constraint u where u.oid = o.conparentid and u.conrelid = o.conrelid
  )
order by pg_catalog.array_position(array['p', 'u', 'x', 'f', 'c', 'n', 't'], o.contype::text), o.conname
