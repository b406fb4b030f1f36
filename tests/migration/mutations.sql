-- Everything that can be wrong with a good database, one thing at a time. A block is a name, what verify
-- must then find (state, severity, kind: identity), and the SQL that does it. Further lines of the head:
--   leaves: what is found after mending    stays: why mending can't bring it back
--   since: the oldest server that knows it    needs: an extension the server must offer

-- row security off
-- finds: changed critical table: public.events
alter table public.events disable row level security;

-- force off
-- finds: changed critical table: public.telemetry_events
alter table public.telemetry_events no force row level security;

-- force on
-- finds: changed error table: public.events
alter table public.events force row level security;

-- policy dropped
-- finds: missing critical policy: events_select on public.events
drop policy events_select on public.events;

-- policy always true
-- finds: changed critical policy: events_select on public.events
alter policy events_select on public.events using (true);

-- policy check loosened
-- finds: changed critical policy: events_insert on public.events
alter policy events_insert on public.events with check (true);

-- policy for another role
-- finds: changed critical policy: events_select on public.events
alter policy events_select on public.events to anon, authenticated;

-- policy for everybody
-- finds: changed critical policy: events_delete on public.events
alter policy events_delete on public.events to public;

-- policy for another command
-- finds: changed critical policy: events_select on public.events
drop policy events_select on public.events;
create policy events_select on public.events for all to authenticated using ("userId" = (select
  auth.uid()));

-- policy made restrictive
-- finds: changed critical policy: events_select on public.events
drop policy events_select on public.events;
create policy events_select on public.events as restrictive for select to authenticated using
  ("userId" = (select auth.uid()));

-- policy extra
-- finds: extra critical policy: "Anyone's ""own""" on public.events
create policy "Anyone's ""own""" on public.events using (true);

-- policy extra on zero trust
-- finds: extra critical policy: open on public.privacy_transparency_log
create policy open on public.privacy_transparency_log for select to service_role using (true);

-- trigger dropped
-- finds: missing error trigger: update_users_updated_at on public.users
drop trigger update_users_updated_at on public.users;

-- trigger disabled
-- finds: changed error trigger: update_users_updated_at on public.users
alter table public.users disable trigger update_users_updated_at;

-- trigger for another column
-- finds: changed error trigger: update_workflow_runs_updated_at on public.workflow_runs
drop trigger update_workflow_runs_updated_at on public.workflow_runs;
create trigger update_workflow_runs_updated_at before update on public.workflow_runs for each row
  execute function public.update_updated_at_column('created_at');

-- redaction trigger dropped
-- finds: missing critical trigger: auto_redact_telemetry_before_insert on public.telemetry_events
drop trigger auto_redact_telemetry_before_insert on public.telemetry_events;

-- redaction trigger disabled
-- finds: changed critical trigger: auto_redact_telemetry_before_insert on public.telemetry_events
alter table public.telemetry_events disable trigger auto_redact_telemetry_before_insert;

-- immutability trigger fires for origin only
-- finds: changed critical trigger: refuse_privacy_transparency_log_change on public.privacy_transparency_log
alter table public.privacy_transparency_log enable trigger refuse_privacy_transparency_log_change;

-- immutability trigger on replicas only
-- finds: changed critical trigger: refuse_privacy_transparency_log_truncate on public.privacy_transparency_log
alter table public.privacy_transparency_log enable replica trigger
  refuse_privacy_transparency_log_truncate;

-- immutability trigger dropped
-- finds: missing critical trigger: refuse_privacy_transparency_log_truncate on public.privacy_transparency_log
drop trigger refuse_privacy_transparency_log_truncate on public.privacy_transparency_log;

-- trigger extra
-- finds: extra warning trigger: mutation on public.events
create trigger mutation before update on public.events for each row execute function
  public.update_updated_at_column();

-- trigger extra on zero trust
-- finds: extra error trigger: mutation on public.telemetry_events
create trigger mutation before insert on public.telemetry_events for each row execute function
  public.update_updated_at_column();

