-- Policies that believe what users write about themselves, in the token or in auth.users.
select pg_catalog.format('%%I on %%I.%%I', p.polname, n.nspname, c.relname),
       case when own.text ~ 'user_metadata' then 'it asks for user_metadata'
            when own.text ~ 'raw_user_meta_data' then 'it asks for raw_user_meta_data'
            else 'it calls ' || f.names || ', which asks for user_metadata' end,
       'error',
       case when own.text ~ 'user_metadata|raw_user_meta_data' then
         pg_catalog.format('alter policy %%I on %%I.%%I%%s%%s;', p.polname, n.nspname, c.relname,
           ' using (' || pg_catalog.replace(pg_catalog.replace(own.using, 'raw_user_meta_data', 'raw_app_meta_data'), 'user_metadata', 'app_metadata') || ')',
           ' with check (' || pg_catalog.replace(pg_catalog.replace(own.check, 'raw_user_meta_data', 'raw_app_meta_data'), 'user_metadata', 'app_metadata') || ')')
       else '' end
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (select pg_catalog.pg_get_expr(p.polqual, p.polrelid) as using,
                           pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) as check,
                           concat(pg_catalog.pg_get_expr(p.polqual, p.polrelid), ' ',
                                  pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) as text) as own
cross join lateral (
  select pg_catalog.string_agg(f.proname, ', ') as names
  from pg_catalog.pg_depend d
  join pg_catalog.pg_proc f on f.oid = d.refobjid
  where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
    and f.prosrc ~ 'user_meta_?data'
) as f
where own.text ~ 'user_metadata|raw_user_meta_data' or f.names is not null
order by 1
