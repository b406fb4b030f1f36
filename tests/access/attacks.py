"""What somebody might type, or put into a database, to get out of a preview."""

from __future__ import annotations

from console.access.entrance import ContainmentBroken
from console.errors import ConsoleError

LONG = "evil_" + 58 * "x"
"""A name as long as the server lets one be; it cuts what is longer."""

SETUP = """
create extension dblink;
create extension tablefunc;
create table public.ledger (id int primary key, owner uuid, note text default 'x');
insert into public.ledger select n, auth.uid(), 'row ' || n from generate_series(1, 5) as n;
create table public.prey (id int primary key, owner uuid default auth.uid(), note text);
insert into public.prey select n, null, 'row ' || n from generate_series(1, 5) as n;
alter table public.prey enable row level security;
grant all on public.ledger, public.prey to anon, authenticated, service_role;
create sequence public.counter;
grant all on public.counter to public;

create function public.evil_write() returns boolean language plpgsql security definer as
  'begin insert into public.ledger values (99); return true; end';
create function public.evil_delete() returns boolean language plpgsql as
  'begin delete from public.ledger; return true; end';
create function public.evil_role() returns boolean language plpgsql stable as
  $$ begin perform set_config('role', 'none', true); return true; end $$;
create function public.evil_becoming() returns boolean language plpgsql as
  $$ begin perform set_config('role', 'anon', true); return true; end $$;
create function public.evil_reset() returns boolean language plpgsql as
  'begin reset role; return true; end';
create function public.evil_local_role() returns boolean language plpgsql as
  'begin set local role postgres; return true; end';
create function public.evil_read_write() returns boolean language plpgsql as
  $$ begin perform set_config('transaction_read_only', 'off', true); return true; end $$;
create function public.evil_claims() returns boolean language plpgsql as
  $$ begin perform set_config('request.jwt.claims', '{"sub": "x"}', true); return true; end $$;
create function public.evil_row_security() returns boolean language plpgsql as
  $$ begin perform set_config('row_security', 'off', true); return true; end $$;
create function public.evil_lock() returns boolean language plpgsql as
  'begin perform pg_advisory_lock(4711); return true; end';
create function public.evil_sequence() returns boolean language sql as
  $$ select nextval('public.counter') > 0 $$;
create function public.evil_notify() returns boolean language plpgsql as
  $$ begin perform pg_notify('evil', 'x'); return true; end $$;
create function public.evil_listen() returns boolean language plpgsql as
  'begin listen evil; return true; end';
create function public.evil_prepare() returns boolean language plpgsql as
  $$ begin execute 'prepare evil as select 1'; return true; end $$;
create function public.evil_temp() returns boolean language plpgsql as
  'begin create temp table evil (a int); return true; end';
create function public.evil_commit() returns boolean language plpgsql as
  'begin commit; return true; end';
create function public.evil_raise() returns boolean language plpgsql as
  $$ begin raise exception E'\\033[2Jgone'; end $$;
create function public.evil_terminate() returns boolean language sql as
  $$ select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sentinel' $$;
create function public.evil_forever() returns boolean language plpgsql as
  $$ begin perform set_config('statement_timeout', '0', true); loop end loop; end $$;
create function public.evil_session() returns boolean language plpgsql as
  'begin set local session authorization default; reset role; return true; end';
create function public.evil_hidden(public.prey) returns boolean language sql volatile as
  $$ select set_config('role', 'none', true) is not null $$;
create function public.evil_operator(int, int) returns boolean language sql volatile as
  $$ select set_config('role', 'none', true) is not null $$;
create operator public.@!! (function = public.evil_operator, leftarg = int, rightarg = int);
create view public.evil_view as select set_config('role', 'none', true) as set;
create view public.evil_rows as select p.*, public.evil_role() as owned from public.prey as p;
grant select on public.evil_view, public.evil_rows to anon, authenticated;

create function public.evil_kill() returns boolean language plpgsql stable as $$ begin
  perform set_config('role', 'none', true);
  perform pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sentinel';
  perform set_config('role', 'authenticated', true);
  return true;
end $$;
create function public.evil_hold() returns boolean language plpgsql stable as $$ begin
  perform pg_advisory_lock(4711) from (select set_config('role', 'none', true)) as x;
  perform set_config('role', 'authenticated', true);
  return true;
end $$;
create view public.evil_killer as select public.evil_kill() as x;
create function public.evil_state(int, int) returns int language sql stable as
  $$ select $2 where public.evil_kill() $$;
create aggregate public.evil_sum(int) (sfunc = public.evil_state, stype = int, initcond = '0');
create function public.evil_final(int) returns int language sql stable as
  $$ select $1 where public.evil_kill() $$;
create aggregate public.evil_end(int)
  (sfunc = int4pl, stype = int, initcond = '0', finalfunc = public.evil_final);
create aggregate public.evil_moving(int) (sfunc = int4pl, stype = int, initcond = '0',
  msfunc = public.evil_state, minvfunc = public.evil_state, mstype = int, minitcond = '0');
create type public.evil_pair as (a int);
create function public.evil_text(public.evil_pair) returns text language sql stable as
  $$ select 'x' where public.evil_kill() $$;
create cast (public.evil_pair as text) with function public.evil_text(public.evil_pair);
create function public.evil_number(public.evil_pair) returns int language sql stable as
  $$ select 1 where public.evil_kill() $$;
create cast (public.evil_pair as int) with function public.evil_number(public.evil_pair)
  as implicit;
create function public.evil_json(public.evil_pair) returns json language sql stable as
  $$ select '1'::json where public.evil_kill() $$;
create cast (public.evil_pair as json) with function public.evil_json(public.evil_pair);
create function public.evil_times(public.evil_pair, int) returns int language sql stable as
  $$ select 1 where public.evil_kill() $$;
create operator public.* (
  function = public.evil_times, leftarg = public.evil_pair, rightarg = int);
create function public.evil_check(int) returns boolean language sql stable as
  $$ select public.evil_kill() $$;
create domain public.evil_int as int check (public.evil_check(value));
create domain public.evil_lock_int as int check (pg_advisory_lock(value) is not null);
create type public.evil_box as (a public.evil_int, b text);
create function public.{LONG}() returns boolean language sql stable as
  $$ select public.evil_kill() $$;
create function public."evil_É"() returns boolean language sql stable as
  $$ select public.evil_kill() $$;
create function public.evil_given(public.prey, int default 1) returns boolean language sql stable as
  $$ select public.evil_kill() $$;
""".replace("{LONG}", LONG)

