-- Triggers that a person made, with the function each calls.
select t.tgname,
       pg_catalog.pg_get_triggerdef(t.oid),
       t.tgenabled,
       t.tgtype,
       pg_catalog.quote_ident(fn.nspname) || '.' || pg_catalog.quote_ident(f.proname),
       t.tgparentid <> 0,
       pg_catalog.obj_description(t.oid, 'pg_trigger')
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc f on f.oid = t.tgfoid
join pg_catalog.pg_namespace fn on fn.oid = f.pronamespace
where n.nspname = {schema} and c.relname = {name} and not t.tgisinternal
order by t.tgname
