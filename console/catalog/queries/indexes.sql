-- Indexes of a relation with their use since the statistics were last reset. A partitioned
-- table's index has no size and no scans of its own: those of its partitions are added up.
select ic.relname,
       pg_catalog.pg_get_indexdef(i.indexrelid),
       m.amname,
       array(
         select pg_catalog.pg_get_indexdef(i.indexrelid, g, true)
         from pg_catalog.generate_series(1, i.indnkeyatts) g
       ),
       i.indisunique,
       i.indisprimary,
       i.indisvalid and i.indisready,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid),
       s.bytes,
       s.scans,
       o.conname is not null,
       ic.relispartition,
       pg_catalog.obj_description(i.indexrelid, 'pg_class')
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_index i on i.indrelid = c.oid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = ic.relam
left join pg_catalog.pg_constraint o
  on o.conindid = i.indexrelid and o.conrelid = c.oid and o.contype in ('p', 'u', 'x')
cross join lateral (
  select pg_catalog.sum(pg_catalog.pg_relation_size(l.oid))::int8 as bytes,
         pg_catalog.sum(pg_catalog.pg_stat_get_numscans(l.oid))::int8 as scans
  from (
    select i.indexrelid as oid where ic.relkind = 'i'
    union all
    select t.relid from pg_catalog.pg_partition_tree(i.indexrelid) t
    where ic.relkind = 'I' and t.isleaf
  ) as l
) as s
where n.nspname = {schema} and c.relname = {name}
order by i.indisprimary desc, i.indisunique desc, ic.relname
