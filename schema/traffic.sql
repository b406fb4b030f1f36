-- A moment of the demo's daily life: somebody's workflow has run, one in eight in vain, and now
-- and then somebody signs in. Run every few seconds while the demo's console is open.
with moment as materialized (
  select
    workflow.*, random() as luck,
    (array['webhook', 'schedule', 'manual'])[1 + floor(random() * 3)] as trigger,
    (40 + random() * 9000)::integer as ms,
    ('192.0.2.' || 1 + floor(random() * 250))::inet as address
  -- Apart: sorted by the same random() as luck, the unluckiest would come first each time.
  from (
    select id, "userId", name from public.workflows
    where "isActive" and name !~ '[[:cntrl:]]'
    order by random()
    limit 1
  ) as workflow
),
run as (
  insert into public.workflow_runs (user_id, workflow_id, status, retries, error, data, result)
  select
    "userId", id::text,
    case when luck < 0.125 then 'failed' else 'completed' end,
    case when luck < 0.125 then 3 else 0 end,
    case when luck < 0.125 then (array[
      'gave up after 3 retries: HTTP 503 from https://erp.example.org/export',
      'gave up after 3 retries: connection to sftp.example.net:22 timed out',
      'worker-3 lost its lease after 60 s'])[1 + floor(luck * 8 * 3)] end,
    jsonb_build_object('queue', 'default', 'worker', 'worker-' || 1 + floor(random() * 8)),
    case when luck >= 0.125 then jsonb_build_object('ok', true, 'ms', ms) end
  from moment
  returning id, user_id, status, error
),
told as (
  insert into public.audit_logs ("userId", action, resource, "resourceId", metadata, "ipAddress", "userAgent")
  select
    run.user_id, case run.status when 'failed' then 'workflow.failed' else 'workflow.run' end,
    'workflows', moment.id::text,
    jsonb_strip_nulls(jsonb_build_object(
      'name', moment.name, 'trigger', moment.trigger, 'ms', moment.ms, 'error', run.error)),
    moment.address, 'rowsight-sample-job/1.0'
  from moment, run
)
insert into public.audit_logs ("userId", action, resource, "ipAddress", "userAgent")
select
  (select id from public.users where "createdAt" < now() order by random() limit 1),
  case when luck < 0.9 then 'login' else 'login.failed' end,
  'sessions', address, 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'
from moment
where luck > 0.6
