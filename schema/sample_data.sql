-- Sample data for a fresh database that has the master schema: people, organizations and a year of their
-- work, made for looking around and for practice. Never for a database that holds anybody's real data.
--
-- Run it in one transaction as the owner of the tables. `rowsight.rows` is the number of rows in events
-- (20000 if not set); the other tables scale with it, and what the riddles need is there even with 0:
--   psql -1 -c 'set rowsight.rows = 1000' -f schema/sample_data.sql
-- Ids are the same at every load: md5 of the table's name and a number. Nothing is random, but every time
-- counts back from now(). Addresses are of example.com, .net and .org, and of networks kept for examples.
--
-- Riddles for whoever is on call: what a person says, and where it comes from.
--   1 ada@example.com: "my workflow 'Invoice sync' has vanished". It is Globex', and carol removed her
--     membership two days ago (audit_logs, member.removed).
--   2 fatima@example.org: "the offer 'welcome-pro-30' is advertised, but I cannot see it". It was switched
--     off yesterday (audit_logs, offer.disabled); the campaign still runs (spend, utm_tracks).
--   3 bert@example.com: "telemetry cannot be saved and my switches are gone". He has no privacy_prefs: he
--     deleted them six days ago, and allow-list and signals went along (privacy_transparency_log).
--   4 dara@example.com: "I can see 'Payroll export' but saving changes nothing". She is a member of Initech;
--     the workflow is emeka's, and only its owner may write it.
--   5 sofia.rossi@example.com: "my workflow 'Customs forms' is gone". She signs in as Sofia.Rossi@example.com,
--     an empty second account made three days ago, when single sign-on spelled her address otherwise.
--     Beside it: the banned account that looks like nadia.petrova@example.com has a Cyrillic letter.
--   6 giulia@example.org: "I saved my plan as active, yet it stays past due". Users hold no UPDATE on
--     subscriptions; the payment failed three times (audit_logs, subscription.payment_failed).
--   7 hiro@example.com: "I am an administrator and see nobody's data". The claim app_metadata.role is admin,
--     and is_admin() agrees, but no policy asks it.
--   8 "The disk is filling": the nightly clean-up has not run for nine days (retention_policies.lastRun;
--     audit_log, retention.failed).
--
-- Hostile text, on purpose and marked "hostile" in metadata, definition or name: a console must survive it.
-- The look-alike's name, which ends in a zero-width space, is not marked: that is its trick.


-- ---------------------------------------------------------------------------------------------------
-- Tools, dropped at the end
-- ---------------------------------------------------------------------------------------------------

set local timezone = 'UTC';

set local jit = off;

create function pg_temp.rows() returns integer stable language sql
  return greatest(0, coalesce(nullif(current_setting('rowsight.rows', true), ''), '20000')::integer);

-- People and organizations: those with a name of their own, and more where there is more to do.
create function pg_temp.users() returns integer stable language sql
  return 60 + least(pg_temp.rows() / 200, 100000);

-- Those who have been here for 200 days and more; the last third came later and has not done much yet.
create function pg_temp.regulars() returns integer stable language sql
  return 60 + least(pg_temp.rows() / 200, 100000) * 7 / 10;

create function pg_temp.organizations() returns integer stable language sql
  return 10 + least(pg_temp.rows() / 10000, 2000);

create function pg_temp.workflows() returns integer stable language sql
  return 36 + least(pg_temp.rows() / 100, 200000);

create function pg_temp.id(kind text, i bigint) returns uuid immutable language sql
  return md5(kind || ' ' || i::text)::uuid;

-- 0 … sides - 1: what row i threw with die number `die`.
create function pg_temp.throw(i bigint, die integer, sides integer) returns integer immutable language sql
  return ((hashint8extended(i, die) & 2147483647) % sides)::integer;

-- 0 … 1
create function pg_temp.share(i bigint, die integer) returns double precision immutable language sql
  return (hashint8extended(i, die) & 2147483647) / 2147483648.0::double precision;

create function pg_temp.pick(i bigint, die integer, choices text[]) returns text immutable language sql
  return choices[1 + (hashint8extended(i, die) & 2147483647) % cardinality(choices)];

-- Some regulars work more than others: the lower the number, the more.
create function pg_temp.somebody(i bigint, die integer) returns uuid stable language sql
  return pg_temp.id('users', 1 + floor(pg_temp.regulars() * pg_temp.share(i, die) ^ 2)::integer);

create function pg_temp.days(n double precision) returns interval immutable language sql
  return n * interval '1 day';


-- ---------------------------------------------------------------------------------------------------
-- People
-- ---------------------------------------------------------------------------------------------------
-- 0 and -1 are the accounts that nobody works with: sofia's second one, and the look-alike of nadia, which
-- is written with escapes so that it can be told here.

insert into public.users (id, email, "emailVerified", "passwordHash", name, image, "createdAt", "updatedAt")
select
  pg_temp.id('users', n), email, pg_temp.throw(n, 1, 12) > 0, 'sample:' || md5('password ' || n), name,
  'https://images.example.com/' || n || '.png', made, made + pg_temp.share(n, 3) * (now() - made)
from (
  select n, email, name, now() - pg_temp.days(case n when 0 then 3 when -1 then 5 else 210 + pg_temp.throw(n, 2, 470) end)
  from (values
    (-1, E'n\u0430dia.petrova@example.com', E'Nadia Petrova\u200b'),
    (0, 'Sofia.Rossi@example.com', 'Sofia Rossi'),
    (1, 'ada@example.com', 'Ada Lindqvist'),
    (2, 'bert@example.com', 'Bert Janssens'),
    (3, 'carol@example.com', 'Carol Nakamura'),
    (4, 'dara@example.com', 'Dara Sok'),
    (5, 'emeka@example.com', 'Emeka Obi'),
    (6, 'fatima@example.org', 'Fatima El Idrissi'),
    (7, 'sofia.rossi@example.com', 'Sofia Rossi'),
    (8, 'tomasz.zielinski@example.net', 'Tomasz Zieliński'),
    (9, 'nadia.petrova@example.com', 'Nadia Petrova'),
    (10, 'akua.boateng@example.org', 'Akua Boateng'),
    (11, 'giulia@example.org', 'Giulia Conti'),
    (12, 'hiro@example.com', 'Hiro Tanaka'),
    (13, 'ingrid.solberg@example.org', 'Ingrid Solberg'),
    (14, 'joao.silva@example.com', 'João Silva'),
    (15, 'kwame.mensah@example.org', 'Kwame Mensah'),
    (16, 'leilani.kahale@example.com', 'Leilani Kahale'),
    (17, 'mateusz.wojcik@example.net', 'Mateusz Wójcik'),
    (18, 'mai.nguyen@example.com', 'Nguyễn Thị Mai'),
    (19, 'olu.adeyemi@example.org', 'Olúwaṣeun Adéyẹmí'),
    (20, 'priya.raman@example.com', 'Priya Raman'),
    (21, 'qiang.li@example.com', '李强'),
    (22, 'rania.haddad@example.org', 'رانيا حداد'),
    (23, 'sean.obrien@example.com', 'Seán O''Brien'),
    (24, 'tamar.levi@example.org', 'תמר לוי'),
    (25, 'umut.yildiz@example.net', 'Umut Yıldız'),
    (26, 'vera.novakova@example.org', 'Věra Nováková'),
    (27, 'wiremu.parata@example.com', 'Wiremu Parata'),
    (28, 'xochitl.reyes@example.com', 'Xóchitl Reyes'),
    (29, 'yusuf.demir@example.org', 'Yusuf Demir'),
    (30, 'zsofia.kovacs@example.net', 'Kovács Zsófia'),
    (31, 'aroha.ngata@example.com', 'Aroha Ngata'),
    (32, 'bjork.jonsdottir@example.org', 'Björk Jónsdóttir'),
    (33, 'chidinma.eze@example.com', 'Chidinma Eze'),
    (34, 'dmitri.sokolov@example.org', 'Дмитрий Соколов'),
    (35, 'eunji.park@example.com', '박은지'),
    (36, 'farid.rahimi@example.org', 'Farid Rahimi'),
    (37, 'goran.petrovic@example.net', 'Goran Petrović'),
    (38, 'haruka.sato@example.com', '佐藤 遥'),
    (39, 'isabel.fernandez@example.org', 'Isabel Fernández'),
    (40, 'jamal.washington@example.com', 'Jamal Washington'),
    (41, 'kaisa.virtanen@example.org', 'Kaisa Virtanen'),
    (42, 'lars.mueller@example.net', 'Lars Müller'),
    (43, 'miriam.adler@example.com', 'Miriam Adler'),
    (44, 'noor.khan@example.org', 'Noor Khan'),
    (45, 'oscar.gomez@example.com', 'Óscar Gómez'),
    (46, 'paula.schmidt@example.org', 'Paula Schmidt'),
    (47, 'quentin.dubois@example.net', 'Quentin Dubois'),
    (48, 'ravi.shankar@example.com', 'ரவி சங்கர்'),
    (49, 'siobhan.kelly@example.org', 'Siobhán Kelly'),
    (50, 'thandiwe.ndlovu@example.com', 'Thandiwe Ndlovu'),
    (51, 'ulla.andersen@example.org', 'Ulla Andersen'),
    (52, 'vikram.patel@example.com', 'Vikram Patel'),
    (53, 'wafa.benali@example.org', 'Wafa Benali'),
    (54, 'xin.chen@example.com', '陈欣'),
    (55, 'yara.oliveira@example.org', 'Yara Oliveira'),
    (56, 'zeynep.kaya@example.net', 'Zeynep Kaya'),
    (57, 'anh.pham@example.com', 'Phạm Anh'),
    (58, 'beatriz.costa@example.org', 'Beatriz Costa'),
    (59, 'cai.morgan@example.com', 'Cai Morgan'),
    (60, 'delphine.laurent@example.org', 'Delphine Laurent')
  ) as person (n, email, name)
  union all
  select
    n, lower(first) || '.' || lower(last) || '.' || n || pg_temp.pick(n, 7, '{@example.com,@example.org,@example.net}'),
    first || ' ' || last, now() - pg_temp.days(1 + 680 * (1 - (n - 60.0) / (pg_temp.users() - 60)))
  from generate_series(61, pg_temp.users()) as n
  cross join lateral (select
    pg_temp.pick(n, 5, '{
      Amara,Anton,Aylin,Bruno,Camila,Chen,Daniel,Elif,Emil,Farah,Gita,Hana,Ines,Jonas,Kofi,Lea,Lina,Marek,Maya,
      Nils,Omar,Petra,Rafael,Sami,Tariq,Uma,Valentina,Wei,Yuki,Zainab}') as first,
    pg_temp.pick(n, 6, '{
      Abebe,Ahmed,Bauer,Castro,Dogan,Eriksen,Fischer,Gupta,Hassan,Horvat,Ito,Jensen,Kim,Kowalski,Lopez,Mbeki,
      Moreau,Murphy,Nowak,Okafor,Park,Pereira,Rossi,Santos,Singh,Tan,Tran,Weber,Yamada,Zhang}') as last
  ) as called
) as person (n, email, name, made);