-- rule
-- finds: extra critical rule: mutation on public.events
create rule mutation as on delete to public.events do instead nothing;

-- function body
-- finds: changed error function: public.is_admin()
create or replace function public.is_admin() returns boolean language sql stable set search_path =
  '' as $$ select true $$;

-- definer function body
-- finds: changed critical function: private.is_org_member(uuid)
create or replace function private.is_org_member(org_id uuid) returns boolean language sql stable
  security definer set search_path = '' as $$ select true $$;

-- definer gained
-- finds: changed critical function: public.is_admin()
alter function public.is_admin() security definer;

-- definer lost
-- finds: changed critical function: private.is_org_member(uuid)
alter function private.is_org_member(uuid) security invoker;

-- search_path lost on a definer
-- finds: changed critical function: private.my_org_ids()
alter function private.my_org_ids() reset search_path;

-- search_path widened on a definer
-- finds: changed critical function: public.cleanup_retention_data()
alter function public.cleanup_retention_data() set search_path = public;

-- search_path lost
-- finds: changed error function: public.update_updated_at_column()
alter function public.update_updated_at_column() reset search_path;

-- setting added
-- finds: changed error function: public.is_admin()
alter function public.is_admin() set row_security = off;

-- volatility
-- finds: changed error function: public.is_admin()
alter function public.is_admin() volatile;

-- strictness
-- finds: changed error function: public.redact_telemetry_metadata(jsonb)
alter function public.redact_telemetry_metadata(jsonb) strict;

-- cost
-- finds: changed error function: public.is_admin()
alter function public.is_admin() cost 7;

-- arguments renamed
-- finds: changed error function: public.redact_telemetry_metadata(jsonb)
drop function public.redact_telemetry_metadata(jsonb);
create function public.redact_telemetry_metadata(other jsonb) returns jsonb language sql immutable
  set search_path = '' as $$ select other $$;
revoke all on function public.redact_telemetry_metadata(jsonb) from public;
grant execute on function public.redact_telemetry_metadata(jsonb) to authenticated, service_role;

-- result changed
-- finds: changed critical function: public.get_table_sizes()
drop function public.get_table_sizes();
create function public.get_table_sizes() returns integer language sql stable security definer set
  search_path = '' as $$ select 1 $$;
revoke all on function public.get_table_sizes() from public;
grant execute on function public.get_table_sizes() to service_role;

-- function dropped
-- finds: missing error function: public.get_table_sizes()
drop function public.get_table_sizes();

-- overload
-- finds: extra warning function: public.is_admin(integer)
create function public.is_admin(integer) returns boolean language sql set search_path = '' as
  'select true';

-- definer overload for everybody
-- finds: extra critical function: public.is_admin(integer)
create function public.is_admin(integer) returns boolean language sql security definer set
  search_path = '' as 'select true';

-- definer overload without search_path
-- finds: extra critical function: public.is_admin(integer)
create function public.is_admin(integer) returns boolean language sql security definer as 'select
  true';
revoke all on function public.is_admin(integer) from public;

-- function owner
-- finds: changed warning function: public.is_admin()
create role mutation_outsider;
alter function public.is_admin() owner to mutation_outsider;

-- definer function owner
-- finds: changed critical function: private.my_org_ids()
create role mutation_outsider;
alter function private.my_org_ids() owner to mutation_outsider;

-- grant on a table
-- finds: extra error grant: SELECT on public.events to anon
grant select on public.events to anon;

-- grant to PUBLIC
-- finds: extra error grant: TRUNCATE on public.events to PUBLIC
grant truncate on public.events to public;

-- grant on zero trust
-- finds: extra critical grant: SELECT on public.telemetry_events to service_role
grant select on public.telemetry_events to service_role;

-- grant on a zero-trust column
-- finds: extra critical grant: SELECT ("userId") on public.privacy_transparency_log to anon
grant select ("userId") on public.privacy_transparency_log to anon;

