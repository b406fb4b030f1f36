-- (c) 2025-11-05_telemetry made another telemetry_events: numbered, and without a reader's key.
create table public.telemetry_events (
  id bigserial primary key,
  user_id uuid,
  app text not null,
  event text not null,
  payload jsonb default '{}',
  ts timestamptz default now()
);
create index idx_telemetry_events_app_id on public.telemetry_events (app);
alter table public.telemetry_events enable row level security;
create policy telemetry_insert on public.telemetry_events for insert with check (true);
create policy telemetry_service on public.telemetry_events for all using (auth.role() = 'service_role');
grant all on public.telemetry_events to anon, authenticated, service_role;

insert into public.telemetry_events (user_id, app, event, payload, ts)
select u.id, 'editor', 'keystroke', jsonb_build_object('password', 'x' || n), timestamptz '2025-11-05' + n * interval '1 second'
from public.users u, generate_series(1, 15) n;