-- Where a sign-in service keeps people of its own, they are the same people. hiro has the admin claim, the
-- look-alike is banned, one has left, and a guest never gave an address.
do $$
begin
  if to_regclass('auth.users') is null
    or not has_table_privilege('auth.users', 'insert') or row_security_active('auth.users')
    or (select count(*) from pg_attribute
        where attrelid = to_regclass('auth.users') and not attisdropped and attname in (
          'id', 'email', 'raw_app_meta_data', 'raw_user_meta_data', 'is_anonymous',
          'banned_until', 'deleted_at', 'created_at', 'last_sign_in_at')) < 9
  then
    return;
  end if;
  insert into auth.users (
    id, email, raw_app_meta_data, raw_user_meta_data, is_anonymous, banned_until, deleted_at, created_at, last_sign_in_at
  )
  select
    id, email,
    case email
      when 'hiro@example.com' then '{"provider": "email", "providers": ["email"], "role": "admin"}'::jsonb
      when 'Sofia.Rossi@example.com' then '{"provider": "sso", "providers": ["sso"]}'
      else '{"provider": "email", "providers": ["email"]}'
    end,
    jsonb_build_object('name', name), false,
    case when id = pg_temp.id('users', -1) then now() + interval '10 years' end,
    case when email = 'cai.morgan@example.com' then now() - interval '20 days' end,
    "createdAt", greatest("createdAt", now() - pg_temp.days(pg_temp.share(hashtext(email), 4) ^ 3 * 90))
  from public.users
  union all
  select
    pg_temp.id('guests', 1), null, '{"provider": "anonymous", "providers": ["anonymous"]}', '{}', true,
    null, null, now() - interval '2 hours', now() - interval '2 hours'
  on conflict do nothing;
end
$$;

-- They expire up to 39 days ago: the policy keeps them for 30, and has not run for nine.
insert into public.sessions (id, "userId", token, "expiresAt", "createdAt")
select
  pg_temp.id('sessions', i), person.id, 'sample-session-' || md5('session ' || i), made + interval '30 days', made
from generate_series(-1, 2 * pg_temp.users() + pg_temp.rows() / 50) as i
join public.users as person on person.id = case
  when i <= pg_temp.users() then pg_temp.id('users', i) else pg_temp.somebody(i, 1) end
cross join lateral (select greatest(
  person."createdAt",
  now() - pg_temp.days(case i when 7 then 3.2 when 0 then 0.04 when -1 then 4.1 else pg_temp.share(i, 2) ^ 1.5 * 69 end)
) as made) as session;

insert into public.mfa_enforced_sessions (id, "userId", "sessionToken", "expiresAt", "createdAt")
select
  pg_temp.id('mfa_enforced_sessions', i), pg_temp.somebody(i, 1), 'sample-mfa-' || md5('mfa ' || i),
  made + interval '12 hours', made
from generate_series(1, pg_temp.users() / 2) as i
cross join lateral (select now() - pg_temp.days(pg_temp.share(i, 2) ^ 2 * 16) as made) as session;


-- ---------------------------------------------------------------------------------------------------
-- Organizations and their members
-- ---------------------------------------------------------------------------------------------------

insert into public.organizations (id, name, slug, plan, settings, "createdAt", "updatedAt")
select
  pg_temp.id('organizations', n), name, slug, plan,
  jsonb_build_object(
    'timezone', pg_temp.pick(n, 1, '{Europe/Stockholm,America/Chicago,Asia/Tokyo,Africa/Lagos,Australia/Hobart}'),
    'seats', 5 * (1 + pg_temp.throw(n, 2, 40)), 'sso', plan = 'enterprise'),
  made, made + pg_temp.share(n, 4) * (now() - made)
from (
  select n, name, slug, plan, now() - pg_temp.days(690 + n)
  from (values
    (1, 'Acme', 'acme', 'enterprise'),
    (2, 'Globex', 'globex', 'enterprise'),
    (3, 'Initech', 'initech', 'pro'),
    (4, 'Blue Heron Bakery', 'blue-heron-bakery', 'free'),
    (5, 'Kestrel Logistics', 'kestrel-logistics', 'pro'),
    (6, 'Lumen Health', 'lumen-health', 'enterprise'),
    (7, 'Orchard & Sons', 'orchard-and-sons', 'free'),
    (8, 'Pelagic Research', 'pelagic-research', 'pro'),
    (9, 'Quill Press', 'quill-press', 'free'),
    (10, 'Tidewater Energy', 'tidewater-energy', 'enterprise')
  ) as named (n, name, slug, plan)
  union all
  select
    n, first || ' ' || last || ' ' || n, lower(first || '-' || last || '-' || n),
    pg_temp.pick(n, 7, '{free,free,free,pro,pro,enterprise}'), now() - pg_temp.days(pg_temp.share(n, 3) * 600)
  from generate_series(11, pg_temp.organizations()) as n
  cross join lateral (select
    pg_temp.pick(n, 5, '{Amber,Birch,Cobalt,Delta,Ember,Fjord,Granite,Harbor,Indigo,Juniper}') as first,
    pg_temp.pick(n, 6, '{Analytics,Foods,Freight,Games,Labs,Media,Motors,Optics,Textiles,Travel}') as last
  ) as called
) as organization (n, name, slug, plan, made);

-- The cast first; ada is not in Globex any more. Then everybody by number: ten owners or admins, ten who
-- are admins every other time, members; every third is in a second organization too.
insert into public.organization_members (id, "organizationId", "userId", role, "createdAt", "updatedAt")
select
  pg_temp.id('organization_members', 1000000 * organization + n), pg_temp.id('organizations', organization),
  person.id, role, made, made
