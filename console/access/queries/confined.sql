-- Whether the session's user has no rights but those of the API's roles, as the API's own login:
-- then a function that takes the role back can read nothing it could not read for a request.
select not (r.rolsuper or r.rolbypassrls or r.rolinherit or r.rolcreaterole or r.rolreplication)
  and not exists (
    select from pg_catalog.pg_roles o
    where o.oid <> r.oid and o.rolname not in ('anon', 'authenticated', 'service_role')
      and pg_catalog.pg_has_role(r.oid, o.oid, 'MEMBER'))
  and not exists (
    select from pg_catalog.pg_shdepend d
    where d.refclassid = 'pg_catalog.pg_authid'::regclass and d.refobjid = r.oid
      and (d.deptype = 'o' or d.deptype = 'a' and d.classid in (
        'pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass,
        'pg_catalog.pg_largeobject'::regclass)))
from pg_catalog.pg_roles r where r.rolname = session_user
