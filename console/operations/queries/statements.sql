-- The statements that took longest on average, of those that ran at least ten times.
select s.calls,
       s.mean_exec_time / 1000 as mean_seconds,
       s.total_exec_time / 1000 as total_seconds,
       s.total_exec_time / nullif(sum(s.total_exec_time) over (), 0) as share,
       s.rows,
       pg_get_userbyid(s.userid)::text as "user",
       left(s.query, 500) as statement
from {schema}.pg_stat_statements as s
where s.dbid = (select oid from pg_database where datname = current_database()) and s.calls >= 10
order by s.mean_exec_time desc
limit 20
