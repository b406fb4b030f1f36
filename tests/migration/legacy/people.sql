-- What every older database has: people, their sessions and subscriptions, and the functions and
-- policies that came with them. Run on a database that has roles and schema auth.
create table public.users (
  id uuid primary key default gen_random_uuid(),
  email text not null,
  name text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint idx_users_email unique (email)
);

create table public.sessions (
  id uuid primary key default gen_random_uuid(),
  "userId" uuid not null references public.users (id) on delete cascade,
  token text not null unique,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz default now()
);

create table public.subscriptions (
  id uuid primary key default gen_random_uuid(),
  "userId" uuid not null references public.users (id) on delete cascade,
  plan text not null default 'free',
  status text not null default 'active',
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now()
);

alter table public.users enable row level security;
alter table public.sessions enable row level security;
alter table public.subscriptions enable row level security;
create policy "Users can view own profile" on public.users for select using (auth.uid() = id);
create policy "Users can manage own subscription" on public.subscriptions for all using (auth.uid() = "userId");
grant all on all tables in schema public to anon, authenticated, service_role;

-- Whoever paid for the large plan was an admin, and could say so of himself.
create function public.is_admin() returns boolean language sql security definer as $$
  select exists (select from public.subscriptions where "userId" = auth.uid() and plan = 'enterprise')
$$;
create function public.update_updated_at_column() returns trigger language plpgsql as $$
begin
  new."updatedAt" = now();
  return new;
end
$$;
create trigger update_users_updated_at before update on public.users
  for each row execute function public.update_updated_at_column();

insert into public.users (id, email, name, "createdAt")
select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com',
       case when n % 3 > 0 then 'User ' || n end, timestamptz '2024-02-01' + n * interval '1 day'
from generate_series(1, 40) n;
insert into public.sessions ("userId", token, "expiresAt", "createdAt")
select id, 'token-' || email, "createdAt" + interval '30 days', "createdAt" from public.users;
insert into public.subscriptions ("userId", plan, "createdAt")
select id, (array['free', 'pro', 'enterprise'])[1 + row_number() over (order by id) % 3], "createdAt" from public.users;
