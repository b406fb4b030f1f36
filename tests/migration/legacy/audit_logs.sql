-- (e) audit_logs with user_id and created_at.
create table public.audit_logs (
  id uuid primary key default gen_random_uuid(),
  user_id uuid references public.users (id) on delete set null,
  action text not null,
  resource text,
  resource_id text,
  metadata jsonb default '{}',
  ip_address inet,
  created_at timestamptz not null default now()
);
alter table public.audit_logs enable row level security;
create policy "Service role writes" on public.audit_logs for insert with check (auth.role() = 'service_role');
grant all on public.audit_logs to anon, authenticated, service_role;

insert into public.audit_logs (user_id, action, resource, resource_id, ip_address, created_at)
select id, 'organization.member.removed', 'organizations', email, '192.0.2.7', "createdAt" from public.users;
