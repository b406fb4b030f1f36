"""The riddles' cast with fixed times, and policies that fail or break out: for pictures."""

from __future__ import annotations

from console.access.persona import of_role, of_user
from tests.access import cast

ADA = of_user(cast.ADA, email="ada@example.com")
ANON = of_role("anon")

ACME = f"""
set session_replication_role = replica;
insert into users (id, email, name, "createdAt") values
  ('{cast.ADA}', 'ada@example.com', 'Ada Lindqvist', '2025-06-10 08:00+00'),
  ('{cast.BERT}', 'bert@example.com', 'Bert Okafor', '2025-06-11 08:00+00'),
  ('{cast.HIRO}', 'carol@example.com', 'Carol Mendes', '2025-06-12 08:00+00'),
  ('{cast.GIULIA}', 'cai.morgan@example.com', 'Cai Morgan', '2025-06-13 08:00+00'),
  ('{cast.SOFIA_SSO}', 'Carol@example.com', 'Carol Mendes', '2025-06-14 08:00+00');
insert into auth.users (id, email, created_at, last_sign_in_at, is_anonymous, banned_until,
                        deleted_at) values
  ('{cast.ADA}', 'ada@example.com', '2025-06-10 08:00+00', '2026-03-01 09:00+00', false, null,
    null),
  ('{cast.GIULIA}', 'cai.morgan@example.com', '2025-06-13 08:00+00', null, false, null,
    '2026-01-01 00:00+00'),
  ('{cast.BERT}', 'bert@example.com', '2025-06-11 08:00+00', '2026-02-01 09:00+00', false,
    'infinity', null),
  ('{cast.STRANGER}', null, '2026-02-02 08:00+00', '2026-02-02 08:00+00', true, null, null);
insert into organizations (id, name, slug) values
  ('{cast.GLOBEX}', 'Globex', 'globex'),
  ('{cast.STRANGER}', 'Acme', 'acme');
insert into organization_members ("organizationId", "userId", role) values
  ('{cast.STRANGER}', '{cast.ADA}', 'member'), ('{cast.GLOBEX}', '{cast.HIRO}', 'owner');
insert into workflows (id, "userId", "organizationId", name, definition) values
  ('{cast.INVOICE_SYNC}', '{cast.BERT}', '{cast.GLOBEX}', 'Invoice sync', '{{}}'),
  ('{cast.PAYROLL_EXPORT}', '{cast.ADA}', null, 'Nightly import', '{{}}');
insert into audit_logs (id, "userId", action, resource, "resourceId", metadata, "timestamp") values
  ('{cast.GLOBEX}', '{cast.HIRO}', 'member.removed', 'organization_members', '1',
   '{{"organizationId": "{cast.GLOBEX}", "userId": "{cast.ADA}", "reason": "left the project"}}',
   '2026-02-20 16:58+00');
insert into subscriptions (id, "userId", plan, status) values
  ('{cast.GIULIAS_PLAN}', '{cast.ADA}', 'pro', 'past_due');
set session_replication_role = origin;
create table readings (id int primary key, "userId" uuid, steps int);
insert into readings values (1, '{cast.ADA}', 0), (2, '{cast.ADA}', 3);
create function leap() returns boolean language plpgsql stable as
  $$ begin perform set_config('role', 'none', true); return true; end $$;
create table leaky (id int primary key);
insert into leaky values (1);
alter table readings enable row level security;
alter table leaky enable row level security;
grant select on readings to authenticated;
grant select on leaky to anon;
create policy readings_select on readings for select to authenticated using (60 / steps > 10);
create policy leaky_select on leaky for select to anon using (leap());
create view slow as select pg_sleep(60)::text as slept;
analyze;
"""
