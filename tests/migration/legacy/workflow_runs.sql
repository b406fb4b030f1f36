-- (d) workflow_runs in camelCase.
create table public.workflow_runs (
  id uuid primary key default gen_random_uuid(),
  "userId" uuid not null references public.users (id),
  "workflowId" text not null,
  status text not null default 'pending',
  retries integer not null default 0,
  error text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);
create index idx_workflow_runs_user_status on public.workflow_runs ("userId", status);
alter table public.workflow_runs enable row level security;
create policy "Users can view own workflow runs" on public.workflow_runs for select using (auth.uid() = "userId");
grant all on public.workflow_runs to anon, authenticated, service_role;

insert into public.workflow_runs ("userId", "workflowId", status, retries, error, "createdAt", "updatedAt")
select id, 'import', 'failed', 2, 'disk full', "createdAt", "createdAt" + interval '1 hour' from public.users;
