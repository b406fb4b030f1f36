insert into supabase_migrations.schema_migrations (version, name, statements)
values (%s::text, %s::text, %s::text[])
on conflict (version) do update set name = excluded.name, statements = excluded.statements
