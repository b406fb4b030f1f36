-- Tells a user, in the log that is the user's own, that somebody looked as this user.
insert into public.privacy_transparency_log ("userId", action, resource, "resourceId", metadata)
values ({user}::uuid, 'viewed', 'rows', {operation},
        {metadata}::jsonb || jsonb_build_object('login', session_user))
