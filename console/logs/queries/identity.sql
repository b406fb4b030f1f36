-- Which server this is, and on which branch of its history. After a promotion the control file
-- still names the old timeline until a checkpoint; the name of the current WAL file does not.
select (select s.system_identifier from pg_catalog.pg_control_system() s),
       case when pg_catalog.pg_is_in_recovery()
         then (select c.timeline_id from pg_catalog.pg_control_checkpoint() c)
         else ('x' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::bigint
       end
