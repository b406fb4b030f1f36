-- (b) upsert_functions made `events` in the analytics shape.
create table public.events (
  id uuid primary key default gen_random_uuid(),
  occurred_at timestamptz not null default now(),
  user_id uuid,
  event_name text not null,
  props jsonb not null default '{}'
);
create index idx_events_occurred_at on public.events (occurred_at);
create index idx_events_event_type on public.events (event_name);
alter table public.events enable row level security;
create policy events_all on public.events for all using (true);
grant all on public.events to anon, authenticated, service_role;

insert into public.events (occurred_at, user_id, event_name, props)
select timestamptz '2025-05-01' + n * interval '1 minute', u.id, (array['session_start', 'add_to_cart', 'order_completed'])[1 + n % 3],
       jsonb_build_object('revenue_cents', n * 10)
from generate_series(1, 20) n, public.users u;
