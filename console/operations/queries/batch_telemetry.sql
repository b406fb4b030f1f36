-- One batch of what is older than its user has allowed.
select b.rows_found, b.rows_deleted from public.cleanup_telemetry_batch({limit}) as b
