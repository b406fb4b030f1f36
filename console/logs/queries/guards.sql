-- What keeps the transparency log append-only and makes the settings' changes arrive in it.
-- tgtype: row 1, before 2, insert 4, delete 8, update 16, truncate 32.
with declared (relation, name, type, always, function) as (values
  ('privacy_transparency_log', 'refuse_privacy_transparency_log_change', 27, true, 'refuse_log_change'),
  ('privacy_transparency_log', 'refuse_privacy_transparency_log_truncate', 34, true, 'refuse_log_change'),
  ('privacy_prefs', 'log_privacy_prefs_changes', 29, false, 'log_privacy_change'),
  ('app_allowlist', 'log_app_allowlist_changes', 29, false, 'log_privacy_change'),
  ('signal_toggles', 'log_signal_toggles_changes', 29, false, 'log_privacy_change')
)
select 'trigger ' || d.name || ' on ' || d.relation,
       case
         when t.oid is null then 'is missing'
         when t.tgenabled = 'D' then 'is switched off'
         when t.tgenabled = 'R' then 'fires on replicas only'
         when d.always and t.tgenabled <> 'A' then 'does not fire in sessions that call themselves replicas'
         when t.tgtype <> d.type or t.tgqual is not null or t.tgattr::text <> ''
           or p.proname <> d.function or n.nspname <> 'private' then 'is not as declared'
       end
from declared d
left join pg_catalog.pg_trigger t
  on t.tgrelid = pg_catalog.to_regclass('public.' || d.relation) and t.tgname = d.name
left join pg_catalog.pg_proc p on p.oid = t.tgfoid
left join pg_catalog.pg_namespace n on n.oid = p.pronamespace
union all
select 'row-level security on privacy_transparency_log',
       case when not c.relrowsecurity then 'is switched off'
            when not c.relforcerowsecurity then 'does not bind the owner' end
from pg_catalog.pg_class c
where c.oid = pg_catalog.to_regclass('public.privacy_transparency_log')
union all
select 'trigger ' || pg_catalog.quote_ident(t.tgname), 'is not declared'
from pg_catalog.pg_trigger t
where t.tgrelid = pg_catalog.to_regclass('public.privacy_transparency_log')
  and not t.tgisinternal and t.tgname not in (select name from declared)
union all
select 'rule ' || pg_catalog.quote_ident(r.rulename), 'is not declared'
from pg_catalog.pg_rewrite r
where r.ev_class = pg_catalog.to_regclass('public.privacy_transparency_log')