from (
  select organization, n, role from (values
    (1, 1, 'member'), (2, 2, 'member'), (2, 3, 'owner'), (1, 3, 'member'), (3, 4, 'member'), (3, 5, 'owner'),
    (4, 6, 'member'), (5, 7, 'member'), (7, 8, 'member'), (6, 9, 'member'), (8, 10, 'member'), (9, 11, 'member'),
    (1, 12, 'member')
  ) as cast_member (organization, n, role)
  union all
  select 1 + (n - 13) % 10, n, case
    when n > 32 then 'member'
    when n > 22 then case when n % 2 = 0 then 'admin' else 'member' end
    when n in (14, 15) then 'admin'
    else 'owner'
  end
  from generate_series(13, 60) as n
  union all
  select 1 + (n + 4) % 10, n, 'member' from generate_series(15, 60, 3) as n
  union all
  select
    case when n - 50 <= pg_temp.organizations() then n - 50 else 1 + pg_temp.throw(n, 1, pg_temp.organizations()) end, n,
    case when n - 50 <= pg_temp.organizations() then 'owner' when pg_temp.throw(n, 2, 10) = 0 then 'admin' else 'member' end
  from generate_series(61, pg_temp.users()) as n
  where n - 50 <= pg_temp.organizations() or pg_temp.throw(n, 3, 10) < 7
) as member (organization, n, role)
join public.users as person on person.id = pg_temp.id('users', n)
cross join lateral (select
  greatest(person."createdAt", now() - pg_temp.days(20 + pg_temp.share(1000000 * organization + n, 4) * 150)) as made
) as joined;

-- ---------------------------------------------------------------------------------------------------
-- Workflows, what they did, and what they talk to
-- ---------------------------------------------------------------------------------------------------
-- The first five are the riddles'. The others belong to an organization of their owner, or to nobody else.

insert into public.workflows (
  id, "userId", "organizationId", name, description, definition, "isActive", "createdAt", "updatedAt"
)
select
  pg_temp.id('workflows', i), owner, organization, name, description, jsonb_build_object(
    'trigger', case pg_temp.throw(i, 11, 3)
      when 0 then jsonb_build_object('type', 'schedule', 'cron', pg_temp.throw(i, 12, 60) || ' 4 * * *')
      when 1 then '{"type": "webhook", "method": "POST"}'::jsonb
      else '{"type": "file", "pattern": "inbox/*.csv"}' end,
    'steps', jsonb_build_array(
      jsonb_build_object('id', 'fetch', 'uses', pg_temp.pick(i, 13, '{http.get,sftp.list,sql.query,mail.fetch}'), 'timeout_s', 30),
      jsonb_build_object('id', 'transform', 'uses', 'script', 
        'with', jsonb_build_object('drop_empty', true, 'limit', 100 * (1 + pg_temp.throw(i, 14, 50)))),
      jsonb_build_object('id', 'store', 'uses', pg_temp.pick(i, 15, '{sql.upsert,http.post,s3.put,sheet.append}'),
        'needs', '["transform"]'::jsonb)
    )),
  active, made, greatest(made, changed)
from (
  select
    i, pg_temp.id('users', owner), pg_temp.id('organizations', organization), name, description, active,
    now() - pg_temp.days(150 + i), now() - changed
  from (values
    (1, 1, 1, 'Nightly import', 'Fetches the day''s orders and stores them', true, interval '7 hours'),
    (2, 2, 2, 'Invoice sync', 'Copies invoices from the ledger to the shop', true, interval '47 hours 55 minutes'),
    (3, 1, null, 'Report', 'Weekly summary, by mail', false, interval '3 days'),
    (4, 5, 3, 'Payroll export', 'Hands the month''s hours to the bank', true, interval '5 days'),
    (5, 7, 5, 'Customs forms', 'Fills in forms for parcels that leave the union', true, interval '9 days')
  ) as named (i, owner, organization, name, description, active, changed)
  union all
  select
    i, pg_temp.id('users', n), (
      select "organizationId" from public.organization_members
      where "userId" = pg_temp.id('users', n) and pg_temp.throw(i, 2, 5) > 0
      order by "createdAt", id limit 1
    ),
    pg_temp.pick(i, 3, '{Daily,Hourly,Nightly,Weekly,Monthly,Quick,Quiet,Spare}') || ' '
      || pg_temp.pick(i, 4, '{
        backup,clean-up,CRM sync,digest,data export,forecast,stock import,inventory check,lead scoring,
        photo resize,price watch,refund check,sales report,stock alert,survey,translation}'),
    case when pg_temp.throw(i, 5, 3) > 0 then
      'Made with the template "' || pg_temp.pick(i, 6, '{Copy rows,Send a digest,Watch a folder,Call a service}') || '"'
    end,
    pg_temp.throw(i, 7, 5) > 0, now() - pg_temp.days(75 + pg_temp.share(i, 8) * 110),
    now() - pg_temp.days(pg_temp.share(i, 9) ^ 2 * 90)
  from generate_series(6, pg_temp.workflows()) as i
  cross join lateral (select
    case when pg_temp.throw(i, 1, 9) = 0 then 1 else 13 + pg_temp.throw(i, 10, pg_temp.regulars() - 12) end as n
  ) as drawn
) as workflow (i, owner, organization, name, description, active, made, changed);

insert into public.workflow_versions (id, "workflowId", version, definition, "createdAt")
select
  pg_temp.id('workflow_versions', 10 * i + version), workflow.id, version,
  jsonb_set(workflow.definition, '{steps,1,with,limit}', to_jsonb(100 * version)),
  workflow."createdAt" + (version - 1) / last::double precision * (workflow."updatedAt" - workflow."createdAt")
from generate_series(1, pg_temp.workflows()) as i
join public.workflows as workflow on workflow.id = pg_temp.id('workflows', i)
cross join lateral (select 1 + pg_temp.throw(i, 16, 4) as last) as counted
cross join lateral generate_series(1, last) as version;

-- Twelve days of the riddles' workflows, then everybody's. Payroll export fails since the bank changed its
-- key. The last row or two of the others may still run.
insert into public.workflow_executions (id, "workflowId", status, input, output, error, "startedAt", "completedAt")
select
  pg_temp.id('workflow_executions', i), pg_temp.id('workflows', workflow), status,
  jsonb_build_object('trigger', pg_temp.pick(i, 1, '{schedule,webhook,manual}'), 'attempt', 1 + pg_temp.throw(i, 2, 2)),
  case when status = 'completed' then jsonb_build_object('rows', pg_temp.throw(i, 3, 5000), 'skipped', pg_temp.throw(i, 4, 12)) end,
  case when status = 'failed' then
    case when workflow = 4 then 'sftp.example.net: host key verification failed (expected SHA256:q1…, got SHA256:Zt…)'
    else pg_temp.pick(i, 5, array[
      'HTTP 429 from https://api.example.com/v2/invoices: rate limit exceeded, retry after 30 s',
      'HTTP 503 from https://erp.example.org/export: upstream connect error or disconnect/reset before headers',
      'connection to sftp.example.net:22 timed out after 30000 ms',
      'deadlock detected: process 8123 waits for ShareLock on transaction 991204; blocked by process 8119',
      'TypeError: Cannot read properties of undefined (reading ''total'') at transform.js:41:17',
      'certificate has expired: CN=erp.example.org',
      'permission denied for table ledger (SQLSTATE 42501)',
      'step "transform" exceeded 512 MiB of memory',
      'column "vat_id" missing in row 1182 of inbox/orders.csv']) end
  end,
  begun,
  case when status in ('completed', 'failed', 'cancelled') then
    least(now(), begun + (1 + pg_temp.throw(i, 6, 300)) * interval '1 second')
  end
from (
  select
    12 * (workflow - 1) + day, workflow,
    case when workflow = 4 and day <= 2 or workflow = 1 and day = 5 then 'failed' else 'completed' end,
    date_trunc('day', now()) - pg_temp.days(day) + interval '4 hours' + workflow * interval '7 minutes'
  from generate_series(1, 5) as workflow, generate_series(1, 12) as day
  where workflow <> 3
  union all
  select
    100 + i, 6 + pg_temp.throw(i, 7, pg_temp.workflows() - 5),
    case when i <= 4 then 'running' else pg_temp.pick(i, 8, '{
      completed,completed,completed,completed,completed,completed,completed,failed,completed,cancelled}') end,
    now() - case when i <= 4 then i * interval '40 seconds' else pg_temp.days(pg_temp.share(i, 9) ^ 1.5 * 69) end
  from generate_series(1, pg_temp.rows() / 10) as i
) as execution (i, workflow, status, begun);