DBLINK = "dblink_exec('dbname=' || current_database(), 'delete from public.ledger')"

REACHING = [
    "evil_kill()",
    "evil_hold()",
    "(select evil_sum(1)) is not null",
    "(select evil_end(1)) is not null",
    "(select evil_moving(1) over (rows 1 preceding) limit 1) is not null",
    "exists (select evil_moving(n) over (order by n rows 1 preceding)"
    " from generate_series(1, 3) as n offset 2)",
    "row(1)::public.evil_pair::text is not null",
    "cast(row(1)::public.evil_pair as text) is not null",
    "row(1)::public.evil_pair + 1 > 0",
    "to_json(row(1)::public.evil_pair) is not null",
    "row(1)::public.evil_pair * 1 > 0",
    "row(1)::public.evil_pair *-1 > 0",
    "id::evil_int is not null",
    "evil_int '1' is not null",
    "'{1}'::evil_int[] is not null",
    "'(1,x)'::evil_box is not null",
    "json_populate_record(null::evil_box, '{\"a\": 1}') is not null",
    "record_in('(1,x)', 'evil_box'::regtype, -1) is not null",
    "array_in('{1}', 'evil_int'::regtype, -1) is not null",
    "id::evil_lock_int is not null",
    "pg_input_is_valid('1', 'evil_int')",
    "table_to_xml('evil_killer', true, true, '') is not null",
    "table_to_xml_and_xmlschema('evil_killer', true, true, '') is not null",
    "schema_to_xml('public', true, true, '') is not null",
    "database_to_xml(true, true, '') is not null",
    "query_to_xml('select evil_kill()', true, true, '') is not null",
    "query_to_xmlschema('select evil_kill()', true, true, '') is not null",
    "exists (table evil_killer)",
    "exists (select from ledger, evil_killer)",
    f"{LONG}()",
    f"{LONG}_and_more()",
    "evil_É()",
    "(prey.*).evil_given",
    "exists (select from prey p where p.evil_given)",
]
"""What calls a function, or reads a view, that may end a session or hold a lock."""

