-- Whether the database's own log is there, and as whom this login may write it.
select l.oid is not null as there,
       coalesce(has_table_privilege(l.oid, 'insert'), false) as login_may,
       exists (
         select from pg_catalog.pg_roles as r
         where r.rolname = 'service_role' and pg_has_role(r.oid, 'member')
           and has_table_privilege(r.oid, l.oid, 'insert')
       ) as service_may
from (select to_regclass('public.audit_logs') as oid) as l