-- grant all
-- finds: extra error grant: SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER on public.events to anon
grant all on public.events to anon;

-- grant option
-- finds: changed error grant: SELECT on public.events to authenticated
grant select on public.events to authenticated with grant option;

-- grant to a stranger
-- finds: extra warning grant: SELECT on public.events to mutation_outsider
create role mutation_outsider;
grant select on public.events to mutation_outsider;

-- grant maintain
-- finds: extra error grant: MAINTAIN on public.events to anon
-- since: 17
grant maintain on public.events to anon;

-- revoke on a table
-- finds: missing error grant: DELETE on public.events to authenticated
revoke delete on public.events from authenticated;

-- grant on a column
-- finds: extra error grant: SELECT ("passwordHash") on public.users to authenticated
grant select ("passwordHash") on public.users to authenticated;

-- revoke on columns
-- finds: missing error grant: UPDATE (image, name) on public.users to authenticated
revoke update (name, image) on public.users from authenticated;

-- grant on a table that has column grants
-- finds: extra error grant: SELECT on public.users to authenticated
grant select on public.users to authenticated;

-- grant on a sequence
-- finds: extra error grant: USAGE on sequence public.audit_log_id_seq to anon
grant usage on sequence public.audit_log_id_seq to anon;

-- grant on a definer function
-- finds: extra critical grant: EXECUTE on function public.cleanup_retention_data() to PUBLIC
grant execute on function public.cleanup_retention_data() to public;

-- grant on a function
-- finds: extra error grant: EXECUTE on function public.is_admin() to anon
grant execute on function public.is_admin() to anon;

-- revoke on a function
-- finds: missing error grant: EXECUTE on function public.is_admin() to authenticated
revoke execute on function public.is_admin() from authenticated;

-- grant on a schema
-- finds: extra error grant: USAGE on schema private to anon
grant usage on schema private to anon;

-- revoke on a schema
-- finds: missing error grant: USAGE on schema private to authenticated
revoke usage on schema private from authenticated;

-- create in schema public
-- finds: extra error grant: CREATE on schema public to PUBLIC
grant create on schema public to public;

-- no usage of schema public
-- finds: missing error grant: USAGE on schema public to anon
revoke usage on schema public from anon;

-- column dropped
-- finds: missing error column: public.events.tool
-- leaves: changed info column order: public.events
alter table public.events drop column tool;

-- column with an index dropped
-- finds: missing error column: public.events."eventType"
-- leaves: changed info column order: public.events
alter table public.events drop column "eventType";

-- column with policies dropped
-- finds: missing critical column: public.events."userId"
-- leaves: changed info column order: public.events
alter table public.events drop column "userId" cascade;

-- column type
-- finds: changed error column: public.events.tool
alter table public.events alter column tool type varchar(80);

-- column type under a policy and a key
-- finds: changed error column: public.cohorts."userId"
-- finds: missing error constraint: "cohorts_userId_fkey" on public.cohorts
-- finds: changed critical policy: cohorts_select on public.cohorts
drop policy cohorts_select on public.cohorts;
alter table public.cohorts drop constraint "cohorts_userId_fkey";
alter table public.cohorts alter column "userId" type text;
create policy cohorts_select on public.cohorts for select to authenticated
  using ("userId" = (select auth.uid())::text);

-- column type that would lose
-- finds: changed error column: public.utm_tracks."timestamp"
-- stays: the time zone is lost
alter table public.utm_tracks alter column "timestamp" type timestamp;

-- grant all on top of some
-- finds: extra error grant: TRUNCATE, REFERENCES, TRIGGER on public.events to authenticated
grant all on public.events to authenticated;

-- column collation
-- finds: changed error column: public.events.tool
alter table public.events alter column tool type text collate "POSIX";

-- column null
-- finds: changed error column: public.events."filePath"
alter table public.events alter column "filePath" drop not null;

