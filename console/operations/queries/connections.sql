-- Connections by state against whatever limits them. Of a session whose details are hidden from
-- this role still its user and its database are shown; background processes have no user.
select coalesce(a.state, 'hidden') as state,
       count(*) as sessions,
       count(*) filter (where a.datname = current_database()) as of_database,
       count(*) filter (where a.usename = session_user) as of_role,
       current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int
         - coalesce(current_setting('reserved_connections', true)::int, 0) as server_limit,
       (select d.datconnlimit from pg_database as d where d.datname = current_database()) as database_limit,
       (select r.rolconnlimit from pg_roles as r where r.rolname = session_user) as role_limit
from pg_stat_activity as a
where a.usesysid is not null and a.datid is not null
  and coalesce(a.backend_type, 'client backend') = 'client backend'
group by 1
order by 2 desc, 1
