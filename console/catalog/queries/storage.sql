-- The tables that store a relation's rows: itself, or its partitions in the order of their
-- names. A parent of inheriting tables is one of several, which `inherited` tells.
with recursive part as (
  select c.oid, c.oid as root, c.relkind
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = {schema} and c.relname = {name}
  union all
  select c.oid, p.root, c.relkind
  from part p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  where p.relkind = 'p'
)
select c.oid,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       coalesce(m.amname = 'heap', false) and c.relkind in ('r', 'm'),
       p.root <> p.oid,
       exists (select from pg_catalog.pg_inherits h where h.inhparent = c.oid) and c.relkind <> 'p',
       pg_catalog.row_security_active(p.root),
       case when c.relkind in ('r', 'm')
         then pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8
       end,
       case when c.relpages > 0 and c.reltuples >= 0 then c.reltuples / c.relpages end,
       case when p.root <> p.oid then pg_catalog.pg_get_partition_constraintdef(c.oid) end
from part p
join pg_catalog.pg_class c on c.oid = p.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_am m on m.oid = c.relam
where p.relkind <> 'p'
order by n.nspname, c.relname