-- column not null
-- finds: changed error column: public.events.tool
alter table public.events alter column tool set not null;

-- column default dropped
-- finds: changed error column: public.events.id
alter table public.events alter column id drop default;

-- column default changed
-- finds: changed error column: public.workflow_runs.retries
alter table public.workflow_runs alter column retries set default 7;

-- column identity dropped
-- finds: changed error column: public.audit_log.id
alter table public.audit_log alter column id drop identity;

-- column serial as in older databases
-- finds: changed error column: public.metrics_log.id
-- finds: extra error grant: SELECT, USAGE on sequence public.metrics_log_id_seq to anon
alter table public.metrics_log alter column id drop identity;
create sequence public.metrics_log_id_seq owned by public.metrics_log.id;
alter table public.metrics_log alter column id
  set default nextval('public.metrics_log_id_seq');
grant select, usage on sequence public.metrics_log_id_seq to anon;
insert into public.metrics_log (source, metric) values ('web', '{}'), ('web', '{}');

-- column identity by default
-- finds: changed error column: public.audit_log.id
alter table public.audit_log alter column id set generated by default;

-- column extra
-- finds: extra warning column: public.events.mutation
-- stays: dropping it would lose its values
alter table public.events add column mutation text;

-- column order
-- finds: changed info column order: public.events
-- stays: a table's columns can't be moved
alter table public.events drop column tool;
alter table public.events add column tool text;

-- not null not valid
-- finds: changed error column: public.events."filePath"
-- since: 18
alter table public.events alter column "filePath" drop not null;
alter table public.events add constraint mutation not null "filePath" not valid;

-- check dropped
-- finds: missing error constraint: "events_eventType_check" on public.events
alter table public.events drop constraint "events_eventType_check";

-- check not valid
-- finds: changed error constraint: patterns_count_check on public.patterns
alter table public.patterns drop constraint patterns_count_check;
alter table public.patterns add constraint patterns_count_check check (count >= 0) not valid;

-- check changed
-- finds: changed error constraint: patterns_count_check on public.patterns
alter table public.patterns drop constraint patterns_count_check, add constraint
  patterns_count_check check (count >= -1);

-- check extra
-- finds: extra warning constraint: mutation on public.events
alter table public.events add constraint mutation check (tool <> 'x');

-- check not enforced
-- finds: changed error constraint: patterns_count_check on public.patterns
-- since: 18
alter table public.patterns drop constraint patterns_count_check, add constraint
  patterns_count_check check (count >= 0) not enforced;

-- foreign key action
-- finds: changed error constraint: "events_userId_fkey" on public.events
alter table public.events drop constraint "events_userId_fkey", add constraint
  "events_userId_fkey" foreign key ("userId") references public.users (id) on delete set null;

-- foreign key dropped
-- finds: missing error constraint: "events_userId_fkey" on public.events
alter table public.events drop constraint "events_userId_fkey";

-- foreign key not checked
-- finds: changed error constraint: "events_userId_fkey" on public.events
alter table public.events disable trigger all;

-- unique dropped
-- finds: missing error constraint: organizations_slug_key on public.organizations
alter table public.organizations drop constraint organizations_slug_key;

-- unique on another column
-- finds: changed error constraint: organizations_slug_key on public.organizations
alter table public.organizations drop constraint organizations_slug_key, add constraint
  organizations_slug_key unique (name);

-- primary key dropped
-- finds: missing error constraint: events_pkey on public.events
alter table public.events drop constraint events_pkey;

-- index dropped
-- finds: missing error index: public.idx_events_file_path
drop index public.idx_events_file_path;

-- index predicate
-- finds: changed error index: public.idx_events_file_path
drop index public.idx_events_file_path;
create index idx_events_file_path on public.events ("filePath") where "filePath" <> '';

