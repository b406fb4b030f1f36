-- Relations with estimates and sizes. With a name: that one, in a schema or in any; without:
-- all but the system's. Sizes need a lock that waits behind ACCESS EXCLUSIVE, so relations
-- that somebody holds or wants so exclusively are listed without.
with recursive wanted as materialized (
  select c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f')
    and case when {name}::text is null
          then n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
          else c.relname = {name} and n.nspname = coalesce({schema}, n.nspname)
        end
),
part (root, relation, relkind) as (
  select w.oid, w.oid, w.relkind from wanted w
  union all
  select p.root, i.inhrelid, c.relkind
  from part p
  join pg_catalog.pg_inherits i on i.inhparent = p.relation
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  where p.relkind = 'p'
),
locked as materialized (
  select coalesce(i.indrelid, l.relation) as relation
  from pg_catalog.pg_locks l
  left join pg_catalog.pg_index i on i.indexrelid = l.relation
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
),
stored as materialized (
  select c.oid, c.reltuples, c.relpages,
         case when l.relation is null then pg_catalog.pg_relation_size(c.oid) end as heap,
         case when l.relation is null then pg_catalog.pg_total_relation_size(c.oid) end as bytes
  from (select distinct p.relation from part p where p.relkind in ('r', 'm')) as leaf
  join pg_catalog.pg_class c on c.oid = leaf.relation
  left join (select distinct k.relation from locked k) as l on l.relation = c.oid
),
measured as (
  select p.root,
         case when pg_catalog.bool_and(e.rows is not null) then pg_catalog.sum(e.rows) end as rows,
         case when pg_catalog.bool_and(s.bytes is not null) then pg_catalog.sum(s.bytes) end as bytes
  from part p
  join stored s on s.oid = p.relation
  cross join lateral (
    select case
      when s.reltuples < 0 then null
      when s.heap is null then s.reltuples
      when s.relpages > 0 then s.reltuples / s.relpages
        * (s.heap / pg_catalog.current_setting('block_size')::int)
      when s.heap = 0 then 0
    end as rows
  ) as e
  group by p.root
)
select pg_catalog.quote_ident(w.nspname) || '.' || pg_catalog.quote_ident(w.relname),
       w.nspname,
       w.relname,
       w.relkind,
       pg_catalog.round(m.rows),
       m.bytes,
       w.relrowsecurity,
       w.relforcerowsecurity,
       (select pg_catalog.count(*) from pg_catalog.pg_policy y where y.polrelid = w.oid),
       pg_catalog.pg_get_userbyid(w.relowner),
       pg_catalog.obj_description(w.oid, 'pg_class'),
       pg_catalog.pg_table_is_visible(w.oid)
from wanted w
left join measured m on m.root = w.oid
order by w.nspname, w.relname
