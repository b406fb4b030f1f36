-- Stretches far longer than those between other entries, up to now.
with stretches as (
  select a.{time} as begins,
         lead(a.{time}, 1, pg_catalog.now()) over (order by a.{time}) as ends
  from {table} a
  where {conditions}
), usual as (
  select greatest(interval '1 day', 10 * percentile_cont(0.99) within group (order by ends - begins)) as length,
         count(*) as entries
  from stretches
)
select (extract(epoch from s.begins) * 1000000)::bigint,
       (extract(epoch from s.ends) * 1000000)::bigint,
       count(*) over ()
from stretches s, usual u
where u.entries >= 100 and s.ends - s.begins > u.length
order by s.ends - s.begins desc
limit {limit}