-- index invalid
-- finds: changed error index: public.idx_events_file_path
set local allow_system_table_mods = on;
update pg_catalog.pg_index set indisvalid = false where indexrelid =
  'public.idx_events_file_path'::regclass;

-- index extra
-- finds: extra warning index: public.mutation
create index mutation on public.events (tool);

-- unlogged
-- finds: changed error table: public.metrics_daily
alter table public.metrics_daily set unlogged;

-- table owner
-- finds: changed warning table: public.events
create role mutation_outsider;
alter table public.events owner to mutation_outsider;

-- storage parameter
-- finds: changed error table: public.events
alter table public.events set (autovacuum_enabled = off, fillfactor = 50);

-- replica identity
-- finds: changed error table: public.events
alter table public.events replica identity full;

-- inherits
-- finds: changed error table: public.events
create table public.mutation (tool text);
grant usage on schema public to anon;
alter table public.events inherit public.mutation;

-- table dropped
-- finds: missing error table: public.metrics_daily
-- finds: missing critical policy: metrics_daily_service on public.metrics_daily
-- finds: missing error grant: SELECT, INSERT, UPDATE, DELETE on public.metrics_daily to service_role
drop table public.metrics_daily;

-- view in a table's place
-- stays: a view stands where the table belongs
alter table public.metrics_daily rename to mutation;
create view public.metrics_daily as select * from public.mutation;

-- comment
-- finds: extra warning comment: table public.events
comment on table public.events is 'it''s a \ mutation';

-- schema owner
-- finds: changed warning schema: private
create role mutation_outsider;
alter schema private owner to mutation_outsider;

-- anon bypasses
-- finds: changed critical role: anon
alter role anon bypassrls;

-- authenticated is a superuser
-- finds: changed critical role: authenticated
alter role authenticated superuser;

-- anon becomes service_role
-- finds: changed critical role: anon
grant service_role to anon;

-- anon logs in
-- finds: changed error role: anon
alter role anon login;

-- service_role does not bypass
-- finds: changed error role: service_role
alter role service_role nobypassrls;

-- zero trust published
-- finds: extra critical publication: public.telemetry_events in mutation
create publication mutation for table public.telemetry_events;

-- published
-- finds: extra info publication: public.events in mutation
create publication mutation for table public.events;

-- everything published
-- finds: extra critical publication: public.privacy_prefs in mutation
-- finds: extra critical publication: public.privacy_transparency_log in mutation
-- finds: extra critical publication: public.telemetry_events in mutation
-- stays: the publication is not ours to drop
create publication mutation for all tables;

-- default privileges
-- finds: extra info default privileges: tables in schema public by postgres
alter default privileges in schema public grant select on tables to anon;

-- default privileges everywhere
-- finds: extra info default privileges: functions by postgres
alter default privileges grant execute on functions to anon;

-- extension dropped
-- finds: missing error extension: pgcrypto
-- needs: pgcrypto
drop extension pgcrypto;

-- extension moved
-- finds: changed error extension: pgcrypto
-- needs: pgcrypto
alter extension pgcrypto set schema public;

-- auth.uid() answers somebody else
-- finds: changed critical function: auth.uid()
-- stays: schema auth is not ours to change
create or replace function auth.uid() returns uuid language sql stable set search_path = '' as $$
  select 'ffffffff-ffff-4fff-bfff-ffffffffffff'::uuid $$;

-- auth.uid() answers without claims
-- finds: changed critical function: auth.uid()
-- stays: schema auth is not ours to change
create or replace function auth.uid() returns uuid language sql stable set search_path = '' as $$
  select coalesce((nullif(current_setting('request.jwt.claims', true), '')::jsonb ->>
  'sub')::uuid, 'ffffffff-ffff-4fff-bfff-ffffffffffff') $$;

-- auth.role() fails
-- finds: changed critical function: auth.uid()
-- stays: schema auth is not ours to change
create or replace function auth.role() returns text language plpgsql stable as $$ begin raise
  exception 'no';
end $$;
