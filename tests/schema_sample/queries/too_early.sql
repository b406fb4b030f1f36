-- What happened before there was anybody or anything for it to happen to.
select 'events', t.id from public.events as t
join public.users as u on u.id = t."userId" where t."timestamp" < u."createdAt"
union all
select 'audit_logs', t.id from public.audit_logs as t
join public.users as u on u.id = t."userId" where t."timestamp" < u."createdAt"
union all
select 'organization_members', t.id from public.organization_members as t
join public.users as u on u.id = t."userId" where t."createdAt" < u."createdAt"
union all
select 'workflows', t.id from public.workflows as t
join public.users as u on u.id = t."userId" where t."createdAt" < u."createdAt"
union all
select 'workflow_executions', t.id from public.workflow_executions as t
join public.workflows as w on w.id = t."workflowId" where t."startedAt" < w."createdAt"
union all
select 'telemetry_events', t.id from public.telemetry_events as t
join public.privacy_prefs as p on p."userId" = t."userId" where t."timestamp" < p."createdAt"