-- Two runs are stuck since their worker went away.
insert into public.workflow_runs (id, user_id, workflow_id, status, retries, error, data, result, created_at, updated_at)
select
  pg_temp.id('workflow_runs', i), workflow."userId", workflow.id::text, status,
  case status when 'failed' then 3 when 'running' then pg_temp.throw(i, 1, 2) else 0 end,
  case when status = 'failed' then pg_temp.pick(i, 2, array[
    'gave up after 3 retries: HTTP 502 from https://hooks.example.com/orders',
    'gave up after 3 retries: lock timeout (SQLSTATE 55P03)',
    'worker-7 lost its lease after 60 s']) end,
  jsonb_build_object(
    'queue', pg_temp.pick(i, 3, '{default,default,bulk,priority}'),
    'worker', case when status <> 'pending' then 'worker-' || 1 + pg_temp.throw(i, 4, 8) end),
  case when status = 'completed' then jsonb_build_object('ok', true, 'ms', 40 + pg_temp.throw(i, 5, 9000)) end,
  made,
  least(now(), made + case when status in ('pending', 'running') then 1 else 1 + pg_temp.throw(i, 6, 90) end * interval '1 second')
from (
  select
    i, case when i <= 4 then 'running' when i <= 9 then 'pending' when i <= 12 then 'failed'
      else pg_temp.pick(i, 7, '{
        completed,completed,completed,completed,completed,completed,completed,completed,failed,cancelled}') end,
    now() - case
      when i <= 2 then interval '5 hours' + i * interval '13 minutes'
      when i <= 9 then i * interval '9 seconds'
      when i <= 12 then i * interval '71 minutes'
      else pg_temp.days(pg_temp.share(i, 8) ^ 1.5 * 39) end
  from generate_series(1, 40 + pg_temp.rows() / 40) as i
) as run (i, status, made)
join public.workflows as workflow on workflow.id = pg_temp.id('workflows', 1 + pg_temp.throw(i, 9, pg_temp.workflows()));

-- Credentials are kept elsewhere; config says what to talk to, never how to get in.
insert into public.user_integrations (
  id, "userId", "organizationId", provider, name, config, "isActive", "lastSyncAt", "createdAt", "updatedAt"
)
select
  pg_temp.id('user_integrations', i), member."userId", case when pg_temp.throw(i, 1, 3) > 0 then member."organizationId" end,
  provider, initcap(provider) || ' of ' || organization.name,
  case provider
    when 'slack' then jsonb_build_object('channel', '#' || organization.slug, 'notify', '["failed"]'::jsonb)
    when 'github' then jsonb_build_object(
      'repository', organization.slug || '/' || pg_temp.pick(i, 3, '{shop,ledger,infra}'), 'branch', 'main')
    when 'postgres' then jsonb_build_object(
      'host', 'db.' || organization.slug || '.example.com', 'database', 'warehouse', 'schema', 'public')
    when 's3' then jsonb_build_object('bucket', organization.slug || '-exports', 'region', 'eu-north-1')
    else jsonb_build_object('account', organization.slug, 'scopes', '["read"]'::jsonb)
  end,
  active, synced, made, greatest(made, synced)
from generate_series(1, 48 + pg_temp.rows() / 500) as i
join lateral (
  select "userId", "organizationId" from public.organization_members
  where "userId" = pg_temp.id('users', 1 + pg_temp.throw(i, 4, least(pg_temp.users(), 60))) order by "createdAt", id limit 1
) as member on true
join public.organizations as organization on organization.id = member."organizationId"
cross join lateral (select
  pg_temp.pick(i, 2, '{slack,github,postgres,s3,stripe,notion,hubspot}') as provider, pg_temp.throw(i, 5, 7) > 0 as active
) as chosen
cross join lateral (select
  now() - pg_temp.days(case when active then pg_temp.share(i, 6) else 12 + pg_temp.share(i, 6) * 60 end) as synced,
  now() - pg_temp.days(90 + pg_temp.share(i, 7) * 100) as made
) as dated;


-- ---------------------------------------------------------------------------------------------------
-- Files people work on
-- ---------------------------------------------------------------------------------------------------
-- 99 days, denser towards now, written in the order in which it happened.

insert into public.events (id, "userId", "filePath", "eventType", tool, "timestamp", metadata)
select
  pg_temp.id('events', i), pg_temp.somebody(i, 1),
  '/' || pg_temp.pick(i, 2, '{shop,ledger,website,mobile,infra,research,handbook,customs,billing,design,warehouse,payroll}')
    || '/' || pg_temp.pick(i, 3, '{src,src/api,src/models,tests,docs,config,scripts,assets,reports,migrations,notebooks}')
    || '/' || pg_temp.pick(i, 4, '{
      invoice,order,customer,main,index,parser,worker,queue,schema,login,export,summary,notes,budget,forecast,
      label,route,cart,stock,audit,readme,release,backup,theme}')
    || pg_temp.pick(i, 5, '{.py,.ts,.tsx,.sql,.md,.json,.yaml,.csv,.xlsx,.svg,.rs,.go}'),
  pg_temp.pick(i, 6, '{modified,modified,modified,modified,accessed,accessed,accessed,created,created,deleted}'),
  pg_temp.pick(i, 7, '{vscode,vscode,vscode,vim,jetbrains,jetbrains,git,git,excel,figma,terminal,NULL}'),
  now() - pg_temp.days((1 - (i - pg_temp.share(i, 8)) / pg_temp.rows()) ^ 1.4 * 99),
  jsonb_build_object('bytes', pg_temp.throw(i, 9, 200000), 'lines', pg_temp.throw(i, 10, 1800))
from generate_series(1, pg_temp.rows()) as i;

insert into public.patterns (id, "userId", "fileExtension", count, "lastUsed", tools, "updatedAt")
select
  pg_temp.id('patterns', 100 * n + place), pg_temp.id('users', n), extension, 1 + pg_temp.throw(100 * n + place, 1, 900), used,
  array[pg_temp.pick(n, 2, '{vscode,jetbrains,vim}'), pg_temp.pick(100 * n + place, 3, '{git,terminal,excel,figma}')], used
from generate_series(1, pg_temp.users()) as n
cross join unnest('{py,ts,tsx,sql,md,json,yaml,csv,xlsx,svg,rs,go}'::text[]) with ordinality as kind (extension, place)
cross join lateral (select now() - pg_temp.days(pg_temp.share(100 * n + place, 4) ^ 3 * 260) as used) as seen
where pg_temp.rows() > 0 and pg_temp.throw(100 * n + place, 5, 12) < 4;

insert into public.relationships (id, "userId", "sourceFile", "targetFile", "relationType", weight, "lastSeen", "updatedAt")
select
  pg_temp.id('relationships', i), pg_temp.somebody(i, 1),
  '/' || area || '/src/' || stem || '_' || i || '.py',
  '/' || area || case kind
    when 'tests' then '/tests/test_' || stem || '_' || i || '.py'
    when 'documents' then '/docs/' || stem || '.md'
    else '/src/' || pg_temp.pick(i, 5, '{models,client,settings,errors}') || '.py'
  end,
  kind, round((0.05 + pg_temp.share(i, 6) * 0.95)::numeric, 3), seen, seen
from generate_series(1, pg_temp.rows() / 20) as i
cross join lateral (select
  pg_temp.pick(i, 2, '{shop,ledger,website,mobile,infra,billing,warehouse}') as area,
  pg_temp.pick(i, 3, '{invoice,order,customer,parser,worker,queue,label,route}') as stem,
  pg_temp.pick(i, 4, '{imports,imports,tests,documents,opened_together}') as kind,
  now() - pg_temp.days(pg_temp.share(i, 7) ^ 2 * 200) as seen
) as file;


-- ---------------------------------------------------------------------------------------------------
-- Business
-- ---------------------------------------------------------------------------------------------------

-- giulia's payment failed.
insert into public.subscriptions (
  id, "userId", plan, status, "stripeId", "currentPeriodStart", "currentPeriodEnd", "cancelAtPeriodEnd", "createdAt", "updatedAt"
)
select
  pg_temp.id('subscriptions', n), person.id, plan, status, case when plan <> 'free' then 'sub_sample_' || n end,
  begun, begun + interval '30 days', status = 'active' and pg_temp.throw(n, 2, 15) = 0, person."createdAt", begun
