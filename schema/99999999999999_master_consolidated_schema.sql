-- The master schema: 31 tables, their indexes, functions, triggers, policies and grants.
--
-- One file, one transaction, one object per statement, every name qualified. It runs with
-- `psql -1 -f`, with the Supabase CLI and with `rowsight migrate apply`, as a superuser or as a role
-- that merely owns the database, on hosted Supabase and on plain PostgreSQL 15 to 18. Running it again
-- on a matching database changes nothing. It drops nothing but policies it is about to create again.
--
-- Columns are camelCase and quoted, except in audit_log, metrics_log, workflow_runs, analytics_events,
-- spend and metrics_daily, which have always been snake_case. Constraint names are those PostgreSQL
-- would choose itself, so that a database built by older migrations already has them.


-- ---------------------------------------------------------------------------------------------------
-- Platform: roles and schema auth, only where there are none
-- ---------------------------------------------------------------------------------------------------
-- Everything here is guarded by one question: does auth.uid() exist? If it does, somebody else owns
-- authentication and nothing in auth is touched. auth.uid() is therefore created last. Its functions have
-- no search_path of their own, as Supabase's have none: the planner can then put their bodies in place.
-- Roles belong to the whole cluster: another database may be creating them at this very moment.

do $$
begin
  if to_regprocedure('auth.uid()') is null and to_regrole('anon') is null then
    create role anon nologin noinherit;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if to_regprocedure('auth.uid()') is null and to_regrole('authenticated') is null then
    create role authenticated nologin noinherit;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if to_regprocedure('auth.uid()') is null and to_regrole('service_role') is null then
    create role service_role nologin noinherit bypassrls;
  end if;
exception when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
  if to_regprocedure('auth.uid()') is null then
    create schema if not exists auth;
    grant usage on schema auth to anon, authenticated, service_role;
  end if;
end
$$;

do $do$
begin
  if to_regprocedure('auth.uid()') is null and to_regprocedure('auth.jwt()') is null then
    create function auth.jwt() returns jsonb language sql stable
    as $fn$
      select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
      )::jsonb
    $fn$;
    grant execute on function auth.jwt() to public;
  end if;
end
$do$;

do $do$
begin
  if to_regprocedure('auth.uid()') is null and to_regprocedure('auth.role()') is null then
    create function auth.role() returns text language sql stable
    as $fn$
      select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
      )
    $fn$;
    grant execute on function auth.role() to public;
  end if;
end
$do$;

