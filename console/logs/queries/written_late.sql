-- Entries written by a later transaction than others that are a quarter of an hour younger.
select id, (extract(epoch from at) * 1000000)::bigint, count(*) over ()
from (
  select id, at, written_by,
         min(written_by) over (
           order by at range between interval '15 minutes' following and unbounded following
         ) as younger
  from (
    select a.{id}::text as id, a.{time} as at, {transaction} as written_by
    from {table} a
    where {conditions}
  ) entries
) compared
where written_by > younger
order by at desc, id
limit {limit}
