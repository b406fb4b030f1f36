-- Attempts that row-level security stopped, by who made them and where. The user may have been
-- unknown, or be gone: then the attempt itself still says who it was.
select coalesce({user}, left({metadata} ->> 'attempted_user_id', 100)) as who,
       {resource} as place,
       count(*)::text,
       array_to_json(array_agg(distinct left({metadata} ->> 'operation', 100))
         filter (where {metadata} ->> 'operation' is not null)),
       (extract(epoch from min(a.{time})) * 1000000)::bigint,
       (extract(epoch from max(a.{time})) * 1000000)::bigint
from {table} a
where {conditions}
group by who, place
order by max(a.{time}) desc, who, place
limit {limit}