do $do$
begin
  if to_regprocedure('auth.uid()') is null and to_regprocedure('auth.email()') is null then
    create function auth.email() returns text language sql stable
    as $fn$
      select coalesce(
        nullif(current_setting('request.jwt.claim.email', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
      )
    $fn$;
    grant execute on function auth.email() to public;
  end if;
end
$do$;

do $do$
begin
  if to_regprocedure('auth.uid()') is null then
    create function auth.uid() returns uuid language sql stable
    as $fn$
      select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
      )::uuid
    $fn$;
    grant execute on function auth.uid() to public;
  end if;
end
$do$;

-- pgcrypto serves encrypt_telemetry_metadata alone, which says so where it is missing: a server that
-- does not offer it, or does not let us install it, is no reason to fail.
do $$
begin
  if exists (select from pg_catalog.pg_available_extensions where name = 'pgcrypto' and installed_version is null) then
    if to_regnamespace('extensions') is null then
      create schema extensions;
      grant usage on schema extensions to anon, authenticated, service_role;
    end if;
    create extension if not exists pgcrypto with schema extensions;
  end if;
exception when insufficient_privilege then
  raise notice 'pgcrypto was not installed: %', sqlerrm;
end
$$;

-- What the API must be able to run but must never offer lives in private.
create schema if not exists private;


-- ---------------------------------------------------------------------------------------------------
-- Tables: user management
-- ---------------------------------------------------------------------------------------------------
-- Unique constraints on users.email and sessions.token bear the documented index names: one index each.

create table if not exists public.users (
  id uuid not null default gen_random_uuid(),
  email text not null,
  "emailVerified" boolean not null default false,
  "passwordHash" text,
  name text,
  image text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint idx_users_email unique (email),
  constraint users_email_check check (email like '_%@_%')
);

create table if not exists public.sessions (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  token text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz not null default now(),
  constraint sessions_pkey primary key (id),
  constraint idx_sessions_token unique (token),
  constraint "sessions_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade
);

create table if not exists public.mfa_enforced_sessions (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "sessionToken" text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz not null default now(),
  constraint mfa_enforced_sessions_pkey primary key (id),
  constraint "mfa_enforced_sessions_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: core data
-- ---------------------------------------------------------------------------------------------------

create table if not exists public.events (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "filePath" text not null,
  "eventType" text not null,
  tool text,
  "timestamp" timestamptz not null default now(),
  metadata jsonb default '{}',
  constraint events_pkey primary key (id),
  constraint "events_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint "events_eventType_check" check ("eventType" in ('created', 'modified', 'accessed', 'deleted'))
);

create table if not exists public.patterns (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "fileExtension" text not null,
  count integer not null default 0,
  "lastUsed" timestamptz not null default now(),
  tools text[] default '{}',
  "updatedAt" timestamptz not null default now(),
  constraint patterns_pkey primary key (id),
  constraint "patterns_userId_fileExtension_key" unique ("userId", "fileExtension"),
  constraint "patterns_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint patterns_count_check check (count >= 0)
);

create table if not exists public.relationships (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "sourceFile" text not null,
  "targetFile" text not null,
  "relationType" text not null,
  weight double precision not null default 1.0,
  "lastSeen" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint relationships_pkey primary key (id),
  constraint "relationships_userId_sourceFile_targetFile_key" unique ("userId", "sourceFile", "targetFile"),
  constraint "relationships_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint relationships_weight_check check (weight >= 0)
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: business logic
-- ---------------------------------------------------------------------------------------------------

create table if not exists public.subscriptions (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  plan text not null default 'free',
  status text not null default 'active',
  "stripeId" text,
  "currentPeriodStart" timestamptz,
  "currentPeriodEnd" timestamptz,
  "cancelAtPeriodEnd" boolean not null default false,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint subscriptions_pkey primary key (id),
  constraint "subscriptions_userId_key" unique ("userId"),
  constraint "subscriptions_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint subscriptions_plan_check check (plan in ('free', 'pro', 'enterprise')),
  constraint subscriptions_status_check check (status in ('trialing', 'active', 'past_due', 'canceled')),
  constraint subscriptions_period_check check ("currentPeriodEnd" >= "currentPeriodStart")
);

create table if not exists public.utm_tracks (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  source text,
  medium text,
  campaign text,
  term text,
  content text,
  "firstTouch" boolean not null default true,
  "lastTouch" boolean not null default false,
  "timestamp" timestamptz not null default now(),
  constraint utm_tracks_pkey primary key (id),
  constraint "utm_tracks_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade
);

create table if not exists public.cohorts (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "cohortMonth" text not null,
  "acquiredAt" timestamptz not null default now(),
  "createdAt" timestamptz not null default now(),
  constraint cohorts_pkey primary key (id),
  constraint "cohorts_userId_cohortMonth_key" unique ("userId", "cohortMonth"),
  constraint "cohorts_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint "cohorts_cohortMonth_check" check ("cohortMonth" ~ '^[0-9]{4}-(0[1-9]|1[0-2])$')
);

create table if not exists public.feature_flags (
  id uuid not null default gen_random_uuid(),
  key text not null,
  enabled boolean not null default false,
  description text,
  metadata jsonb default '{}',
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint feature_flags_pkey primary key (id),
  constraint feature_flags_key_key unique (key)
);

create table if not exists public.offers (
  id uuid not null default gen_random_uuid(),
  key text not null,
  name text not null,
  description text,
  "planType" text not null,
  discount double precision,
  "validFrom" timestamptz not null default now(),
  "validTo" timestamptz,
  enabled boolean not null default true,
  metadata jsonb default '{}',
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint offers_pkey primary key (id),
  constraint offers_key_key unique (key),
  constraint "offers_planType_check" check ("planType" in ('free', 'pro', 'enterprise')),
  constraint offers_discount_check check (discount between 0 and 100),
  constraint offers_validity_check check ("validTo" >= "validFrom")
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: privacy and compliance
-- ---------------------------------------------------------------------------------------------------
-- Who has no privacy_prefs has agreed to nothing: allow-list, signals and telemetry hang on that row
-- and go with it. The transparency log hangs on the user: it outlives the preferences it speaks of.

create table if not exists public.privacy_prefs (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "consentGiven" boolean not null default false,
  "dataRetentionDays" integer not null default 14,
  "mfaRequired" boolean not null default true,
  "lastReviewedAt" timestamptz,
  "monitoringEnabled" boolean not null default false,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint privacy_prefs_pkey primary key (id),
  constraint "privacy_prefs_userId_key" unique ("userId"),
  constraint "privacy_prefs_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint "privacy_prefs_dataRetentionDays_check" check ("dataRetentionDays" between 1 and 36500)
);

create table if not exists public.app_allowlist (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "appId" text not null,
  "appName" text not null,
  enabled boolean not null default false,
  scope text not null default 'metadata_only',
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint app_allowlist_pkey primary key (id),
  constraint "app_allowlist_userId_appId_key" unique ("userId", "appId"),
  constraint "app_allowlist_userId_fkey"
    foreign key ("userId") references public.privacy_prefs ("userId") on delete cascade,
  constraint app_allowlist_scope_check check (scope in ('none', 'metadata_only', 'metadata_plus_usage'))
);

create table if not exists public.signal_toggles (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "signalKey" text not null,
  enabled boolean not null default false,
  "samplingRate" double precision not null default 1.0,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint signal_toggles_pkey primary key (id),
  constraint "signal_toggles_userId_signalKey_key" unique ("userId", "signalKey"),
  constraint "signal_toggles_userId_fkey"
    foreign key ("userId") references public.privacy_prefs ("userId") on delete cascade,
  constraint "signal_toggles_samplingRate_check" check ("samplingRate" between 0 and 1)
);

create table if not exists public.telemetry_events (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "timestamp" timestamptz not null default now(),
  "appId" text not null,
  "eventType" text not null,
  "durationMs" integer,
  "metadataRedactedJson" jsonb,
  "createdAt" timestamptz not null default now(),
  constraint telemetry_events_pkey primary key (id),
  constraint "telemetry_events_userId_fkey"
    foreign key ("userId") references public.privacy_prefs ("userId") on delete cascade,
  constraint "telemetry_events_durationMs_check" check ("durationMs" >= 0)
);

create table if not exists public.privacy_transparency_log (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  action text not null,
  resource text,
  "resourceId" text,
  "oldValueHash" text,
  "newValueHash" text,
  metadata jsonb default '{}',
  "timestamp" timestamptz not null default now(),
  constraint privacy_transparency_log_pkey primary key (id),
  constraint "privacy_transparency_log_userId_fkey"
    foreign key ("userId") references public.users (id) on delete cascade
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: audit and monitoring
-- ---------------------------------------------------------------------------------------------------
-- Audit rows outlive the user they speak of. audit_log and metrics_log keep their bigint keys and a
-- nullable time, as older databases have them.

create table if not exists public.audit_logs (
  id uuid not null default gen_random_uuid(),
  "userId" uuid,
  action text not null,
  resource text,
  "resourceId" text,
  metadata jsonb default '{}',
  "ipAddress" inet,
  "userAgent" text,
  "timestamp" timestamptz not null default now(),
  constraint audit_logs_pkey primary key (id),
  constraint "audit_logs_userId_fkey" foreign key ("userId") references public.users (id) on delete set null
);

create table if not exists public.audit_log (
  id bigint not null generated always as identity,
  user_id uuid,
  action text not null,
  meta jsonb default '{}',
  ts timestamptz default now(),
  constraint audit_log_pkey primary key (id),
  constraint audit_log_user_id_fkey foreign key (user_id) references public.users (id) on delete set null
);

create table if not exists public.retention_policies (
  id uuid not null default gen_random_uuid(),
  "tableName" text not null,
  "retentionDays" integer not null,
  enabled boolean not null default true,
  "lastRun" timestamptz,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint retention_policies_pkey primary key (id),
  constraint "retention_policies_tableName_key" unique ("tableName"),
  constraint "retention_policies_retentionDays_check" check ("retentionDays" between 1 and 36500)
);

create table if not exists public.metrics_log (
  id bigint not null generated always as identity,
  ts timestamptz default now(),
  source text not null,
  metric jsonb not null,
  created_at timestamptz default now(),
  constraint metrics_log_pkey primary key (id)
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: organizations and workflows
-- ---------------------------------------------------------------------------------------------------

create table if not exists public.roles (
  id uuid not null default gen_random_uuid(),
  name text not null,
  description text,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint roles_pkey primary key (id),
  constraint roles_name_key unique (name)
);

create table if not exists public.organizations (
  id uuid not null default gen_random_uuid(),
  name text not null,
  slug text not null,
  plan text not null default 'free',
  settings jsonb default '{}',
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint organizations_pkey primary key (id),
  constraint organizations_slug_key unique (slug),
  constraint organizations_plan_check check (plan in ('free', 'pro', 'enterprise'))
);

create table if not exists public.organization_members (
  id uuid not null default gen_random_uuid(),
  "organizationId" uuid not null,
  "userId" uuid not null,
  role text not null default 'member',
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint organization_members_pkey primary key (id),
  constraint "organization_members_organizationId_userId_key" unique ("organizationId", "userId"),
  constraint "organization_members_organizationId_fkey"
    foreign key ("organizationId") references public.organizations (id) on delete cascade,
  constraint "organization_members_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint organization_members_role_check check (role in ('owner', 'admin', 'member'))
);

create table if not exists public.workflows (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "organizationId" uuid,
  name text not null,
  description text,
  definition jsonb not null default '{}',
  "isActive" boolean not null default true,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint workflows_pkey primary key (id),
  constraint "workflows_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint "workflows_organizationId_fkey"
    foreign key ("organizationId") references public.organizations (id) on delete cascade
);

create table if not exists public.workflow_versions (
  id uuid not null default gen_random_uuid(),
  "workflowId" uuid not null,
  version integer not null,
  definition jsonb not null default '{}',
  "createdAt" timestamptz not null default now(),
  constraint workflow_versions_pkey primary key (id),
  constraint "workflow_versions_workflowId_version_key" unique ("workflowId", version),
  constraint "workflow_versions_workflowId_fkey"
    foreign key ("workflowId") references public.workflows (id) on delete cascade,
  constraint workflow_versions_version_check check (version >= 1)
);

create table if not exists public.workflow_executions (
  id uuid not null default gen_random_uuid(),
  "workflowId" uuid not null,
  status text not null default 'pending',
  input jsonb default '{}',
  output jsonb,
  error text,
  "startedAt" timestamptz not null default now(),
  "completedAt" timestamptz,
  constraint workflow_executions_pkey primary key (id),
  constraint "workflow_executions_workflowId_fkey"
    foreign key ("workflowId") references public.workflows (id) on delete cascade,
  constraint workflow_executions_status_check
    check (status in ('pending', 'running', 'completed', 'failed', 'cancelled')),
  constraint workflow_executions_period_check check ("completedAt" >= "startedAt")
);

create table if not exists public.workflow_runs (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  workflow_id text not null,
  status text not null default 'pending',
  retries integer not null default 0,
  error text,
  data jsonb default '{}',
  result jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint workflow_runs_pkey primary key (id),
  constraint workflow_runs_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint workflow_runs_status_check check (status in ('pending', 'running', 'completed', 'failed', 'cancelled')),
  constraint workflow_runs_retries_check check (retries >= 0)
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: integrations
-- ---------------------------------------------------------------------------------------------------

create table if not exists public.user_integrations (
  id uuid not null default gen_random_uuid(),
  "userId" uuid not null,
  "organizationId" uuid,
  provider text not null,
  name text not null,
  config jsonb not null default '{}',
  "isActive" boolean not null default true,
  "lastSyncAt" timestamptz,
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz not null default now(),
  constraint user_integrations_pkey primary key (id),
  constraint "user_integrations_userId_fkey" foreign key ("userId") references public.users (id) on delete cascade,
  constraint "user_integrations_organizationId_fkey"
    foreign key ("organizationId") references public.organizations (id) on delete cascade
);


-- ---------------------------------------------------------------------------------------------------
-- Tables: analytics
-- ---------------------------------------------------------------------------------------------------
-- Imported from elsewhere: analytics_events.user_id need not be one of our users, so there is no key.

create table if not exists public.analytics_events (
  id uuid not null default gen_random_uuid(),
  occurred_at timestamptz not null default now(),
  user_id uuid,
  event_name text not null,
  props jsonb not null default '{}',
  constraint analytics_events_pkey primary key (id)
);

create table if not exists public.spend (
  id uuid not null default gen_random_uuid(),
  platform text not null,
  campaign_id text,
  adset_id text,
  date date not null,
  spend_cents integer not null default 0,
  clicks integer not null default 0,
  impressions integer not null default 0,
  conv integer not null default 0,
  constraint spend_pkey primary key (id),
  constraint spend_spend_cents_check check (spend_cents >= 0),
  constraint spend_clicks_check check (clicks >= 0),
  constraint spend_impressions_check check (impressions >= 0),
  constraint spend_conv_check check (conv >= 0)
);

create table if not exists public.metrics_daily (
  id uuid not null default gen_random_uuid(),
  day date not null,
  sessions integer not null default 0,
  add_to_carts integer not null default 0,
  orders integer not null default 0,
  revenue_cents integer not null default 0,
  refunds_cents integer not null default 0,
  aov_cents integer not null default 0,
  cac_cents integer not null default 0,
  conversion_rate numeric not null default 0,
  gross_margin_cents integer not null default 0,
  traffic integer not null default 0,
  constraint metrics_daily_pkey primary key (id),
  constraint metrics_daily_day_key unique (day),
  constraint metrics_daily_sessions_check check (sessions >= 0),
  constraint metrics_daily_add_to_carts_check check (add_to_carts >= 0),
  constraint metrics_daily_orders_check check (orders >= 0),
  constraint metrics_daily_cac_cents_check check (cac_cents >= 0),
  constraint metrics_daily_conversion_rate_check check (conversion_rate >= 0),
  constraint metrics_daily_traffic_check check (traffic >= 0)
);


-- ---------------------------------------------------------------------------------------------------
-- Indexes: as documented (idx_users_email and idx_sessions_token are constraints above)
-- ---------------------------------------------------------------------------------------------------

create index if not exists idx_sessions_user_id on public.sessions ("userId");

create index if not exists idx_sessions_expires_at on public.sessions ("expiresAt");

create index if not exists idx_events_user_id_timestamp on public.events ("userId", "timestamp" desc);

create index if not exists idx_events_file_path on public.events ("filePath");

create index if not exists idx_events_event_type on public.events ("eventType");

-- Answers "what did this user do when" from the index alone.
create index if not exists idx_events_user_timestamp on public.events ("userId", "timestamp") include ("eventType");

create index if not exists idx_events_user_id_event_type on public.events ("userId", "eventType");

create index if not exists idx_patterns_user_id on public.patterns ("userId");

create index if not exists idx_patterns_file_extension on public.patterns ("fileExtension");

create index if not exists idx_relationships_user_id on public.relationships ("userId");

create index if not exists idx_relationships_source_target on public.relationships ("sourceFile", "targetFile");

create index if not exists idx_telemetry_events_user_timestamp on public.telemetry_events ("userId", "timestamp" desc);

create index if not exists idx_telemetry_events_app_id on public.telemetry_events ("appId");

create index if not exists idx_privacy_transparency_log_user_timestamp
  on public.privacy_transparency_log ("userId", "timestamp" desc);

create index if not exists idx_organization_members_user_id on public.organization_members ("userId");

create index if not exists idx_organization_members_org_id on public.organization_members ("organizationId");

create index if not exists idx_workflows_user_id on public.workflows ("userId");

create index if not exists idx_workflows_org_id on public.workflows ("organizationId");

create index if not exists idx_workflow_runs_user_status on public.workflow_runs (user_id, status);


-- ---------------------------------------------------------------------------------------------------
-- Indexes: foreign keys that no index above leads, and what policies filter by
-- ---------------------------------------------------------------------------------------------------

create index if not exists idx_mfa_enforced_sessions_user_id on public.mfa_enforced_sessions ("userId");

create index if not exists idx_utm_tracks_user_id on public.utm_tracks ("userId");

create index if not exists idx_audit_logs_user_timestamp on public.audit_logs ("userId", "timestamp" desc);

create index if not exists idx_audit_log_user_ts on public.audit_log (user_id, ts desc);

create index if not exists idx_workflow_executions_workflow_id on public.workflow_executions ("workflowId");

create index if not exists idx_user_integrations_user_id on public.user_integrations ("userId");

create index if not exists idx_user_integrations_org_id on public.user_integrations ("organizationId");


-- ---------------------------------------------------------------------------------------------------
-- Indexes: the order logs are read in (time, id), clean-up and roll-up
-- ---------------------------------------------------------------------------------------------------

create index if not exists idx_audit_logs_timestamp_id on public.audit_logs ("timestamp", id);

create index if not exists idx_audit_log_ts_id on public.audit_log (ts, id);

create index if not exists idx_metrics_log_ts_id on public.metrics_log (ts, id);

create index if not exists idx_mfa_enforced_sessions_expires_at on public.mfa_enforced_sessions ("expiresAt");

create index if not exists idx_analytics_events_occurred_at on public.analytics_events (occurred_at);

-- First order of each customer, from the index alone.
create index if not exists idx_analytics_events_orders
  on public.analytics_events (user_id, occurred_at) where event_name = 'order_completed';

create index if not exists idx_spend_date on public.spend (date);


-- ---------------------------------------------------------------------------------------------------
-- Functions: who is asking
-- ---------------------------------------------------------------------------------------------------

-- app_metadata is written by the sign-in service alone; a user can edit user_metadata.
create or replace function public.is_admin()
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'admin', false)
$$;

-- Membership is read as the owner: policies on organization_members ask the same question, and would
-- otherwise ask it of themselves for ever. Policies take the whole set once per statement. PL/pgSQL
-- keeps the plan, SQL does not before PostgreSQL 18: that halves the time.
create or replace function private.my_org_ids()
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return query
    select "organizationId" from public.organization_members where "userId" = auth.uid();
end
$$;

create or replace function private.my_admin_org_ids()
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return query
    select "organizationId" from public.organization_members
    where "userId" = auth.uid() and role in ('owner', 'admin');
end
$$;

create or replace function private.is_org_member(org_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from public.organization_members
    where "organizationId" = org_id and "userId" = auth.uid()
  )
$$;

create or replace function private.is_org_admin(org_id uuid)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
  select exists (
    select from public.organization_members
    where "organizationId" = org_id and "userId" = auth.uid() and role in ('owner', 'admin')
  )
$$;

create or replace function public.is_org_member(org_id uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select private.is_org_member(org_id)
$$;

create or replace function public.is_org_admin(org_id uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select private.is_org_admin(org_id)
$$;


-- ---------------------------------------------------------------------------------------------------
-- Functions: monitoring
-- ---------------------------------------------------------------------------------------------------

-- FORCE ROW LEVEL SECURITY binds an owner without BYPASSRLS as well: a count of zero would then be a lie.
-- Call it first, from inside the function whose owner does the reading.
create or replace function private.require_all_rows(_table regclass)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if pg_catalog.row_security_active(_table) then
    raise exception 'row-level security hides rows of % from %', _table, current_user
      using errcode = 'insufficient_privilege',
        hint = 'The owner of this function needs BYPASSRLS to see every row.';
  end if;
end
$$;

create or replace function public.get_table_sizes()
returns table (
  table_name text,
  row_estimate bigint,
  table_bytes bigint,
  index_bytes bigint,
  total_bytes bigint
)
language sql
stable
set search_path = ''
as $$
  select
    c.relname::text,
    nullif(c.reltuples, -1)::bigint,
    pg_catalog.pg_table_size(c.oid),
    pg_catalog.pg_indexes_size(c.oid),
    pg_catalog.pg_total_relation_size(c.oid)
  from pg_catalog.pg_class as c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'm')
  order by 5 desc, 1
$$;

create or replace function public.get_index_usage()
returns table (
  table_name text,
  index_name text,
  scans bigint,
  tuples_read bigint,
  tuples_fetched bigint,
  index_bytes bigint,
  is_unique boolean
)
language sql
stable
set search_path = ''
as $$
  select
    s.relname::text,
    s.indexrelname::text,
    s.idx_scan,
    s.idx_tup_read,
    s.idx_tup_fetch,
    pg_catalog.pg_relation_size(s.indexrelid),
    i.indisunique
  from pg_catalog.pg_stat_user_indexes as s
  join pg_catalog.pg_index as i using (indexrelid)
  where s.schemaname = 'public'
  order by s.idx_scan, 6 desc, 2
$$;

-- Counts and extremes only: nothing here can be traced to a person.
create or replace function public.privacy_guardian_health_check()
returns table (
  table_name text,
  total_rows bigint,
  oldest_timestamp timestamptz,
  newest_timestamp timestamptz
)
language sql
stable
security definer
set search_path = ''
as $$
  select private.require_all_rows('public.privacy_prefs');
  select private.require_all_rows('public.telemetry_events');
  select private.require_all_rows('public.privacy_transparency_log');
  select 'privacy_prefs', count(*), min("createdAt"), max("createdAt") from public.privacy_prefs
  union all
  select 'app_allowlist', count(*), min("createdAt"), max("createdAt") from public.app_allowlist
  union all
  select 'signal_toggles', count(*), min("createdAt"), max("createdAt") from public.signal_toggles
  union all
  select 'telemetry_events', count(*), min("timestamp"), max("timestamp") from public.telemetry_events
  union all
  select 'privacy_transparency_log', count(*), min("timestamp"), max("timestamp") from public.privacy_transparency_log;
$$;

create or replace function public.system_healthcheck()
returns jsonb
language sql
stable
set search_path = ''
as $$
  with finding as (
    select
      (select count(*) from pg_catalog.pg_class
       where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity) as tables_without_rls,
      (select count(*) from pg_catalog.pg_index as i join pg_catalog.pg_class as c on c.oid = i.indexrelid
       where c.relnamespace = 'public'::regnamespace and not i.indisvalid) as invalid_indexes,
      (select count(*) from public.workflow_runs
       where status = 'running' and updated_at < now() - interval '1 hour') as stuck_runs,
      (select count(*) from public.workflow_runs
       where status = 'failed' and updated_at >= now() - interval '1 day') as failed_runs_last_day,
      (select count(*) from public.retention_policies
       where enabled and coalesce("lastRun", "createdAt") < now() - interval '2 days') as retention_overdue
  )
  select jsonb_build_object(
    'status', case
      when tables_without_rls + invalid_indexes > 0 then 'error'
      when stuck_runs + retention_overdue > 0 then 'warning'
      else 'ok'
    end,
    'checked_at', now(),
    'events', (select count(*) from public.analytics_events),
    'latest_event_at', (select max(occurred_at) from public.analytics_events),
    'spend_days', (select count(distinct date) from public.spend),
    'metrics_days', (select count(*) from public.metrics_daily),
    'latest_metrics_day', (select max(day) from public.metrics_daily),
    'tables_without_rls', tables_without_rls,
    'invalid_indexes', invalid_indexes,
    'stuck_runs', stuck_runs,
    'failed_runs_last_day', failed_runs_last_day,
    'retention_overdue', retention_overdue
  )
  from finding
$$;


-- ---------------------------------------------------------------------------------------------------
-- Functions: retention
-- ---------------------------------------------------------------------------------------------------
-- Three forms of one rule: count (a dry run), batch (short transactions, called until it finds no more),
-- and all at once. What may be deleted at all stands here and nowhere else; $1 is the cut-off. A row
-- exactly as old as the limit stays. Never users, never privacy_transparency_log.

create or replace function private.retention_rules()
returns table (table_name text, expired text)
language sql
immutable
set search_path = ''
as $$
  values
    ('events', '"timestamp" < $1'),
    ('utm_tracks', '"timestamp" < $1'),
    ('audit_logs', '"timestamp" < $1'),
    ('telemetry_events', '"timestamp" < $1'),
    ('audit_log', 'ts < $1'),
    ('metrics_log', 'ts < $1'),
    ('analytics_events', 'occurred_at < $1'),
    ('sessions', '"expiresAt" < $1'),
    ('mfa_enforced_sessions', '"expiresAt" < $1'),
    ('workflow_executions', '"completedAt" < $1'),
    ('workflow_runs', 'updated_at < $1 and status in (''completed'', ''failed'', ''cancelled'')'),
    ('spend', 'date < ($1 at time zone ''UTC'')::date'),
    ('metrics_daily', 'day < ($1 at time zone ''UTC'')::date'),
    ('patterns', '"lastUsed" < $1'),
    ('relationships', '"lastSeen" < $1')
$$;

create or replace function public.count_retention_data()
returns table (table_name text, rows_expired bigint, status text)
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  _rule record;
begin
  for _rule in
    select p."tableName", p."retentionDays", r.expired
    from public.retention_policies as p
    left join private.retention_rules() as r on r.table_name = p."tableName"
    where p.enabled
    order by p."tableName"
  loop
    table_name := _rule."tableName";
    rows_expired := 0;
    status := 'unknown table';
    if _rule.expired is not null then
      perform private.require_all_rows(format('public.%I', table_name)::regclass);
      execute format('select count(*) from public.%I where %s', table_name, _rule.expired)
        into rows_expired
        using now() - make_interval(days => _rule."retentionDays");
      status := 'counted';
    end if;
    return next;
  end loop;
end
$$;

-- An updated row moves, so that fewer may be deleted than were found. Nothing is left when fewer
-- than the limit were found and all of them are gone.
create or replace function public.cleanup_retention_batch(_table text, _limit integer)
returns table (rows_found bigint, rows_deleted bigint)
language plpgsql
security definer
set search_path = ''
as $$
declare
  _expired text;
  _days integer;
  _before timestamptz;
  _batch tid[];
begin
  if _limit is null or _limit < 1 then
    raise exception 'the batch size must be at least 1' using errcode = 'invalid_parameter_value';
  end if;
  select r.expired, p."retentionDays" into _expired, _days
  from public.retention_policies as p
  join private.retention_rules() as r on r.table_name = p."tableName"
  where p."tableName" = _table and p.enabled;
  if not found then
    raise exception 'no enabled retention policy covers table "%"', _table
      using errcode = 'invalid_parameter_value';
  end if;
  perform private.require_all_rows(format('public.%I', _table)::regclass);
  _before := now() - make_interval(days => _days);
  execute format('select array(select ctid from public.%I where %s limit $2)', _table, _expired)
    into _batch
    using _before, _limit;
  execute format('delete from public.%I where ctid = any ($2) and %s', _table, _expired)
    using _before, _batch;
  get diagnostics rows_deleted = row_count;
  rows_found := cardinality(_batch);
  if rows_found < _limit and rows_deleted = rows_found then
    update public.retention_policies set "lastRun" = now() where "tableName" = _table;
  end if;
  return next;
end
$$;

create or replace function public.cleanup_retention_data()
returns table (table_name text, rows_deleted bigint, status text)
language plpgsql
security definer
set search_path = ''
as $$
declare
  _rule record;
begin
  for _rule in
    select p.id, p."tableName", p."retentionDays", r.expired
    from public.retention_policies as p
    left join private.retention_rules() as r on r.table_name = p."tableName"
    where p.enabled
    order by p."tableName"
  loop
    table_name := _rule."tableName";
    rows_deleted := 0;
    status := 'unknown table';
    if _rule.expired is not null then
      perform private.require_all_rows(format('public.%I', table_name)::regclass);
      execute format('delete from public.%I where %s', table_name, _rule.expired)
        using now() - make_interval(days => _rule."retentionDays");
      get diagnostics rows_deleted = row_count;
      update public.retention_policies set "lastRun" = now() where id = _rule.id;
      status := 'deleted';
    end if;
    return next;
  end loop;
end
$$;

-- Telemetry obeys each user's own limit; without privacy_prefs there is no telemetry.
create or replace function public.count_telemetry_by_retention()
returns table (user_id uuid, expired_count bigint)
language sql
stable
security definer
set search_path = ''
as $$
  select private.require_all_rows('public.privacy_prefs');
  select private.require_all_rows('public.telemetry_events');
  select p."userId", count(t.id)
  from public.privacy_prefs as p
  left join public.telemetry_events as t
    on t."userId" = p."userId" and t."timestamp" < now() - make_interval(days => p."dataRetentionDays")
  group by p."userId"
  order by p."userId";
$$;

create or replace function public.cleanup_telemetry_batch(_limit integer)
returns table (rows_found bigint, rows_deleted bigint)
language plpgsql
security definer
set search_path = ''
as $$
declare
  _batch tid[];
begin
  if _limit is null or _limit < 1 then
    raise exception 'the batch size must be at least 1' using errcode = 'invalid_parameter_value';
  end if;
  perform private.require_all_rows('public.privacy_prefs');
  perform private.require_all_rows('public.telemetry_events');
  _batch := array(
    select t.ctid
    from public.privacy_prefs as p
    cross join lateral (
      select e.ctid from public.telemetry_events as e
      where e."userId" = p."userId" and e."timestamp" < now() - make_interval(days => p."dataRetentionDays")
      limit _limit
    ) as t
    limit _limit
  );
  delete from public.telemetry_events as e
  using public.privacy_prefs as p
  where e.ctid = any (_batch)
    and p."userId" = e."userId"
    and e."timestamp" < now() - make_interval(days => p."dataRetentionDays");
  get diagnostics rows_deleted = row_count;
  rows_found := cardinality(_batch);
  return next;
end
$$;

create or replace function public.cleanup_telemetry_by_retention()
returns table (user_id uuid, deleted_count bigint)
language sql
security definer
set search_path = ''
as $$
  select private.require_all_rows('public.privacy_prefs');
  select private.require_all_rows('public.telemetry_events');
  with gone as (
    delete from public.telemetry_events as t
    using public.privacy_prefs as p
    where p."userId" = t."userId"
      and t."timestamp" < now() - make_interval(days => p."dataRetentionDays")
    returning t."userId"
  )
  select p."userId", count(g."userId")
  from public.privacy_prefs as p
  left join gone as g on g."userId" = p."userId"
  group by p."userId"
  order by p."userId";
$$;

-- The user may be unknown, or gone: then the attempt is still told, in metadata.
create or replace function public.audit_rls_violation(table_name text, attempted_user_id uuid, operation text)
returns void
language sql
set search_path = ''
as $$
  insert into public.audit_logs ("userId", action, resource, metadata)
  values (
    (select u.id from public.users as u where u.id = attempted_user_id),
    'rls_violation',
    table_name,
    jsonb_build_object('operation', operation, 'attempted_user_id', attempted_user_id)
  )
$$;


-- ---------------------------------------------------------------------------------------------------
-- Functions: analytics
-- ---------------------------------------------------------------------------------------------------
-- Upserts write all rows in one statement; of a repeated id the last row wins, as in a loop. Only when
-- that fails are the rows tried one by one, to name the first that is bad. A row without id is new.

create or replace function public.upsert_events(_rows jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  _count integer;
  _row record;
begin
  if jsonb_typeof(_rows) is distinct from 'array' then
    raise exception 'upsert_events expects a JSON array of objects' using errcode = 'invalid_parameter_value';
  end if;
  begin
    insert into public.analytics_events (id, occurred_at, user_id, event_name, props)
    select distinct on (id) id, occurred_at, user_id, event_name, props
    from (
      select
        coalesce(r.id, gen_random_uuid()) as id,
        coalesce(r.occurred_at, now()) as occurred_at,
        r.user_id,
        r.event_name,
        coalesce(r.props, '{}') as props,
        r.place
      from rows from (
        jsonb_to_recordset(_rows) as (id uuid, occurred_at timestamptz, user_id uuid, event_name text, props jsonb)
      ) with ordinality as r (id, occurred_at, user_id, event_name, props, place)
    ) as given
    order by id, place desc
    on conflict (id) do update set
      occurred_at = excluded.occurred_at,
      user_id = excluded.user_id,
      event_name = excluded.event_name,
      props = excluded.props;
    get diagnostics _count = row_count;
    return _count;
  exception when data_exception or integrity_constraint_violation then
    for _row in select e.value, e.ordinality from jsonb_array_elements(_rows) with ordinality as e loop
      begin
        insert into public.analytics_events (id, occurred_at, user_id, event_name, props)
        select
          coalesce(r.id, gen_random_uuid()), coalesce(r.occurred_at, now()), r.user_id, r.event_name,
          coalesce(r.props, '{}')
        from jsonb_to_record(_row.value) as r (id uuid, occurred_at timestamptz, user_id uuid, event_name text, props jsonb)
        on conflict (id) do nothing;
      exception when data_exception or integrity_constraint_violation then
        raise exception 'upsert_events: row %: %', _row.ordinality, sqlerrm using errcode = sqlstate;
      end;
    end loop;
    raise;
  end;
end
$$;

create or replace function public.upsert_spend(_rows jsonb)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  _count integer;
  _row record;
begin
  if jsonb_typeof(_rows) is distinct from 'array' then
    raise exception 'upsert_spend expects a JSON array of objects' using errcode = 'invalid_parameter_value';
  end if;
  begin
    insert into public.spend (id, platform, campaign_id, adset_id, date, spend_cents, clicks, impressions, conv)
    select distinct on (id) id, platform, campaign_id, adset_id, date, spend_cents, clicks, impressions, conv
    from (
      select
        coalesce(r.id, gen_random_uuid()) as id,
        r.platform,
        r.campaign_id,
        r.adset_id,
        r.date,
        coalesce(r.spend_cents, 0) as spend_cents,
        coalesce(r.clicks, 0) as clicks,
        coalesce(r.impressions, 0) as impressions,
        coalesce(r.conv, 0) as conv,
        r.place
      from rows from (
        jsonb_to_recordset(_rows) as (
          id uuid, platform text, campaign_id text, adset_id text, date date,
          spend_cents integer, clicks integer, impressions integer, conv integer
        )
      ) with ordinality as r (id, platform, campaign_id, adset_id, date, spend_cents, clicks, impressions, conv, place)
    ) as given
    order by id, place desc
    on conflict (id) do update set
      platform = excluded.platform,
      campaign_id = excluded.campaign_id,
      adset_id = excluded.adset_id,
      date = excluded.date,
      spend_cents = excluded.spend_cents,
      clicks = excluded.clicks,
      impressions = excluded.impressions,
      conv = excluded.conv;
    get diagnostics _count = row_count;
    return _count;
  exception when data_exception or integrity_constraint_violation then
    for _row in select e.value, e.ordinality from jsonb_array_elements(_rows) with ordinality as e loop
      begin
        insert into public.spend (id, platform, campaign_id, adset_id, date, spend_cents, clicks, impressions, conv)
        select
          coalesce(r.id, gen_random_uuid()), r.platform, r.campaign_id, r.adset_id, r.date,
          coalesce(r.spend_cents, 0), coalesce(r.clicks, 0), coalesce(r.impressions, 0), coalesce(r.conv, 0)
        from jsonb_to_record(_row.value) as r (
          id uuid, platform text, campaign_id text, adset_id text, date date,
          spend_cents integer, clicks integer, impressions integer, conv integer
        )
        on conflict (id) do nothing;
      exception when data_exception or integrity_constraint_violation then
        raise exception 'upsert_spend: row %: %', _row.ordinality, sqlerrm using errcode = sqlstate;
      end;
    end loop;
    raise;
  end;
end
$$;

-- One row for every day from _start to _end, both included; days are UTC days. Of that day:
--   sessions            events session_started
--   add_to_carts        events add_to_cart
--   orders              events order_completed
--   revenue_cents       sum of props.revenue_cents over order_completed
--   refunds_cents       sum of props.refunds_cents over order_refunded, on the day of the refund
--   aov_cents           revenue / orders, rounded
--   cac_cents           ad spend / customers whose first order ever is on this day, rounded
--   conversion_rate     orders / sessions, four digits
--   gross_margin_cents  revenue - refunds - sum of props.cost_cents over order_completed
--   traffic             clicks on ads (spend.clicks)
-- A ratio without a divisor is 0. An amount that is no whole number of cents counts as 0.
create or replace function public.recompute_metrics_daily(_start date, _end date)
returns void
language plpgsql
set search_path = ''
as $$
begin
  if _start is null or _end is null or _start > _end or not isfinite(_start) or not isfinite(_end) then
    raise exception 'recompute_metrics_daily needs a first and a last day, in this order'
      using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('public.metrics_daily', 0));
  delete from public.metrics_daily where day between _start and _end;
  with happened as (
    select
      (occurred_at at time zone 'UTC')::date as day,
      count(*) filter (where event_name = 'session_started') as sessions,
      count(*) filter (where event_name = 'add_to_cart') as add_to_carts,
      count(*) filter (where event_name = 'order_completed') as orders,
      sum((props ->> 'revenue_cents')::bigint)
        filter (where event_name = 'order_completed' and props ->> 'revenue_cents' ~ '^-?[0-9]{1,15}$') as revenue,
      sum((props ->> 'cost_cents')::bigint)
        filter (where event_name = 'order_completed' and props ->> 'cost_cents' ~ '^-?[0-9]{1,15}$') as cost,
      sum((props ->> 'refunds_cents')::bigint)
        filter (where event_name = 'order_refunded' and props ->> 'refunds_cents' ~ '^-?[0-9]{1,15}$') as refunds
    from public.analytics_events
    where occurred_at >= _start::timestamp at time zone 'UTC'
      and occurred_at < (_end + 1)::timestamp at time zone 'UTC'
    group by 1
  ), won as (
    select (first_order at time zone 'UTC')::date as day, count(*) as customers
    from (
      select user_id, min(occurred_at) as first_order
      from public.analytics_events
      where event_name = 'order_completed' and user_id is not null
        and occurred_at >= _start::timestamp at time zone 'UTC'
        and occurred_at < (_end + 1)::timestamp at time zone 'UTC'
      group by user_id
    ) as buyer
    where not exists (
      select from public.analytics_events as earlier
      where earlier.event_name = 'order_completed' and earlier.user_id = buyer.user_id
        and earlier.occurred_at < _start::timestamp at time zone 'UTC'
    )
    group by 1
  ), spent as (
    select date as day, sum(spend_cents) as cents, sum(clicks) as clicks
    from public.spend
    where date between _start and _end
    group by 1
  )
  insert into public.metrics_daily (
    day, sessions, add_to_carts, orders, revenue_cents, refunds_cents,
    aov_cents, cac_cents, conversion_rate, gross_margin_cents, traffic
  )
  select
    calendar.day::date,
    coalesce(happened.sessions, 0),
    coalesce(happened.add_to_carts, 0),
    coalesce(happened.orders, 0),
    coalesce(happened.revenue, 0),
    coalesce(happened.refunds, 0),
    coalesce(round(happened.revenue / nullif(happened.orders, 0)), 0),
    coalesce(round(spent.cents::numeric / won.customers), 0),
    coalesce(round(happened.orders::numeric / nullif(happened.sessions, 0), 4), 0),
    coalesce(happened.revenue, 0) - coalesce(happened.refunds, 0) - coalesce(happened.cost, 0),
    coalesce(spent.clicks, 0)
  from generate_series(_start::timestamp, _end::timestamp, interval '1 day') as calendar (day)
  left join happened on happened.day = calendar.day::date
  left join won on won.day = calendar.day::date
  left join spent on spent.day = calendar.day::date;
end
$$;


-- ---------------------------------------------------------------------------------------------------
-- Functions: privacy
-- ---------------------------------------------------------------------------------------------------

-- Undone by pgp_sym_decrypt(dearmor(text), key)::jsonb. pgcrypto is looked up when called, wherever it
-- lives, so that this can be created on a server without it.
create or replace function public.encrypt_telemetry_metadata(plaintext jsonb, encryption_key text)
returns text
language plpgsql
set search_path = ''
as $$
declare
  _schema text;
  _armored text;
begin
  select n.nspname into _schema
  from pg_catalog.pg_extension as e
  join pg_catalog.pg_namespace as n on n.oid = e.extnamespace
  where e.extname = 'pgcrypto';
  if not found then
    raise exception 'pgcrypto is not installed'
      using errcode = 'feature_not_supported', hint = 'CREATE EXTENSION pgcrypto WITH SCHEMA extensions;';
  end if;
  if coalesce(encryption_key, '') = '' then
    raise exception 'the encryption key is empty' using errcode = 'invalid_parameter_value';
  end if;
  execute format('select %1$I.armor(%1$I.pgp_sym_encrypt($1, $2, %2$L))', _schema, 'cipher-algo=aes256')
    into _armored using plaintext::text, encryption_key;
  return _armored;
end
$$;

-- Sensitive keys go, at any depth and in any spelling (apiKey, API-KEY, api_key); values that look like
-- secrets under an innocent key are replaced. Short words count only as whole words: className stays.
create or replace function public.redact_telemetry_metadata(raw_metadata jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  case jsonb_typeof(raw_metadata)
    when 'object' then
      return (
        select coalesce(jsonb_object_agg(field.key, public.redact_telemetry_metadata(field.value)), '{}')
        from jsonb_each(raw_metadata) as field
        cross join lateral lower(regexp_replace(
          regexp_replace(field.key, '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g'
        )) as spelled
        where spelled !~ (
            'pass_?(word|wd|phrase|code)|secret|token|(api|access|private|encryption|signing)_?key|authorization'
            '|credential|cookie|credit_?card|card_?(number|no)|social_?security'
          )
          and spelled !~ '(^|_)(pwd|pass|pin|otp|cvv|cvc|ssn|iban|jwt|auth|bearer)(_|$)'
      );
    when 'array' then
      return (
        select coalesce(jsonb_agg(public.redact_telemetry_metadata(item.value) order by item.ordinality), '[]')
        from jsonb_array_elements(raw_metadata) with ordinality as item
      );
    when 'string', 'number' then
      if raw_metadata #>> '{}' ~ (
          '\meyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}'                                        -- JSON web token
          '|\m(sk|rk|pk)[_-][A-Za-z0-9_-]{16,}|\mgh[pousr]_[A-Za-z0-9]{20,}|\mgithub_pat_'   -- Stripe, GitHub
          '|\mxox[a-z]-[A-Za-z0-9-]{10,}|\m(AKIA|ASIA)[A-Z0-9]{16}\M|\mAIza[A-Za-z0-9_-]{30,}' -- Slack, AWS, Google
          '|-----BEGIN [A-Z ]*PRIVATE KEY'
          '|://[^/[:space:]:@]*:[^/[:space:]@]+@'                                             -- password in a URL
          '|(^|[^0-9A-Za-z])[0-9]{3}-[0-9]{2}-[0-9]{4}($|[^0-9A-Za-z])'                       -- social security number
          '|(^|[^0-9A-Za-z])(4[0-9]|5[1-5]|2[2-7]|3[47]|6[05])[0-9]{2}([ -]?[0-9]){9,15}($|[^0-9A-Za-z])' -- credit card
        ) or raw_metadata #>> '{}' ~* (
          '\m(bearer|basic)[[:space:]]+[a-z0-9._~+/=-]{8,}'
          '|(password|passwd|passphrase|secret|token|api[_ -]?key|authorization|cookie)["'']?[[:space:]]*[:=][[:space:]]*[^[:space:]]'
        )
      then
        return to_jsonb('[redacted]'::text);
      end if;
      return raw_metadata;
    else
      return raw_metadata;
  end case;
end
$$;


-- ---------------------------------------------------------------------------------------------------
-- Functions: triggers
-- ---------------------------------------------------------------------------------------------------

-- The column is the trigger's argument, "updatedAt" if it has none.
create or replace function public.update_updated_at_column()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  return jsonb_populate_record(new, jsonb_build_object(coalesce(tg_argv[0], 'updatedAt'), now()));
end
$$;

create or replace function public.auto_redact_telemetry()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new."metadataRedactedJson" := public.redact_telemetry_metadata(new."metadataRedactedJson");
  return new;
end
$$;

-- Writes what happened to a user's privacy settings, as hashes: provable, and telling nothing. A row's text
-- must not depend on who changes it: hence the time zone and the digits. When the user is being erased
-- there is nobody left to be transparent to.
create or replace function private.log_privacy_change()
returns trigger
language plpgsql
security definer
set search_path = ''
set timezone = 'UTC'
set extra_float_digits = 1
as $$
declare
  _old jsonb;
  _new jsonb;
begin
  if tg_op <> 'INSERT' then
    _old := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    _new := to_jsonb(new);
  end if;
  insert into public.privacy_transparency_log (
    "userId", action, resource, "resourceId", "oldValueHash", "newValueHash", metadata
  )
  select
    u.id,
    lower(tg_op),
    tg_table_name,
    coalesce(_new, _old) ->> 'id',
    encode(sha256(convert_to(_old::text, 'UTF8')), 'hex'),
    encode(sha256(convert_to(_new::text, 'UTF8')), 'hex'),
    jsonb_build_object('changed_by', auth.uid())
  from public.users as u
  where u.id = (coalesce(_new, _old) ->> 'userId')::uuid;
  return null;
end
$$;

-- A row may go only when its user has gone: that is the cascade of an erasure. It looks as the owner,
-- since to anybody else row-level security makes other users look gone.
create or replace function private.refuse_log_change()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from public.users where id = old."userId") then
      return old;
    end if;
  end if;
  raise exception 'privacy_transparency_log is append-only: % refused', lower(tg_op)
    using errcode = 'insufficient_privilege';
end
$$;


-- ---------------------------------------------------------------------------------------------------
-- Triggers: updatedAt
-- ---------------------------------------------------------------------------------------------------

create or replace trigger update_users_updated_at before update on public.users
  for each row execute function public.update_updated_at_column();

create or replace trigger update_patterns_updated_at before update on public.patterns
  for each row execute function public.update_updated_at_column();

create or replace trigger update_relationships_updated_at before update on public.relationships
  for each row execute function public.update_updated_at_column();

create or replace trigger update_subscriptions_updated_at before update on public.subscriptions
  for each row execute function public.update_updated_at_column();

create or replace trigger update_feature_flags_updated_at before update on public.feature_flags
  for each row execute function public.update_updated_at_column();

create or replace trigger update_offers_updated_at before update on public.offers
  for each row execute function public.update_updated_at_column();

create or replace trigger update_retention_policies_updated_at before update on public.retention_policies
  for each row execute function public.update_updated_at_column();

create or replace trigger update_privacy_prefs_updated_at before update on public.privacy_prefs
  for each row execute function public.update_updated_at_column();

create or replace trigger update_app_allowlist_updated_at before update on public.app_allowlist
  for each row execute function public.update_updated_at_column();

create or replace trigger update_signal_toggles_updated_at before update on public.signal_toggles
  for each row execute function public.update_updated_at_column();

create or replace trigger update_organizations_updated_at before update on public.organizations
  for each row execute function public.update_updated_at_column();

create or replace trigger update_organization_members_updated_at before update on public.organization_members
  for each row execute function public.update_updated_at_column();

create or replace trigger update_workflows_updated_at before update on public.workflows
  for each row execute function public.update_updated_at_column();

create or replace trigger update_user_integrations_updated_at before update on public.user_integrations
  for each row execute function public.update_updated_at_column();

create or replace trigger update_roles_updated_at before update on public.roles
  for each row execute function public.update_updated_at_column();

create or replace trigger update_workflow_runs_updated_at before update on public.workflow_runs
  for each row execute function public.update_updated_at_column('updated_at');


-- ---------------------------------------------------------------------------------------------------
-- Triggers: privacy
-- ---------------------------------------------------------------------------------------------------
-- ENABLE ALWAYS: they fire for replicated rows and under session_replication_role = replica as well.

create or replace trigger auto_redact_telemetry_before_insert before insert on public.telemetry_events
  for each row execute function public.auto_redact_telemetry();
alter table public.telemetry_events enable always trigger auto_redact_telemetry_before_insert;

create or replace trigger log_privacy_prefs_changes after insert or update or delete on public.privacy_prefs
  for each row execute function private.log_privacy_change();

create or replace trigger log_app_allowlist_changes after insert or update or delete on public.app_allowlist
  for each row execute function private.log_privacy_change();

create or replace trigger log_signal_toggles_changes after insert or update or delete on public.signal_toggles
  for each row execute function private.log_privacy_change();

create or replace trigger refuse_privacy_transparency_log_change before update or delete on public.privacy_transparency_log
  for each row execute function private.refuse_log_change();
alter table public.privacy_transparency_log enable always trigger refuse_privacy_transparency_log_change;

create or replace trigger refuse_privacy_transparency_log_truncate before truncate on public.privacy_transparency_log
  for each statement execute function private.refuse_log_change();
alter table public.privacy_transparency_log enable always trigger refuse_privacy_transparency_log_truncate;


-- ---------------------------------------------------------------------------------------------------
-- Row-level security
-- ---------------------------------------------------------------------------------------------------
-- One permissive policy per role and command, named <table>_<command>, <table>_service for background jobs.
-- Every call stands in a sub-select of its own, so that it is made once per statement, not once per row.

-- ---------------------------------------------------------------------------------------------------
-- Row-level security: user management
-- ---------------------------------------------------------------------------------------------------
-- Sessions are made by the sign-in service; users see them and end them.

alter table public.users enable row level security;

drop policy if exists users_select on public.users;
create policy users_select on public.users for select to authenticated
  using (id = (select auth.uid()));

drop policy if exists users_insert on public.users;
create policy users_insert on public.users for insert to authenticated
  with check (id = (select auth.uid()));

drop policy if exists users_update on public.users;
create policy users_update on public.users for update to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

drop policy if exists users_delete on public.users;
create policy users_delete on public.users for delete to authenticated
  using (id = (select auth.uid()));

drop policy if exists users_service on public.users;
create policy users_service on public.users for all to service_role
  using (true)
  with check (true);

alter table public.sessions enable row level security;

drop policy if exists sessions_select on public.sessions;
create policy sessions_select on public.sessions for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists sessions_delete on public.sessions;
create policy sessions_delete on public.sessions for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists sessions_service on public.sessions;
create policy sessions_service on public.sessions for all to service_role
  using (true)
  with check (true);

alter table public.mfa_enforced_sessions enable row level security;

drop policy if exists mfa_enforced_sessions_select on public.mfa_enforced_sessions;
create policy mfa_enforced_sessions_select on public.mfa_enforced_sessions for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists mfa_enforced_sessions_delete on public.mfa_enforced_sessions;
create policy mfa_enforced_sessions_delete on public.mfa_enforced_sessions for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists mfa_enforced_sessions_service on public.mfa_enforced_sessions;
create policy mfa_enforced_sessions_service on public.mfa_enforced_sessions for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: core data
-- ---------------------------------------------------------------------------------------------------

alter table public.events enable row level security;

drop policy if exists events_select on public.events;
create policy events_select on public.events for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists events_insert on public.events;
create policy events_insert on public.events for insert to authenticated
  with check ("userId" = (select auth.uid()));

drop policy if exists events_update on public.events;
create policy events_update on public.events for update to authenticated
  using ("userId" = (select auth.uid()))
  with check ("userId" = (select auth.uid()));

drop policy if exists events_delete on public.events;
create policy events_delete on public.events for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists events_service on public.events;
create policy events_service on public.events for all to service_role
  using (true)
  with check (true);

alter table public.patterns enable row level security;

drop policy if exists patterns_select on public.patterns;
create policy patterns_select on public.patterns for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists patterns_insert on public.patterns;
create policy patterns_insert on public.patterns for insert to authenticated
  with check ("userId" = (select auth.uid()));

drop policy if exists patterns_update on public.patterns;
create policy patterns_update on public.patterns for update to authenticated
  using ("userId" = (select auth.uid()))
  with check ("userId" = (select auth.uid()));

drop policy if exists patterns_delete on public.patterns;
create policy patterns_delete on public.patterns for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists patterns_service on public.patterns;
create policy patterns_service on public.patterns for all to service_role
  using (true)
  with check (true);

alter table public.relationships enable row level security;

drop policy if exists relationships_select on public.relationships;
create policy relationships_select on public.relationships for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists relationships_insert on public.relationships;
create policy relationships_insert on public.relationships for insert to authenticated
  with check ("userId" = (select auth.uid()));

drop policy if exists relationships_update on public.relationships;
create policy relationships_update on public.relationships for update to authenticated
  using ("userId" = (select auth.uid()))
  with check ("userId" = (select auth.uid()));

drop policy if exists relationships_delete on public.relationships;
create policy relationships_delete on public.relationships for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists relationships_service on public.relationships;
create policy relationships_service on public.relationships for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: business logic
-- ---------------------------------------------------------------------------------------------------
-- Users only read what they are sold: a subscription they could write would be a free upgrade.

alter table public.subscriptions enable row level security;

drop policy if exists subscriptions_select on public.subscriptions;
create policy subscriptions_select on public.subscriptions for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists subscriptions_service on public.subscriptions;
create policy subscriptions_service on public.subscriptions for all to service_role
  using (true)
  with check (true);

alter table public.utm_tracks enable row level security;

drop policy if exists utm_tracks_select on public.utm_tracks;
create policy utm_tracks_select on public.utm_tracks for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists utm_tracks_service on public.utm_tracks;
create policy utm_tracks_service on public.utm_tracks for all to service_role
  using (true)
  with check (true);

alter table public.cohorts enable row level security;

drop policy if exists cohorts_select on public.cohorts;
create policy cohorts_select on public.cohorts for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists cohorts_service on public.cohorts;
create policy cohorts_service on public.cohorts for all to service_role
  using (true)
  with check (true);

alter table public.feature_flags enable row level security;

drop policy if exists feature_flags_select on public.feature_flags;
create policy feature_flags_select on public.feature_flags for select to anon, authenticated
  using (true);

drop policy if exists feature_flags_service on public.feature_flags;
create policy feature_flags_service on public.feature_flags for all to service_role
  using (true)
  with check (true);

alter table public.offers enable row level security;

drop policy if exists offers_select on public.offers;
create policy offers_select on public.offers for select to anon, authenticated
  using (enabled);

drop policy if exists offers_service on public.offers;
create policy offers_service on public.offers for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: privacy and compliance
-- ---------------------------------------------------------------------------------------------------
-- Zero trust: privacy_prefs, telemetry_events and privacy_transparency_log belong to the user alone. FORCE
-- binds an owner without BYPASSRLS as well; service_role has no policy and, below, no grant, since no policy
-- binds a role with BYPASSRLS. The owner can still read: encrypt_telemetry_metadata is for that.

alter table public.privacy_prefs enable row level security;
alter table public.privacy_prefs force row level security;

drop policy if exists privacy_prefs_select on public.privacy_prefs;
create policy privacy_prefs_select on public.privacy_prefs for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists privacy_prefs_insert on public.privacy_prefs;
create policy privacy_prefs_insert on public.privacy_prefs for insert to authenticated
  with check ("userId" = (select auth.uid()));

drop policy if exists privacy_prefs_update on public.privacy_prefs;
create policy privacy_prefs_update on public.privacy_prefs for update to authenticated
  using ("userId" = (select auth.uid()))
  with check ("userId" = (select auth.uid()));

drop policy if exists privacy_prefs_delete on public.privacy_prefs;
create policy privacy_prefs_delete on public.privacy_prefs for delete to authenticated
  using ("userId" = (select auth.uid()));

alter table public.app_allowlist enable row level security;

drop policy if exists app_allowlist_select on public.app_allowlist;
create policy app_allowlist_select on public.app_allowlist for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists app_allowlist_insert on public.app_allowlist;
create policy app_allowlist_insert on public.app_allowlist for insert to authenticated
  with check ("userId" = (select auth.uid()));

drop policy if exists app_allowlist_update on public.app_allowlist;
create policy app_allowlist_update on public.app_allowlist for update to authenticated
  using ("userId" = (select auth.uid()))
  with check ("userId" = (select auth.uid()));

drop policy if exists app_allowlist_delete on public.app_allowlist;
create policy app_allowlist_delete on public.app_allowlist for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists app_allowlist_service on public.app_allowlist;
create policy app_allowlist_service on public.app_allowlist for all to service_role
  using (true)
  with check (true);

alter table public.signal_toggles enable row level security;

drop policy if exists signal_toggles_select on public.signal_toggles;
create policy signal_toggles_select on public.signal_toggles for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists signal_toggles_insert on public.signal_toggles;
create policy signal_toggles_insert on public.signal_toggles for insert to authenticated
  with check ("userId" = (select auth.uid()));

drop policy if exists signal_toggles_update on public.signal_toggles;
create policy signal_toggles_update on public.signal_toggles for update to authenticated
  using ("userId" = (select auth.uid()))
  with check ("userId" = (select auth.uid()));

drop policy if exists signal_toggles_delete on public.signal_toggles;
create policy signal_toggles_delete on public.signal_toggles for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists signal_toggles_service on public.signal_toggles;
create policy signal_toggles_service on public.signal_toggles for all to service_role
  using (true)
  with check (true);

alter table public.telemetry_events enable row level security;
alter table public.telemetry_events force row level security;

drop policy if exists telemetry_events_select on public.telemetry_events;
create policy telemetry_events_select on public.telemetry_events for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists telemetry_events_insert on public.telemetry_events;
create policy telemetry_events_insert on public.telemetry_events for insert to authenticated
  with check ("userId" = (select auth.uid()));

alter table public.privacy_transparency_log enable row level security;
alter table public.privacy_transparency_log force row level security;

drop policy if exists privacy_transparency_log_select on public.privacy_transparency_log;
create policy privacy_transparency_log_select on public.privacy_transparency_log for select to authenticated
  using ("userId" = (select auth.uid()));

-- FORCE would keep the owner's own trigger functions from writing the log. This lets the owner insert,
-- but only from inside a trigger; no API role is a pg_database_owner, nor holds INSERT on this table.
drop policy if exists privacy_transparency_log_insert on public.privacy_transparency_log;
create policy privacy_transparency_log_insert on public.privacy_transparency_log for insert to pg_database_owner
  with check (pg_trigger_depth() > 0);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: audit and monitoring
-- ---------------------------------------------------------------------------------------------------
-- Nobody but background jobs writes audit_logs and metrics_log or sees the retention policies.

alter table public.audit_logs enable row level security;

drop policy if exists audit_logs_select on public.audit_logs;
create policy audit_logs_select on public.audit_logs for select to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists audit_logs_service on public.audit_logs;
create policy audit_logs_service on public.audit_logs for all to service_role
  using (true)
  with check (true);

alter table public.audit_log enable row level security;

drop policy if exists audit_log_select on public.audit_log;
create policy audit_log_select on public.audit_log for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists audit_log_insert on public.audit_log;
create policy audit_log_insert on public.audit_log for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists audit_log_service on public.audit_log;
create policy audit_log_service on public.audit_log for all to service_role
  using (true)
  with check (true);

alter table public.retention_policies enable row level security;

drop policy if exists retention_policies_service on public.retention_policies;
create policy retention_policies_service on public.retention_policies for all to service_role
  using (true)
  with check (true);

alter table public.metrics_log enable row level security;

drop policy if exists metrics_log_service on public.metrics_log;
create policy metrics_log_service on public.metrics_log for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: organizations and workflows
-- ---------------------------------------------------------------------------------------------------
-- Nobody joins by their own hand: organizations and their first owner come from the service role, all other
-- members from an owner or admin. Versions and executions follow their workflow: the sub-select is itself subject to
-- the policies on workflows.

alter table public.roles enable row level security;

drop policy if exists roles_select on public.roles;
create policy roles_select on public.roles for select to anon, authenticated
  using (true);

drop policy if exists roles_service on public.roles;
create policy roles_service on public.roles for all to service_role
  using (true)
  with check (true);

alter table public.organizations enable row level security;

drop policy if exists organizations_select on public.organizations;
create policy organizations_select on public.organizations for select to authenticated
  using (id = any (array(select private.my_org_ids())));

drop policy if exists organizations_update on public.organizations;
create policy organizations_update on public.organizations for update to authenticated
  using (id = any (array(select private.my_admin_org_ids())))
  with check (id = any (array(select private.my_admin_org_ids())));

drop policy if exists organizations_service on public.organizations;
create policy organizations_service on public.organizations for all to service_role
  using (true)
  with check (true);

alter table public.organization_members enable row level security;

drop policy if exists organization_members_select on public.organization_members;
create policy organization_members_select on public.organization_members for select to authenticated
  using ("organizationId" = any (array(select private.my_org_ids())));

drop policy if exists organization_members_insert on public.organization_members;
create policy organization_members_insert on public.organization_members for insert to authenticated
  with check ("organizationId" = any (array(select private.my_admin_org_ids())));

drop policy if exists organization_members_update on public.organization_members;
create policy organization_members_update on public.organization_members for update to authenticated
  using ("organizationId" = any (array(select private.my_admin_org_ids())))
  with check ("organizationId" = any (array(select private.my_admin_org_ids())));

drop policy if exists organization_members_delete on public.organization_members;
create policy organization_members_delete on public.organization_members for delete to authenticated
  using ("organizationId" = any (array(select private.my_admin_org_ids())));

drop policy if exists organization_members_service on public.organization_members;
create policy organization_members_service on public.organization_members for all to service_role
  using (true)
  with check (true);

alter table public.workflows enable row level security;

drop policy if exists workflows_select on public.workflows;
create policy workflows_select on public.workflows for select to authenticated
  using ("userId" = (select auth.uid()) or "organizationId" = any (array(select private.my_org_ids())));

drop policy if exists workflows_insert on public.workflows;
create policy workflows_insert on public.workflows for insert to authenticated
  with check (
    "userId" = (select auth.uid())
    and ("organizationId" is null or "organizationId" = any (array(select private.my_org_ids())))
  );

drop policy if exists workflows_update on public.workflows;
create policy workflows_update on public.workflows for update to authenticated
  using ("userId" = (select auth.uid()))
  with check (
    "userId" = (select auth.uid())
    and ("organizationId" is null or "organizationId" = any (array(select private.my_org_ids())))
  );

drop policy if exists workflows_delete on public.workflows;
create policy workflows_delete on public.workflows for delete to authenticated
  using ("userId" = (select auth.uid()));

drop policy if exists workflows_service on public.workflows;
create policy workflows_service on public.workflows for all to service_role
  using (true)
  with check (true);

alter table public.workflow_versions enable row level security;

drop policy if exists workflow_versions_select on public.workflow_versions;
create policy workflow_versions_select on public.workflow_versions for select to authenticated
  using ("workflowId" = any (array(select w.id from public.workflows as w)));

drop policy if exists workflow_versions_insert on public.workflow_versions;
create policy workflow_versions_insert on public.workflow_versions for insert to authenticated
  with check (
    "workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid())))
  );

drop policy if exists workflow_versions_update on public.workflow_versions;
create policy workflow_versions_update on public.workflow_versions for update to authenticated
  using ("workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid()))))
  with check (
    "workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid())))
  );

drop policy if exists workflow_versions_delete on public.workflow_versions;
create policy workflow_versions_delete on public.workflow_versions for delete to authenticated
  using ("workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid()))));

drop policy if exists workflow_versions_service on public.workflow_versions;
create policy workflow_versions_service on public.workflow_versions for all to service_role
  using (true)
  with check (true);

alter table public.workflow_executions enable row level security;

drop policy if exists workflow_executions_select on public.workflow_executions;
create policy workflow_executions_select on public.workflow_executions for select to authenticated
  using ("workflowId" = any (array(select w.id from public.workflows as w)));

drop policy if exists workflow_executions_insert on public.workflow_executions;
create policy workflow_executions_insert on public.workflow_executions for insert to authenticated
  with check (
    "workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid())))
  );

drop policy if exists workflow_executions_update on public.workflow_executions;
create policy workflow_executions_update on public.workflow_executions for update to authenticated
  using ("workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid()))))
  with check (
    "workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid())))
  );

drop policy if exists workflow_executions_delete on public.workflow_executions;
create policy workflow_executions_delete on public.workflow_executions for delete to authenticated
  using ("workflowId" = any (array(select w.id from public.workflows as w where w."userId" = (select auth.uid()))));

drop policy if exists workflow_executions_service on public.workflow_executions;
create policy workflow_executions_service on public.workflow_executions for all to service_role
  using (true)
  with check (true);

alter table public.workflow_runs enable row level security;

drop policy if exists workflow_runs_select on public.workflow_runs;
create policy workflow_runs_select on public.workflow_runs for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists workflow_runs_insert on public.workflow_runs;
create policy workflow_runs_insert on public.workflow_runs for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists workflow_runs_update on public.workflow_runs;
create policy workflow_runs_update on public.workflow_runs for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists workflow_runs_service on public.workflow_runs;
create policy workflow_runs_service on public.workflow_runs for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: integrations
-- ---------------------------------------------------------------------------------------------------
-- One's own, in no organization or in one's own; admins also manage all of their organization's.

alter table public.user_integrations enable row level security;

drop policy if exists user_integrations_select on public.user_integrations;
create policy user_integrations_select on public.user_integrations for select to authenticated
  using ("userId" = (select auth.uid()) or "organizationId" = any (array(select private.my_org_ids())));

drop policy if exists user_integrations_insert on public.user_integrations;
create policy user_integrations_insert on public.user_integrations for insert to authenticated
  with check (
    "userId" = (select auth.uid())
    and ("organizationId" is null or "organizationId" = any (array(select private.my_org_ids())))
  );

drop policy if exists user_integrations_update on public.user_integrations;
create policy user_integrations_update on public.user_integrations for update to authenticated
  using ("userId" = (select auth.uid()) or "organizationId" = any (array(select private.my_admin_org_ids())))
  with check (
    ("userId" = (select auth.uid()) and ("organizationId" is null or "organizationId" = any (array(select private.my_org_ids()))))
    or "organizationId" = any (array(select private.my_admin_org_ids()))
  );

drop policy if exists user_integrations_delete on public.user_integrations;
create policy user_integrations_delete on public.user_integrations for delete to authenticated
  using ("userId" = (select auth.uid()) or "organizationId" = any (array(select private.my_admin_org_ids())));

drop policy if exists user_integrations_service on public.user_integrations;
create policy user_integrations_service on public.user_integrations for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Row-level security: analytics
-- ---------------------------------------------------------------------------------------------------
-- For background jobs only.

alter table public.analytics_events enable row level security;

drop policy if exists analytics_events_service on public.analytics_events;
create policy analytics_events_service on public.analytics_events for all to service_role
  using (true)
  with check (true);

alter table public.spend enable row level security;

drop policy if exists spend_service on public.spend;
create policy spend_service on public.spend for all to service_role
  using (true)
  with check (true);

alter table public.metrics_daily enable row level security;

drop policy if exists metrics_daily_service on public.metrics_daily;
create policy metrics_daily_service on public.metrics_daily for all to service_role
  using (true)
  with check (true);


-- ---------------------------------------------------------------------------------------------------
-- Grants: schemas
-- ---------------------------------------------------------------------------------------------------
-- Nothing is left to default privileges, which differ from project to project: all is revoked, then exactly
-- what is needed is granted. TRUNCATE, REFERENCES and TRIGGER stay with the owner: row-level security does not
-- see them.

grant usage on schema public to anon, authenticated, service_role;

revoke all on schema private from public, anon, authenticated, service_role;

grant usage on schema private to authenticated;


-- ---------------------------------------------------------------------------------------------------
-- Grants: user management
-- ---------------------------------------------------------------------------------------------------

-- Not the password's hash; and an address is changed, or called verified, by the sign-in service alone.
revoke all on table public.users from public, anon, authenticated, service_role;
grant select (id, email, "emailVerified", name, image, "createdAt", "updatedAt") on public.users to authenticated;
grant insert (id, email, name, image) on public.users to authenticated;
grant update (name, image) on public.users to authenticated;
grant delete on public.users to authenticated;
grant select, insert, update, delete on table public.users to service_role;

revoke all on table public.sessions from public, anon, authenticated, service_role;
grant select, delete on table public.sessions to authenticated;
grant select, insert, update, delete on table public.sessions to service_role;

revoke all on table public.mfa_enforced_sessions from public, anon, authenticated, service_role;
grant select, delete on table public.mfa_enforced_sessions to authenticated;
grant select, insert, update, delete on table public.mfa_enforced_sessions to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: core data
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.events from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.events to authenticated;
grant select, insert, update, delete on table public.events to service_role;

revoke all on table public.patterns from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.patterns to authenticated;
grant select, insert, update, delete on table public.patterns to service_role;

revoke all on table public.relationships from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.relationships to authenticated;
grant select, insert, update, delete on table public.relationships to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: business logic
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.subscriptions from public, anon, authenticated, service_role;
grant select on table public.subscriptions to authenticated;
grant select, insert, update, delete on table public.subscriptions to service_role;

revoke all on table public.utm_tracks from public, anon, authenticated, service_role;
grant select on table public.utm_tracks to authenticated;
grant select, insert, update, delete on table public.utm_tracks to service_role;

revoke all on table public.cohorts from public, anon, authenticated, service_role;
grant select on table public.cohorts to authenticated;
grant select, insert, update, delete on table public.cohorts to service_role;

revoke all on table public.feature_flags from public, anon, authenticated, service_role;
grant select on table public.feature_flags to anon, authenticated;
grant select, insert, update, delete on table public.feature_flags to service_role;

revoke all on table public.offers from public, anon, authenticated, service_role;
grant select on table public.offers to anon, authenticated;
grant select, insert, update, delete on table public.offers to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: privacy and compliance
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.privacy_prefs from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.privacy_prefs to authenticated;

revoke all on table public.app_allowlist from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.app_allowlist to authenticated;
grant select, insert, update, delete on table public.app_allowlist to service_role;

revoke all on table public.signal_toggles from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.signal_toggles to authenticated;
grant select, insert, update, delete on table public.signal_toggles to service_role;

revoke all on table public.telemetry_events from public, anon, authenticated, service_role;
grant select, insert on table public.telemetry_events to authenticated;

revoke all on table public.privacy_transparency_log from public, anon, authenticated, service_role;
grant select on table public.privacy_transparency_log to authenticated;


-- ---------------------------------------------------------------------------------------------------
-- Grants: audit and monitoring
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.audit_logs from public, anon, authenticated, service_role;
grant select on table public.audit_logs to authenticated;
grant select, insert, update, delete on table public.audit_logs to service_role;

-- The time is the server's.
revoke all on table public.audit_log from public, anon, authenticated, service_role;
revoke all on sequence public.audit_log_id_seq from public, anon, authenticated, service_role;
grant select, insert (user_id, action, meta) on public.audit_log to authenticated;
grant select, insert, update, delete on table public.audit_log to service_role;

revoke all on table public.retention_policies from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.retention_policies to service_role;

revoke all on table public.metrics_log from public, anon, authenticated, service_role;
revoke all on sequence public.metrics_log_id_seq from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.metrics_log to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: organizations and workflows
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.roles from public, anon, authenticated, service_role;
grant select on table public.roles to anon, authenticated;
grant select, insert, update, delete on table public.roles to service_role;

-- The plan is bought, not set.
revoke all on table public.organizations from public, anon, authenticated, service_role;
grant select, update (name, slug, settings) on public.organizations to authenticated;
grant select, insert, update, delete on table public.organizations to service_role;

revoke all on table public.organization_members from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.organization_members to authenticated;
grant select, insert, update, delete on table public.organization_members to service_role;

revoke all on table public.workflows from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.workflows to authenticated;
grant select, insert, update, delete on table public.workflows to service_role;

revoke all on table public.workflow_versions from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.workflow_versions to authenticated;
grant select, insert, update, delete on table public.workflow_versions to service_role;

revoke all on table public.workflow_executions from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.workflow_executions to authenticated;
grant select, insert, update, delete on table public.workflow_executions to service_role;

revoke all on table public.workflow_runs from public, anon, authenticated, service_role;
grant select, insert, update on table public.workflow_runs to authenticated;
grant select, insert, update, delete on table public.workflow_runs to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: integrations
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.user_integrations from public, anon, authenticated, service_role;
-- An admin manages it for whoever made it: it never becomes somebody else's.
grant select, insert, delete, update ("organizationId", provider, name, config, "isActive", "lastSyncAt")
  on public.user_integrations to authenticated;
grant select, insert, update, delete on table public.user_integrations to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: analytics
-- ---------------------------------------------------------------------------------------------------

revoke all on table public.analytics_events from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.analytics_events to service_role;

revoke all on table public.spend from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.spend to service_role;

revoke all on table public.metrics_daily from public, anon, authenticated, service_role;
grant select, insert, update, delete on table public.metrics_daily to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Grants: functions
-- ---------------------------------------------------------------------------------------------------
-- Trigger functions need none. The telemetry trigger runs as whoever inserts, who therefore may redact.

revoke all on function public.is_admin() from public, anon, authenticated, service_role;
grant execute on function public.is_admin() to authenticated;

revoke all on function public.is_org_member(uuid) from public, anon, authenticated, service_role;
grant execute on function public.is_org_member(uuid) to authenticated;

revoke all on function public.is_org_admin(uuid) from public, anon, authenticated, service_role;
grant execute on function public.is_org_admin(uuid) to authenticated;

revoke all on function private.my_org_ids() from public, anon, authenticated, service_role;
grant execute on function private.my_org_ids() to authenticated;

revoke all on function private.my_admin_org_ids() from public, anon, authenticated, service_role;
grant execute on function private.my_admin_org_ids() to authenticated;

revoke all on function private.is_org_member(uuid) from public, anon, authenticated, service_role;
grant execute on function private.is_org_member(uuid) to authenticated;

revoke all on function private.is_org_admin(uuid) from public, anon, authenticated, service_role;
grant execute on function private.is_org_admin(uuid) to authenticated;

revoke all on function private.require_all_rows(regclass) from public, anon, authenticated, service_role;

revoke all on function private.retention_rules() from public, anon, authenticated, service_role;

revoke all on function private.log_privacy_change() from public, anon, authenticated, service_role;

revoke all on function private.refuse_log_change() from public, anon, authenticated, service_role;

revoke all on function public.update_updated_at_column() from public, anon, authenticated, service_role;

revoke all on function public.auto_redact_telemetry() from public, anon, authenticated, service_role;

revoke all on function public.redact_telemetry_metadata(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.redact_telemetry_metadata(jsonb) to authenticated, service_role;

revoke all on function public.encrypt_telemetry_metadata(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.encrypt_telemetry_metadata(jsonb, text) to authenticated, service_role;

revoke all on function public.get_table_sizes() from public, anon, authenticated, service_role;
grant execute on function public.get_table_sizes() to service_role;

revoke all on function public.get_index_usage() from public, anon, authenticated, service_role;
grant execute on function public.get_index_usage() to service_role;

revoke all on function public.privacy_guardian_health_check() from public, anon, authenticated, service_role;
grant execute on function public.privacy_guardian_health_check() to service_role;

revoke all on function public.system_healthcheck() from public, anon, authenticated, service_role;
grant execute on function public.system_healthcheck() to service_role;

revoke all on function public.count_retention_data() from public, anon, authenticated, service_role;
grant execute on function public.count_retention_data() to service_role;

revoke all on function public.cleanup_retention_batch(text, integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_retention_batch(text, integer) to service_role;

revoke all on function public.cleanup_retention_data() from public, anon, authenticated, service_role;
grant execute on function public.cleanup_retention_data() to service_role;

revoke all on function public.count_telemetry_by_retention() from public, anon, authenticated, service_role;
grant execute on function public.count_telemetry_by_retention() to service_role;

revoke all on function public.cleanup_telemetry_batch(integer) from public, anon, authenticated, service_role;
grant execute on function public.cleanup_telemetry_batch(integer) to service_role;

revoke all on function public.cleanup_telemetry_by_retention() from public, anon, authenticated, service_role;
grant execute on function public.cleanup_telemetry_by_retention() to service_role;

revoke all on function public.audit_rls_violation(text, uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.audit_rls_violation(text, uuid, text) to service_role;

revoke all on function public.upsert_events(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.upsert_events(jsonb) to service_role;

revoke all on function public.upsert_spend(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.upsert_spend(jsonb) to service_role;

revoke all on function public.recompute_metrics_daily(date, date) from public, anon, authenticated, service_role;
grant execute on function public.recompute_metrics_daily(date, date) to service_role;


-- ---------------------------------------------------------------------------------------------------
-- Seeds
-- ---------------------------------------------------------------------------------------------------

insert into public.roles (name, description) values
  ('owner', 'Owns the organization and manages its members'),
  ('admin', 'Manages the organization, its members and its integrations'),
  ('member', 'Sees the organization and its workflows')
on conflict (name) do nothing;