from generate_series(1, pg_temp.users()) as n
join public.users as person on person.id = pg_temp.id('users', n)
cross join lateral (select
  case when n = 11 then 'pro' else pg_temp.pick(n, 1, '{free,free,free,free,pro,pro,pro,enterprise}') end as plan,
  case when n = 11 then 'past_due'
    else pg_temp.pick(n, 3, '{active,active,active,active,active,active,active,trialing,past_due,canceled}') end as status,
  greatest(person."createdAt", now() - pg_temp.days(case when n = 11 then 34 else pg_temp.share(n, 4) * 29 end)) as begun
) as chosen
where n <= 12 or pg_temp.throw(n, 5, 10) < 8;

insert into public.cohorts (id, "userId", "cohortMonth", "acquiredAt", "createdAt")
select pg_temp.id('cohorts', n), id, to_char("createdAt", 'YYYY-MM'), "createdAt", "createdAt"
from generate_series(-1, pg_temp.users()) as n
join public.users on id = pg_temp.id('users', n);

insert into public.utm_tracks (
  id, "userId", source, medium, campaign, term, content, "firstTouch", "lastTouch", "timestamp"
)
select
  pg_temp.id('utm_tracks', 3 * n + touch), person.id, source,
  case source when 'google' then 'cpc' when 'newsletter' then 'email' when 'direct' then null else 'social' end,
  case when source <> 'direct' then pg_temp.pick(3 * n + touch, 2, '{spring-launch,teams,automation-101,retarget}') end,
  case when source = 'google' then pg_temp.pick(3 * n + touch, 3, '{workflow tool,invoice automation,csv import}') end,
  case when source <> 'direct' then pg_temp.pick(3 * n + touch, 4, '{banner-a,banner-b,text}') end,
  touch = 0, touch = touches - 1, person."createdAt" + touch / 3.0 * (now() - person."createdAt")
from generate_series(1, pg_temp.users()) as n
join public.users as person on person.id = pg_temp.id('users', n)
cross join lateral (select 1 + pg_temp.throw(n, 1, 3) as touches) as counted
cross join lateral generate_series(0, touches - 1) as touch
cross join lateral (select pg_temp.pick(3 * n + touch, 5, '{google,google,linkedin,newsletter,direct,mastodon}') as source) as came
union all
select
  pg_temp.id('utm_tracks', 1), pg_temp.id('users', 6), 'newsletter', 'email', 'welcome-pro-30', null, 'banner-b',
  false, true, now() - interval '3 hours';

insert into public.feature_flags (id, key, enabled, description, metadata, "createdAt", "updatedAt")
select
  pg_temp.id('feature_flags', n), key, enabled, description, metadata::jsonb,
  now() - pg_temp.days(40 * n), now() - pg_temp.days(3.7 * n)
from (values
  (1, 'workflow-canvas', true, 'Draw workflows instead of writing them', '{"rollout": 100}'),
  (2, 'bulk-export', true, 'Exports of more than 10,000 rows', '{"rollout": 100, "plans": ["pro", "enterprise"]}'),
  (3, 'sso-normalise-email', false, 'Lower-case addresses that single sign-on hands over', '{"rollout": 0}'),
  (4, 'telemetry-v2', true, 'New redaction rules', '{"rollout": 50}'),
  (5, 'run-queue-priority', false, 'Paying customers first', '{"rollout": 0}'),
  (6, 'dark-invoices', true, 'PDF with a dark background', '{"rollout": 5}'),
  (7, 'mfa-required-default', true, 'Second factor for new accounts', '{"rollout": 100}'),
  (8, 'retention-batches', false, 'Clean up in short transactions', '{"rollout": 0}')
) as flag (n, key, enabled, description, metadata);

insert into public.offers (
  id, key, name, description, "planType", discount, "validFrom", "validTo", enabled, metadata, "createdAt", "updatedAt"
)
select
  pg_temp.id('offers', n), key, name, description, plan, discount, now() - pg_temp.days(begun),
  now() + pg_temp.days(ends), enabled, metadata::jsonb, now() - pg_temp.days(begun + 3),
  now() - case when n = 1 then interval '26 hours' else pg_temp.days(begun) end
from (values
  (1, 'welcome-pro-30', 'Pro, 30 % off', 'For new teams, the first three months', 'pro', 30, 21, 40, false,
    '{"campaign": "welcome-pro-30", "months": 3}'),
  (2, 'annual-pro', 'Pro, two months free', 'When paid for a year', 'pro', 16.67, 300, null, true, '{"months": 12}'),
  (3, 'nonprofit', 'For charities', 'Half price, for ever', 'pro', 50, 500, null, true, '{"proof": "required"}'),
  (4, 'enterprise-pilot', 'Enterprise pilot', 'Ninety days, all features', 'enterprise', 100, 60, 30, true, '{"days": 90}'),
  (5, 'student', 'Students', 'Free while studying', 'free', null, 400, null, true, '{}'),
  (6, 'summer-25', 'Summer, 25 % off', 'It was a long one', 'pro', 25, 200, -110, false, '{"campaign": "summer"}'),
  (7, 'comeback', 'Come back', 'For those who left', 'pro', 20, 90, 90, true, '{}')
) as offer (n, key, name, description, plan, discount, begun, ends, enabled, metadata);


-- ---------------------------------------------------------------------------------------------------
-- Privacy
-- ---------------------------------------------------------------------------------------------------
-- FORCE ROW LEVEL SECURITY keeps an owner without BYPASSRLS from these three tables, and the log writes
-- now() as the time of every change. For a past to be told, both rest until the commit of this transaction.

do $$
declare
  _table text;
begin
  foreach _table in array '{privacy_prefs,telemetry_events,privacy_transparency_log}'::text[] loop
    if row_security_active(format('public.%I', _table)) then
      execute format('alter table public.%I no force row level security', _table);
    end if;
  end loop;
end
$$;

alter table public.privacy_prefs disable trigger log_privacy_prefs_changes;

alter table public.app_allowlist disable trigger log_app_allowlist_changes;

alter table public.signal_toggles disable trigger log_signal_toggles_changes;

-- Everybody of the cast but bert, and most others.
insert into public.privacy_prefs (
  id, "userId", "consentGiven", "dataRetentionDays", "mfaRequired", "lastReviewedAt", "monitoringEnabled", "createdAt", "updatedAt"
)
select
  pg_temp.id('privacy_prefs', n), person.id, consent,
  case when n = 1 then 30 else pg_temp.pick(n, 1, '{7,14,14,14,30,30,90,365}')::integer end, pg_temp.throw(n, 2, 3) > 0,
  case when pg_temp.throw(n, 3, 4) > 0 then changed end, consent and pg_temp.throw(n, 4, 3) > 0, made, changed
from generate_series(-1, pg_temp.users()) as n
join public.users as person on person.id = pg_temp.id('users', n)
cross join lateral (select
  n in (1, 7) or pg_temp.throw(n, 5, 5) > 0 as consent, person."createdAt" + interval '3 minutes' as made
) as given
cross join lateral (select
  case when pg_temp.throw(n, 6, 3) = 0 then made + pg_temp.share(n, 7) * (now() - made) else made end as changed
) as dated
where n <> 2 and (n <= 12 or pg_temp.throw(n, 8, 8) > 0);

insert into public.app_allowlist (id, "userId", "appId", "appName", enabled, scope, "createdAt", "updatedAt")
select
  pg_temp.id('app_allowlist', 100 * n + place), prefs."userId", app, initcap(app), pg_temp.throw(100 * n + place, 1, 4) > 0,
  pg_temp.pick(100 * n + place, 2, '{none,metadata_only,metadata_only,metadata_only,metadata_plus_usage}'), made,
  case when pg_temp.throw(100 * n + place, 3, 4) = 0 then made + pg_temp.share(n, 7) * (now() - made) else made end
from generate_series(1, pg_temp.users()) as n
join public.privacy_prefs as prefs on prefs."userId" = pg_temp.id('users', n)
cross join unnest('{editor,terminal,browser,mail,calendar,spreadsheet,drawing,chat}'::text[]) with ordinality as known (app, place)
cross join lateral (select prefs."createdAt" + place * interval '20 seconds' as made) as dated
where pg_temp.throw(100 * n + place, 4, 10) < 3;

