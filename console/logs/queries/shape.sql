-- Whether the log holds hashes, and whether the settings they are of can all be read.
select (
         select count(*) = 6
         from pg_catalog.pg_attribute a
         where a.attrelid = pg_catalog.to_regclass('public.privacy_transparency_log')
           and a.attname in ('timestamp', 'action', 'resource', 'resourceId', 'oldValueHash', 'newValueHash')
       ),
       coalesce(bool_and(
         pg_catalog.has_table_privilege(c.oid, 'select') and not pg_catalog.row_security_active(c.oid)
       ), false)
from pg_catalog.unnest('{privacy_prefs,app_allowlist,signal_toggles}'::text[]) t(name)
left join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass('public.' || t.name)
