-- Row-level security policies; role 0 is PUBLIC.
select p.polname,
       p.polcmd,
       p.polpermissive,
       array(
         select case when r = 0 then 'public' else pg_catalog.pg_get_userbyid(r)::text end
         from pg_catalog.unnest(p.polroles) as r
         order by 1
       ),
       pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid),
       pg_catalog.obj_description(p.oid, 'pg_policy')
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = {schema} and c.relname = {name}
order by p.polname