insert into public.signal_toggles (id, "userId", "signalKey", enabled, "samplingRate", "createdAt", "updatedAt")
select
  pg_temp.id('signal_toggles', 100 * n + place), prefs."userId", signal, pg_temp.throw(100 * n + place, 1, 3) > 0,
  pg_temp.pick(100 * n + place, 2, '{1,1,0.5,0.1,0.01}')::double precision, made,
  case when pg_temp.throw(100 * n + place, 3, 4) = 0 then made + pg_temp.share(n, 8) * (now() - made) else made end
from generate_series(1, pg_temp.users()) as n
join public.privacy_prefs as prefs on prefs."userId" = pg_temp.id('users', n)
cross join unnest('{file_open,focus_time,app_switch,search,crash,input_rate}'::text[]) with ordinality as known (signal, place)
cross join lateral (select prefs."createdAt" + place * interval '30 seconds' as made) as dated
where pg_temp.throw(100 * n + place, 4, 10) < 3;

-- Each user's own limit, and nine days beyond it. The trigger redacts what these rows carry.
insert into public.telemetry_events (
  id, "userId", "timestamp", "appId", "eventType", "durationMs", "metadataRedactedJson", "createdAt"
)
select
  pg_temp.id('telemetry_events', i), prefs."userId", happened,
  pg_temp.pick(i, 2, '{editor,terminal,browser,mail,spreadsheet,drawing}'),
  pg_temp.pick(i, 3, '{focus,focus,focus,open,close,search,crash,switch}'), floor(1000 * exp(pg_temp.share(i, 4) * 7))::integer,
  case pg_temp.throw(i, 5, 40)
    when 0 then '{"window": "Sign in", "password": "not a real one", "url": "https://shop.example.com/login"}'::jsonb
    when 1 then jsonb_build_object('window', 'Terminal', 'command', 'deploy --stage', 'env', '{"API_KEY": "not a real one"}'::jsonb)
    when 2 then jsonb_build_object('project', pg_temp.pick(i, 6, '{shop,ledger,website}'), 'idle_ms', pg_temp.throw(i, 7, 9000))
  end,
  least(now(), happened + interval '1 second')
from generate_series(1, pg_temp.rows() / 5) as i
join public.privacy_prefs as prefs on prefs."userId" = pg_temp.somebody(i, 1) and prefs."consentGiven"
cross join lateral (select
  now() - pg_temp.days(pg_temp.share(i, 8) * (least(prefs."dataRetentionDays", 180) + 9)) as happened
) as dated;

-- What the triggers would have written at the time: for each row its making, and a change if there was
-- one. Hashes are of the same kind, so that each entry's old one is the new one of the entry before it.
insert into public.privacy_transparency_log (
  id, "userId", action, resource, "resourceId", "oldValueHash", "newValueHash", metadata, "timestamp"
)
select
  md5(resource || ' ' || action || ' ' || (current ->> 'id'))::uuid, (current ->> 'userId')::uuid,
  action, resource, current ->> 'id',
  case when action = 'update' then encode(sha256(convert_to(first::text, 'UTF8')), 'hex') end,
  encode(sha256(convert_to(case action when 'insert' then first else current end::text, 'UTF8')), 'hex'),
  jsonb_build_object('changed_by', current -> 'userId'), happened
from (
  select 'privacy_prefs', to_jsonb(p), "createdAt", "updatedAt" from public.privacy_prefs as p
  union all select 'app_allowlist', to_jsonb(a), "createdAt", "updatedAt" from public.app_allowlist as a
  union all select 'signal_toggles', to_jsonb(s), "createdAt", "updatedAt" from public.signal_toggles as s
) as kept (resource, current, made, changed)
cross join lateral (select current || jsonb_build_object('updatedAt', made) as first) as version
cross join lateral (values ('insert', made), ('update', changed)) as change (action, happened)
where action = 'insert' or changed > made;

-- bert had preferences, and deleted them; his allow-list went with them. hiro looked at people's rows.
insert into public.privacy_transparency_log (
  id, "userId", action, resource, "resourceId", "oldValueHash", "newValueHash", metadata, "timestamp"
)
select
  pg_temp.id('privacy_transparency_log', n), pg_temp.id('users', person), action, resource, pg_temp.id(resource, row)::text,
  case when action = 'delete' then encode(sha256(convert_to(resource || row, 'UTF8')), 'hex') end,
  case when action = 'insert' then encode(sha256(convert_to(resource || row, 'UTF8')), 'hex') end,
  jsonb_build_object('changed_by', pg_temp.id('users', actor)) || metadata, now() - age
from (values
  (1, 2, 2, 'insert', 'privacy_prefs', 2, '{}'::jsonb, interval '180 days'),
  (2, 2, 2, 'insert', 'app_allowlist', 201, '{}', interval '179 days'),
  (3, 2, 2, 'delete', 'privacy_prefs', 2, '{}', interval '6 days'),
  (4, 2, 2, 'delete', 'app_allowlist', 201, '{}', interval '6 days'),
  (5, 1, 12, 'viewed', 'workflows', null, '{"ticket": "SUP-2041"}', interval '25 hours'),
  (6, 11, 12, 'viewed', 'subscriptions', 11, '{"ticket": "SUP-2055"}', interval '5 hours'),
  (7, 20, 20, 'exported', 'telemetry_events', null, '{"rows": 1204}', interval '50 hours')
) as entry (n, person, actor, action, resource, row, metadata, age);

alter table public.privacy_prefs enable trigger log_privacy_prefs_changes;

alter table public.app_allowlist enable trigger log_app_allowlist_changes;

alter table public.signal_toggles enable trigger log_signal_toggles_changes;

-- Three people change something just now, each as himself; the triggers tell.
do $$
declare
  _person uuid;
begin
  foreach _person in array array[pg_temp.id('users', 7), pg_temp.id('users', 9), pg_temp.id('users', 11)] loop
    perform set_config('request.jwt.claim.sub', _person::text, true);
    update public.privacy_prefs
    set "lastReviewedAt" = now(), "dataRetentionDays" = 14 + "dataRetentionDays" % 60 where "userId" = _person;
  end loop;
  perform set_config('request.jwt.claim.sub', '', true);
end
$$;

alter table public.privacy_prefs force row level security;

alter table public.telemetry_events force row level security;

alter table public.privacy_transparency_log force row level security;


-- ---------------------------------------------------------------------------------------------------
-- Audit
-- ---------------------------------------------------------------------------------------------------

-- The riddles', and what an audit log is read for.
insert into public.audit_logs (id, "userId", action, resource, "resourceId", metadata, "ipAddress", "userAgent", "timestamp")
select
  pg_temp.id('audit_logs', n), pg_temp.id('users', actor), action, resource, pg_temp.id(resource, row)::text,
  case when n > 2 then metadata else metadata || jsonb_build_object(
    'email', 'ada@example.com', 'userId', pg_temp.id('users', 1),
    'organization', 'Globex', 'organizationId', pg_temp.id('organizations', 2), 'role', 'member') end,
  '192.0.2.1'::inet + 7 * n,
  case when actor is null then 'rowsight-sample-job/1.0' else 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' end,
  now() - age
