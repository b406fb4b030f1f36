-- What there is to ask here, and what this role may execute or become.
select (select n.nspname::text from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
        where e.extname = 'pg_stat_statements') as statements_schema,
       to_regclass('cron.job') is not null and to_regclass('cron.job_run_details') is not null as jobs,
       session_user::text as login,
       -- Not by USAGE: a role without INHERIT has the rights of another only once it becomes it.
       coalesce(pg_has_role(to_regrole('service_role'), case
         when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end), false)
         as may_serve
