-- Makes a plain PostgreSQL look enough like Supabase for the master schema: roles, schema auth, schema
-- extensions. For a superuser; never for a Supabase project, which has all of this. May be run again.


-- ---------------------------------------------------------------------------------------------------
-- Roles
-- ---------------------------------------------------------------------------------------------------
-- They belong to the whole cluster: another database may be creating them at this very moment.

do $$
begin
  if to_regrole('anon') is null then
    create role anon nologin noinherit;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if to_regrole('authenticated') is null then
    create role authenticated nologin noinherit;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if to_regrole('service_role') is null then
    create role service_role nologin noinherit bypassrls;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if to_regrole('authenticator') is null then
    create role authenticator login noinherit;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if (
    select count(*) < 3 from pg_auth_members as m
    where m.member = to_regrole('authenticator')
      and m.roleid in (to_regrole('anon'), to_regrole('authenticated'), to_regrole('service_role'))
  ) then
    grant anon, authenticated, service_role to authenticator;
  end if;
exception when unique_violation then null;
end
$$;

grant usage on schema public to anon, authenticated, service_role;


-- ---------------------------------------------------------------------------------------------------
-- Schema auth
-- ---------------------------------------------------------------------------------------------------
-- A claim is looked for in its own setting first, then in request.jwt.claims; empty means none. A
-- search_path of their own would keep the planner from putting the functions' bodies in place.

create schema if not exists auth;

grant usage on schema auth to anon, authenticated, service_role;

create table if not exists auth.users (
  id uuid not null default gen_random_uuid(),
  email text,
  phone text,
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_anonymous boolean not null default false,
  banned_until timestamptz,
  deleted_at timestamptz,
  created_at timestamptz default now(),
  last_sign_in_at timestamptz,
  constraint users_pkey primary key (id),
  constraint users_phone_key unique (phone)
);

create index if not exists users_email_idx on auth.users (email);

alter table auth.users enable row level security;

revoke all on table auth.users from public, anon, authenticated, service_role;

create or replace function auth.jwt()
returns jsonb
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid()
returns uuid
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role()
returns text
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

create or replace function auth.email()
returns text
language sql
stable
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;

grant execute on function auth.jwt() to public;

grant execute on function auth.uid() to public;

grant execute on function auth.role() to public;

grant execute on function auth.email() to public;


-- ---------------------------------------------------------------------------------------------------
-- Schema extensions
-- ---------------------------------------------------------------------------------------------------

create schema if not exists extensions;

grant usage on schema extensions to anon, authenticated, service_role;

do $$
begin
  if exists (select from pg_available_extensions where name = 'pgcrypto' and installed_version is null) then
    create extension if not exists pgcrypto with schema extensions;
  end if;
end
$$;
