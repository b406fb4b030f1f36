-- Every day of a range, with its figures where they were computed, and what was spent.
select c.day::date::text as day,
       m.day is not null as computed,
       m.sessions, m.add_to_carts, m.orders, m.revenue_cents, m.refunds_cents, m.aov_cents,
       m.cac_cents, m.conversion_rate, m.gross_margin_cents, m.traffic,
       coalesce(s.cents, 0)::bigint as spend_cents
from generate_series({first}::date::timestamp, {last}::date::timestamp, interval '1 day') as c (day)
left join public.metrics_daily as m on m.day = c.day::date
left join (
  select date, sum(spend_cents) as cents from public.spend where date between {first} and {last} group by date
) as s on s.date = c.day::date
order by c.day