from (values
  (1, 3, 'member.added', 'organization_members', 2000001, '{}'::jsonb, interval '121 days'),
  (2, 3, 'member.removed', 'organization_members', 2000001, '{"reason": "left the project"}', interval '2 days'),
  (3, 2, 'workflow.updated', 'workflows', 2,
    '{"name": "Invoice sync", "fields": ["definition"]}', interval '47 hours 55 minutes'),
  (4, 46, 'offer.disabled', 'offers', 1,
    '{"key": "welcome-pro-30", "reason": "budget of the quarter is spent"}', interval '26 hours'),
  (5, null, 'user.created', 'users', 0, '{"email": "Sofia.Rossi@example.com", "provider": "sso"}', interval '3 days'),
  (6, null, 'user.created', 'users', -1, '{"email": "n\u0430dia.petrova@example.com", "provider": "email"}', interval '5 days'),
  (7, 12, 'user.banned', 'users', -1, '{"reason": "looks like somebody else on purpose"}', interval '4 days'),
  (8, null, 'subscription.payment_failed', 'subscriptions', 11,
    '{"attempt": 1, "code": "expired_card", "amount_cents": 2900}', interval '4 days 3 hours'),
  (9, null, 'subscription.payment_failed', 'subscriptions', 11,
    '{"attempt": 2, "code": "expired_card", "amount_cents": 2900}', interval '3 days 3 hours'),
  (10, null, 'subscription.payment_failed', 'subscriptions', 11,
    '{"attempt": 3, "code": "expired_card", "amount_cents": 2900}', interval '27 hours'),
  (11, 12, 'support.lookup', 'workflows', null, '{"subject": "ada@example.com", "ticket": "SUP-2041"}', interval '25 hours'),
  (12, 12, 'support.lookup', 'subscriptions', 11, '{"subject": "giulia@example.org", "ticket": "SUP-2055"}', interval '5 hours'),
  (13, 5, 'workflow.updated', 'workflows', 4,
    '{"name": "Payroll export", "fields": ["definition", "description"]}', interval '5 days'),
  (14, 3, 'member.role_changed', 'organization_members', 2000014,
    '{"organization": "Globex", "from": "member", "to": "admin"}', interval '33 days'),
  (15, null, 'user.deleted', 'users', -101, '{"email": "former.colleague@example.org", "requested_by": "user"}', interval '11 days'),
  (16, null, 'user.deleted', 'users', -102, '{"email": "trial.4711@example.net", "requested_by": "retention"}', interval '40 days'),
  (17, 1, 'workflow.deleted', 'workflows', -101, '{"name": "Old import"}', interval '8 days'),
  (18, 20, 'export.completed', 'telemetry_events', null, '{"format": "json", "rows": 1204}', interval '50 hours'),
  (19, 40, 'integration.disabled', 'user_integrations', null, '{"provider": "stripe", "reason": "key rotated"}', interval '6 hours'),
  (20, 13, 'feature_flag.changed', 'feature_flags', 6,
    '{"key": "dark-invoices", "rollout": {"from": 0, "to": 5}}', interval '22 days')
) as entry (n, actor, action, resource, row, metadata, age);

-- Every day's work: 189 days, where the policy keeps 180.
insert into public.audit_logs (id, "userId", action, resource, "resourceId", metadata, "ipAddress", "userAgent", "timestamp")
select
  pg_temp.id('audit_logs', 100 + i), pg_temp.somebody(i, 1), action, resource,
  case resource
    when 'workflows' then pg_temp.id('workflows', 6 + pg_temp.throw(i, 3, pg_temp.workflows() - 5))
    when 'organizations' then pg_temp.id('organizations', 1 + pg_temp.throw(i, 3, pg_temp.organizations()))
    when 'sessions' then pg_temp.id('sessions', 1 + pg_temp.throw(i, 3, pg_temp.users()))
  end::text,
  case action
    when 'login.failed' then jsonb_build_object(
      'reason', pg_temp.pick(i, 4, '{wrong password,unknown device,second factor missing}'),
      'attempt', 1 + pg_temp.throw(i, 5, 4))
    when 'workflow.run' then jsonb_build_object('ms', 30 + pg_temp.throw(i, 5, 60000))
    when 'export.completed' then jsonb_build_object('format', pg_temp.pick(i, 4, '{csv,json,xlsx}'), 'rows', pg_temp.throw(i, 5, 40000))
    else '{}'
  end,
  (pg_temp.pick(i, 6, '{192.0.2.,198.51.100.,203.0.113.,2001:db8::}') || 1 + pg_temp.throw(i, 7, 250))::inet,
  pg_temp.pick(i, 8, array[
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) Safari/605.1.15', 'Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/142.0',
    'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', 'rowsight-sample-cli/2.4', 'okhttp/5.1']),
  now() - pg_temp.days(pg_temp.share(i, 9) ^ 1.8 * 189)
