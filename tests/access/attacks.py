"""What somebody might type, or put into a database, to get out of a preview."""

from __future__ import annotations

from console.access.entrance import ContainmentBroken
from console.errors import ConsoleError

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
"""

DBLINK = "dblink_exec('dbname=' || current_database(), 'delete from public.ledger')"

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
