-- Roles that the login may take, but for the server's own.
select r.rolname, r.rolsuper::text, r.rolbypassrls::text
from pg_catalog.pg_roles as r
where pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER')
  and r.rolname <> current_user and r.rolname !~ '^pg_'
order by r.rolname
