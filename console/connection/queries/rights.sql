-- What the role that logged in may do: only what it is told, nothing of the database's content.
select r.rolsuper,
       r.rolbypassrls,
       (select pg_catalog.string_agg(o.rolname, ', ' order by o.rolname)
          from pg_catalog.pg_roles o
         where o.rolname operator(pg_catalog.=) any
                 (array['anon', 'authenticated', 'service_role']::pg_catalog.name[])
           and pg_catalog.pg_has_role(session_user, o.oid, 'member')),
       pg_catalog.has_database_privilege(session_user, pg_catalog.current_database(), 'create')
  from pg_catalog.pg_roles r
 where r.rolname operator(pg_catalog.=) session_user
