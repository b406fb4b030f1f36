-- The rows that no earlier snapshot held for certain, with the snapshot that holds these: it must
-- be one statement. Without such rows there is still one line, with the snapshot.
select (select pg_catalog.pg_current_snapshot()::text), a.id, a.microseconds, a.written_by
from (values (true)) always(here)
left join lateral (
  select a.{id}::text as id,
         (extract(epoch from case when {dated} then a.{time} end) * 1000000)::bigint as microseconds,
         {transaction} as written_by
  from {table} a
  where {condition}
    and {transaction} >= {floor}
    -- Nothing ended since that snapshot, so there is nothing new: decided before the table is read.
    and pg_catalog.pg_current_snapshot()::text <> {unless}
  order by {order}
  limit {limit}
) a on true
