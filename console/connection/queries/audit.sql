-- What was done here, for whoever reads the database's own log.
insert into public.audit_logs (action, resource, "resourceId", metadata, "userAgent")
values ({action}, {resource}, {operation}, {metadata}::jsonb || jsonb_build_object('login', session_user), 'rowsight')
