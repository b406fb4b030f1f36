-- How much of its numbers a sequence has used up: those it may give, or those its column holds,
-- whichever ends first. One that starts again from the beginning never ends.
with counted as (
  select n.nspname::text as schema,
         c.relname::text as name,
         k.column_name,
         q.seqincrement > 0 as up,
         case when q.seqincrement > 0 then least(q.seqmax, coalesce(k.largest, q.seqmax))
           else greatest(q.seqmin, coalesce(-k.largest - 1, q.seqmin)) end as last_possible,
         case when q.seqincrement > 0 then q.seqmin else q.seqmax end as first_possible,
         case when has_sequence_privilege(c.oid, 'usage, select')
                and not (c.relpersistence = 'u' and pg_is_in_recovery())
           then pg_sequence_last_value(c.oid) end as reached,
         not has_sequence_privilege(c.oid, 'usage, select') as hidden
  from pg_sequence as q
  join pg_class as c on c.oid = q.seqrelid and c.relpersistence <> 't'
  join pg_namespace as n on n.oid = c.relnamespace
  left join lateral (
    select t.relname || '.' || a.attname as column_name,
           case a.atttypid when 'smallint'::regtype then 32767
             when 'integer'::regtype then 2147483647 end::bigint as largest
    from pg_depend as d
    join pg_class as t on t.oid = d.refobjid
    join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = c.oid
      and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    limit 1
  ) as k on true
  where not q.seqcycle
)
select schema, name, column_name, reached, last_possible, hidden,
       case when reached is null then 0
         else (reached::numeric - first_possible + case when up then 1 else -1 end)
           / nullif(last_possible::numeric - first_possible + case when up then 1 else -1 end, 0)
       end as share
from counted
order by 7 desc nulls last, 1, 2
limit 50