HARMLESS = "note = '\x1b]52;c;x\x07'"
TYPED = [
    "true; delete from public.ledger",
    "true); delete from public.ledger; --",
    "true) from pg_sleep(0); --",
    "true) or (true",
    "true /*",
    "true -- ",
    "E'\\'",
    "E'\\' or true; --'",
    "$1",
    "$a$",
    "'",
    '"',
    "rollback",
    "commit; begin",
    "reset role",
    "select true",
    "with d as (delete from public.ledger returning 1) select true",
    "(with d as (delete from public.ledger returning 1) select count(*) from d) > 0",
    "(select count(*) from public.ledger for update) > 0",
    "exists (select from public.ledger for update)",
    "set_config('role', 'none', true) = 'none'",
    "pg_catalog.set_config('role', 'postgres', true) is not null",
    "\"set_config\"('role', 'none', true) is not null",
    "pg_catalog.\"set_config\"('role', 'none', false) is null",
    "U&\"set\\005fconfig\"('role', 'none', true) is not null",
    "(select set_config('transaction_read_only', 'off', true)) = 'off'",
    "set_config('request.jwt.claims', '{}', true) is not null",
    "query_to_xml('select set_config(''role'', ''none'', true)', true, true, '') is not null",
    "exists (select from ts_stat('select set_config(''role'', ''none'', true)::tsvector'))",
    "exists (select from crosstab('select set_config(''role'',''none'',true),1,1') as (a text))",
    f"{DBLINK} is not null",
    "exists (select from dblink('', 'delete from public.ledger') as x (a int))",
    "dblink_connect('evil', 'dbname=postgres') = 'OK'",
    "pg_terminate_backend((select min(pid) from pg_stat_activity))",
    "pg_cancel_backend(1)",
    "pg_advisory_lock(4711) is null",
    "pg_try_advisory_lock(4711)",
    "pg_advisory_xact_lock(4711) is null",
    "nextval('public.counter') > 0",
    "setval('public.counter', 500) > 0",
    "lo_create(4711) > 0",
    "lo_import('/etc/passwd') > 0",
    "pg_read_file('/etc/passwd') is not null",
    "pg_notify('evil', 'x') is null",
    "txid_current() > 0",
    "pg_current_xact_id() is not null",
    "pg_logical_emit_message(true, 'a', 'b') is not null",
    "pg_reload_conf()",
    "pg_sleep(3600) is null",
    "evil_write()",
    "public.evil_role()",
    "prey.evil_hidden",
    "(prey.*).evil_hidden",
    "1 operator(public.@!!) 2",
    "exists (select from public.evil_view)",
    "exists (select from evil_rows)",
    *REACHING,
    "(select count(*) from generate_series(1, 1000000000000)) > 0",
    "true\0",
    "\ud800 = 'x'",
    HARMLESS,
]

STORED = {
    "evil_write": None,
    "evil_delete": None,
    "evil_role": ContainmentBroken,
    "evil_reset": ContainmentBroken,
    "evil_local_role": ContainmentBroken,
    "evil_read_write": None,
    "evil_claims": ContainmentBroken,
    "evil_row_security": ConsoleError,
    "evil_lock": None,
    "evil_sequence": None,
    "evil_notify": None,
    "evil_listen": None,
    "evil_prepare": None,
    "evil_temp": None,
    "evil_commit": None,
    "evil_raise": None,
    "evil_terminate": None,
    "evil_session": ContainmentBroken,
}
"""Functions that a policy calls, and what has to come of it where it must be an alarm."""

OPEN = """
grant execute on all functions in schema public to public;
create policy p on public.prey to anon, authenticated using (id > 2) with check (id > 2);
"""
"""A policy like any other, and every trap within reach of who looks through it."""

SOME = TYPED[::6]
"""A part of the attacks, one of every kind."""

