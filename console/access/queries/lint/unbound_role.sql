-- Roles that no policy binds: the one at the console, and any of the API's that should be bound.
select pg_catalog.quote_ident(r.rolname),
       case when r.rolsuper then 'it is a superuser' else 'it holds BYPASSRLS' end
       || case when r.rolname = current_user then ': whoever has this login sees every row' else '' end,
       case when r.rolname = any(%(api)s) then 'error' else 'info' end,
       case when r.rolname = any(%(api)s)
         then pg_catalog.format('alter role %%I nosuperuser nobypassrls;', r.rolname) else '' end
from pg_catalog.pg_roles r
where (r.rolsuper or r.rolbypassrls) and (r.rolname = any(%(api)s) or r.rolname = current_user)
order by 1
