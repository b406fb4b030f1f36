-- Changes a policy, and tells so in the database's own log. One that is not as it was shown
-- stays as it is.
with saved as (
  update public.retention_policies
  set "retentionDays" = {days}, enabled = {enabled}
  where "tableName" = {table} and "retentionDays" = {old_days} and enabled = {old_enabled}
  returning "tableName"
), audited as (
  insert into public.audit_logs (action, resource, "resourceId", metadata, "userAgent")
  select 'retention.policy_changed', 'retention_policies', {operation},
         {metadata}::jsonb || jsonb_build_object('login', session_user), 'rowsight'
  from saved
)
select "tableName" as "table" from saved