FOREVER = "select public.evil_forever()"
ENDLESS = [FOREVER, *(text for text in TYPED if "3600" in text or "1000000000000" in text)]
"""What runs for as long as it is let, where it is run at all."""

BURIED = (
    "checked",
    "generated",
    "defaulted",
    "domained",
    "sought",
    "viewed",
    "broken_out",
    "rowed",
    "keyed",
    "matched",
    "prepared",
)
"""Tables of `BURY`: each holds something that acts if a superuser runs it, and lies for others."""

BURY = r"""
create table public.prey (id int);
create table public.ledger (id int);
create sequence public.counter;

create function public.trap(anyelement) returns boolean language plpgsql immutable as $$
begin
  if (select rolsuper from pg_roles where rolname = current_user) then
    perform pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sentinel';
    perform pg_advisory_lock(4712);
  end if;
  return true;
end $$;
create function public.for_superusers(int) returns text language plpgsql as $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    raise exception 'not for you';
  end if;
  return 'x';
end $$;

create table public.checked (id int primary key, note text, check (public.trap(id)));
create table public.generated (
  id int primary key, note text, other boolean generated always as (public.trap(id)) stored);
create table public.defaulted (
  id int primary key, note text,
  a text default public.for_superusers(1), b boolean default public.trap(1));
create domain public.guarded as int check (public.trap(value));
create table public.domained (id public.guarded primary key, note text);

create table public.pack (id int primary key, t text default 'x');
insert into public.pack select generate_series(1, 5);
create view public.evil_pack as select id from public.pack where public.trap(id);
create table public.sought (id int primary key, note text);
create policy p on public.sought using (
  exists (select from public.pack as m where m.id = sought.id and public.trap(m.id) and m.id > 9));
create table public.viewed (id int primary key, note text);
create policy p on public.viewed using (
  exists (select from public.evil_pack as v where v.id = viewed.id and v.id > 9));

create function public.breaks_out(o int) returns boolean
  language sql set standard_conforming_strings = off as $f$
  select true from public.pack m where m.id = $1 and m.t = '\' ) from public.pack m;
    commit; begin read write; create table public.evil as select 1; commit; --'
$f$;
create table public.broken_out (id int primary key, note text);
create policy p on public.broken_out using (public.breaks_out(id));

create table public.rowed (id int primary key, note text);
create function public.row_text(public.rowed) returns text language sql immutable as
  $$ select case when public.trap(1) then '(1,x)' end $$;
create cast (public.rowed as text) with function public.row_text(public.rowed);

create type public.ident as enum ('1', '2', '3', '4', '5', '9');
create function public.ident_text(public.ident) returns text language sql immutable as
  $$ select case when public.trap(1) then '1' end $$;
create cast (public.ident as text) with function public.ident_text(public.ident);
create table public.keyed (id public.ident primary key, note text);

create type public.badge as enum ('1', '2', '3', '4', '5', '9');
create function public.badge_text(public.badge) returns text language sql immutable as
  $$ select case when public.trap(1) then '1' end $$;
create domain public.token as public.badge;
create table public.matched (id public.badge primary key, note text);
create table public.matching (
  id int primary key, badge public.badge references public.matched, token public.token unique);
create cast (public.badge as text) with function public.badge_text(public.badge) as implicit;

create type public.pair as (a public.guarded);
create schema shut;
create function shut.yes(public.pair) returns boolean language sql as 'select true';
create table public.prepared (id int primary key, note text);
create policy p on public.prepared using (shut.yes('(1)'::public.pair));

do $$
declare
  name text;
begin
  foreach name in array '{BURIED}'::text[] loop
    execute format('insert into public.%I (id, note) values (''1'', ''a''), (''2'', ''b'')', name);
    execute format('alter table public.%I enable row level security', name);
    if not exists (select from pg_policies where tablename = name) then
      execute format('create policy p on public.%I using (note <> ''a'') with check (true)', name);
    end if;
  end loop;
end $$;
create view public.locking as
  select id, t as note, pg_advisory_lock(4712) is null as held from public.pack;
grant usage on schema public to authenticated;
grant all on all tables in schema public to authenticated;
""".replace("{BURIED}", f"{{{','.join(BURIED)}}}")