from generate_series(1, pg_temp.rows() / 10) as i
cross join lateral (select pg_temp.pick(i, 2, '{
  login,login,login,login.failed,logout,workflow.run,workflow.run,workflow.run,workflow.updated,
  workflow.created,export.completed,organization.updated,mfa.verified}') as action) as drawn
cross join lateral (select case split_part(action, '.', 1)
  when 'workflow' then 'workflows'
  when 'organization' then 'organizations'
  when 'export' then 'events'
  else 'sessions'
end as resource) as spoken;

-- Told by the function of the schema, then dated back. Half of them are the look-alike's.
do $$
begin
  perform public.audit_rls_violation(
    pg_temp.pick(i, 1, '{workflows,users,privacy_prefs,organization_members,telemetry_events,subscriptions}'),
    case when i <= 9 then pg_temp.id('users', -1) when i = 10 then pg_temp.id('users', -101) else pg_temp.somebody(i, 2) end,
    pg_temp.pick(i, 3, '{SELECT,SELECT,UPDATE,INSERT,DELETE}')
  )
  from generate_series(1, 18 + pg_temp.rows() / 1000) as i;
end
$$;

update public.audit_logs as entry
set
  id = pg_temp.id('rls violations', place), "ipAddress" = '198.51.100.7'::inet + place % 5,
  "timestamp" = now() - case
    when entry."userId" = pg_temp.id('users', -1) then interval '4 days 1 hour' + place * interval '41 seconds'
    else pg_temp.days(pg_temp.share(place, 12) ^ 2 * 60) end
from (
  select
    id, row_number() over (order by resource, metadata ->> 'attempted_user_id', metadata ->> 'operation') as place
  from public.audit_logs where action = 'rls_violation'
) as violation
where violation.id = entry.id;

-- Every night until nine days ago, and what people did about their trust in us. The order of time is the
-- order of the numbers.
insert into public.audit_log (user_id, action, meta, ts)
select person, action, meta, ts
from (
  select
    null::uuid, case when night = 9 then 'retention.failed' else 'retention.run' end,
    case when night = 9 then '{"error": "could not connect: certificate has expired", "job": "nightly clean-up"}'::jsonb
      else jsonb_build_object('job', 'nightly clean-up', 'rows_deleted', 200 + pg_temp.throw(night, 1, 900)) end,
    date_trunc('day', now()) - pg_temp.days(night) + interval '3 hours 15 minutes'
  from generate_series(9, 60) as night
  union all
  select
    pg_temp.somebody(i, 1), action,
    case action
      when 'consent.changed' then jsonb_build_object('consentGiven', pg_temp.throw(i, 3, 3) > 0)
      when 'data.exported' then jsonb_build_object('format', 'json', 'rows', pg_temp.throw(i, 4, 5000))
      when 'policy.read' then jsonb_build_object('version', 1 + pg_temp.throw(i, 5, 9))
      else '{}' end,
    now() - pg_temp.days(pg_temp.share(i, 6) ^ 1.8 * 189)
  from generate_series(1, 30 + pg_temp.rows() / 20) as i
  cross join lateral (select pg_temp.pick(i, 2, '{
    policy.read,policy.read,consent.changed,data.exported,mfa.enrolled,device.trusted,device.revoked}') as action) as drawn
  union all
  select pg_temp.id('users', 2), 'consent.withdrawn', '{"reason": "too much mail"}', now() - interval '6 days'
) as entry (person, action, meta, ts)
order by ts;

-- The clean-up stopped nine days ago. The policy for metrics_log is new, utm_tracks' is switched off, and
-- file_previews was dropped long ago.
insert into public.retention_policies (id, "tableName", "retentionDays", enabled, "lastRun", "createdAt", "updatedAt")
select
  pg_temp.id('retention_policies', n), name, days, enabled, now() - ran, now() - made, now() - coalesce(ran, made)
from (values
  (1, 'events', 90, true, interval '9 days 4 hours', interval '400 days'),
  (2, 'audit_logs', 180, true, interval '9 days 4 hours', interval '400 days'),
  (3, 'audit_log', 180, true, interval '9 days 4 hours', interval '400 days'),
  (4, 'telemetry_events', 180, true, interval '9 days 4 hours', interval '400 days'),
  (5, 'sessions', 30, true, interval '9 days 4 hours', interval '400 days'),
  (6, 'mfa_enforced_sessions', 7, true, interval '9 days 4 hours', interval '400 days'),
  (7, 'workflow_executions', 60, true, interval '9 days 4 hours', interval '300 days'),
  (8, 'workflow_runs', 30, true, interval '9 days 4 hours', interval '300 days'),
  (9, 'metrics_log', 14, true, null, interval '1 day'),
  (10, 'utm_tracks', 180, false, interval '120 days', interval '400 days'),
  (11, 'spend', 730, true, interval '9 days 4 hours', interval '200 days'),
  (12, 'file_previews', 30, true, null, interval '500 days')
) as policy (n, name, days, enabled, ran, made);

-- 23 days; the database slowed down in the last hours.
insert into public.metrics_log (ts, source, metric, created_at)
select
  taken, source,
  case source
    when 'api' then jsonb_build_object(
      'requests', 200 + pg_temp.throw(i, 1, 900), 'errors', pg_temp.throw(i, 4, 5),
      'p50_ms', 12 + pg_temp.throw(i, 2, 9), 'p95_ms', 60 + pg_temp.throw(i, 3, 80))
    when 'worker' then jsonb_build_object(
      'queue', pg_temp.throw(i, 5, 40), 'done', 20 + pg_temp.throw(i, 6, 60), 'failed', pg_temp.throw(i, 7, 3))
    else jsonb_build_object(
      'connections', 9 + pg_temp.throw(i, 8, 12), 'cache_hit', round((0.985 + pg_temp.share(i, 9) * 0.014)::numeric, 4),
      'p95_ms', case when now() - taken < interval '8 hours' then 40 else 4 end + pg_temp.throw(i, 10, 5))
  end,
  taken
from generate_series(1, 240 + pg_temp.rows() / 20) as i
cross join lateral (select
  (array['api', 'worker', 'database'])[1 + i % 3] as source,
  now() - pg_temp.days(23 * (1 - i::double precision / (240 + pg_temp.rows() / 20))) as taken
) as sample;


-- ---------------------------------------------------------------------------------------------------
-- Analytics: sixty days of visits that become orders, and what the advertising cost
-- ---------------------------------------------------------------------------------------------------
-- One die decides how far a visit goes. Who orders is known nine times in ten, and new six times in ten.

insert into public.analytics_events (id, occurred_at, user_id, event_name, props)
select
  pg_temp.id('analytics_events', 10 * i + step),
  least(now(), began + step * interval '4 minutes' + case step when 6 then pg_temp.days(pg_temp.share(i, 9) * 9) else '0' end),
  case
    when pg_temp.throw(i, 2, 10) >= case when luck < 110 then 9 else 3 end then null
    when pg_temp.throw(i, 11, 10) < 6 then pg_temp.id('visitors', i)
    else pg_temp.somebody(i, 3)
  end,
  name,
  case name
    when 'session_started' then jsonb_build_object(
      'source', pg_temp.pick(i, 4, '{google,google,linkedin,newsletter,direct}'),
      'device', pg_temp.pick(i, 5, '{desktop,desktop,phone,tablet}'))
    when 'order_completed' then jsonb_build_object(
      'order_id', 'S-' || 100000 + i, 'revenue_cents', price, 'cost_cents', price * (25 + pg_temp.throw(i, 7, 15)) / 100)
    when 'order_refunded' then jsonb_build_object('order_id', 'S-' || 100000 + i, 'refunds_cents', price)
    else jsonb_build_object('plan', pg_temp.pick(i, 8, '{pro,pro,enterprise}'))
  end
from generate_series(1, pg_temp.rows() / 10) as i
cross join lateral (select
  pg_temp.throw(i, 1, 1000) as luck,
  now() - pg_temp.days(59 * pg_temp.share(i, 10) * (0.75 + 0.25 * pg_temp.share(i, 10))) as began,
  100 * (19 + 10 * pg_temp.throw(i, 6, 14)) as price
) as visit
join (values
  (1, 'session_started', 1000), (2, 'product_viewed', 700), (3, 'add_to_cart', 340), (4, 'checkout_started', 190),
  (5, 'order_completed', 110), (6, 'order_refunded', 7)
) as stage (step, name, chance) on luck < chance
union all
select
  pg_temp.id('analytics_events', 0), now() - interval '3 hours', pg_temp.id('users', 6), 'offer_viewed',
  '{"offer": "welcome-pro-30"}';

insert into public.spend (id, platform, campaign_id, adset_id, date, spend_cents, clicks, impressions, conv)
select
  pg_temp.id('spend', 100 * age + n), platform, campaign, campaign || '-' || pg_temp.pick(100 * age + n, 1, '{a,b}'),
  (now() at time zone 'UTC')::date - age, cents, clicks, clicks * (18 + pg_temp.throw(100 * age + n, 3, 20)), clicks / 30
from generate_series(0, 59) as age
cross join (values
  (1, 'google', 'workflow-search', 1500), (2, 'google', 'retarget', 500), (3, 'linkedin', 'teams', 1300),
  (4, 'meta', 'automation-101', 700), (5, 'newsletter', 'welcome-pro-30', 300)
) as campaign (n, platform, campaign, budget)
cross join lateral (select
  (budget * greatest(1, pg_temp.rows() / 20000.0) * (0.7 + 0.6 * pg_temp.share(100 * age + n, 2)))::integer as cents
) as paid
cross join lateral (select cents / 90 as clicks) as got
where n < 5 or age <= 21;

do $$
begin
  perform public.recompute_metrics_daily((now() at time zone 'UTC')::date - 59, (now() at time zone 'UTC')::date);
end
$$;


-- ---------------------------------------------------------------------------------------------------
-- Hostile text
-- ---------------------------------------------------------------------------------------------------
-- Clears the screen, sets the title, writes to the clipboard, hides a link, turns the direction of text,
-- pretends to be two rows, a formula for spreadsheets, too long, too deep. All written with escapes.

update public.events as event
set "filePath" = hostile.path, metadata = event.metadata || '{"sample": "hostile"}'
from (values
  (1, E'/shop/src/\u001b[2J\u001b[1;1Hall your rows.py'),
  (2, E'/shop/docs/\u001b]0;hostile title\u0007notes.md'),
  (3, E'/shop/docs/\u001b]52;c;aG9zdGlsZQ==\u0007paste.md'),
  (4, E'/ledger/reports/invoice_\u202efdp.exe'),
  (5, E'/ledger/src/two\nrows\tand\ra return\u0085.csv'),
  (6, E'/design/\U0001F469\u200D\U0001F4BB/\U0001F3F3\uFE0F\u200D\U0001F308/e\u0301\u0302\u0303\u0304\u0305.svg'),
  (7, E'/website/zero\u200bwidth\u2060\ufeff.ts'),
  (8, '/payroll/=HYPERLINK("https://example.com","salary").csv')
) as hostile (i, path)
where event.id = pg_temp.id('events', pg_temp.rows() - hostile.i);

insert into public.workflows (
  id, "userId", "organizationId", name, description, definition, "isActive", "createdAt", "updatedAt"
)
select
  pg_temp.id('hostile workflows', n), pg_temp.id('users', 1), null, name, description, definition, false,
  now() - interval '30 days', now() - n * interval '3 days'
from (values
  (1, E'Hostile \u001b[5mblinking\u001b[0m \u202eskrow ti\u202c', 'Hostile: escapes and direction marks in the name',
    '{"sample": "hostile"}'::jsonb),
  (2, 'Hostile long', repeat('Hostile and very long. ', 220), jsonb_build_object('sample', 'hostile', 'text', repeat('x', 4000))),
  (3, 'Hostile deep', 'Hostile: two hundred levels', (repeat('{"hostile": [', 100) || '1' || repeat(']}', 100))::jsonb),
  (4, E'Hostile \U0001F9EA\U0001F469\u200D\U0001F52C\U0001F1F8\U0001F1EA',
    E'Hostile: \u001b]8;;https://example.com\u001b\\click\u001b]8;;\u001b\\',
    '{"sample": "hostile", "\u001b[31mkey": "\u0007"}')
) as hostile (n, name, description, definition);

insert into public.audit_logs (id, "userId", action, resource, metadata, "ipAddress", "userAgent", "timestamp")
values (
  pg_temp.id('hostile audit_logs', 1), pg_temp.id('users', -1), 'login.failed', 'sessions',
  '{"sample": "hostile", "reason": "\u001b[1A\u001b[2Kaccepted"}', '203.0.113.66',
  E'curl/8.9 \u001b]0;hostile\u0007\u009b31m', now() - interval '4 days 2 hours'
);


drop function
  pg_temp.rows(), pg_temp.users(), pg_temp.organizations(), pg_temp.workflows(), pg_temp.id(text, bigint),
  pg_temp.throw(bigint, integer, integer), pg_temp.share(bigint, integer), pg_temp.pick(bigint, integer, text[]),
  pg_temp.somebody(bigint, integer), pg_temp.regulars(), pg_temp.days(double precision);
