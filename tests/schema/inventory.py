"""What the specification names, and by name everything the schema has beyond it.

The first half is the overview as data: 30 table entries with 232 columns, 21 indexes, 18
functions, 12 triggers, 13 row-level security rules. The second half is what its decisions
add; an object in neither half is unexpected.
"""

from __future__ import annotations

TABLES = {
    "users": "id email emailVerified passwordHash name image createdAt updatedAt",
    "sessions": "id userId token expiresAt createdAt",
    "mfa_enforced_sessions": "id userId sessionToken expiresAt createdAt",
    "events": "id userId filePath eventType tool timestamp metadata",
    "patterns": "id userId fileExtension count lastUsed tools updatedAt",
    "relationships": "id userId sourceFile targetFile relationType weight lastSeen updatedAt",
    "subscriptions": "id userId plan status stripeId currentPeriodStart currentPeriodEnd"
    " cancelAtPeriodEnd createdAt updatedAt",
    "utm_tracks": "id userId source medium campaign term content firstTouch lastTouch timestamp",
    "cohorts": "id userId cohortMonth acquiredAt createdAt",
    "feature_flags": "id key enabled description metadata createdAt updatedAt",
    "offers": "id key name description planType discount validFrom validTo enabled metadata"
    " createdAt updatedAt",
    "privacy_prefs": "id userId consentGiven dataRetentionDays mfaRequired lastReviewedAt"
    " monitoringEnabled createdAt updatedAt",
    "app_allowlist": "id userId appId appName enabled scope createdAt updatedAt",
    "signal_toggles": "id userId signalKey enabled samplingRate createdAt updatedAt",
    "telemetry_events": "id userId timestamp appId eventType durationMs metadataRedactedJson"
    " createdAt",
    "privacy_transparency_log": "id userId action resource resourceId oldValueHash newValueHash"
    " metadata timestamp",
    "audit_logs": "id userId action resource resourceId metadata ipAddress userAgent timestamp",
    "audit_log": "id user_id action meta ts",
    "retention_policies": "id tableName retentionDays enabled lastRun createdAt updatedAt",
    "metrics_log": "id ts source metric created_at",
    "organizations": "id name slug plan settings createdAt updatedAt",
    "organization_members": "id organizationId userId role createdAt updatedAt",
    "workflows": "id userId organizationId name description definition isActive createdAt"
    " updatedAt",
    "workflow_versions": "id workflowId version definition createdAt",
    "workflow_executions": "id workflowId status input output error startedAt completedAt",
    "workflow_runs": "id user_id workflow_id status retries error data result created_at"
    " updated_at",
    "user_integrations": "id userId organizationId provider name config isActive lastSyncAt"
    " createdAt updatedAt",
    # The overview's "events (alternative)".
    "analytics_events": "id occurred_at user_id event_name props",
    "spend": "id platform campaign_id adset_id date spend_cents clicks impressions conv",
    "metrics_daily": "id day sessions add_to_carts orders revenue_cents refunds_cents aov_cents"
    " cac_cents conversion_rate gross_margin_cents traffic",
}

INDEXES = {
    "idx_users_email": "users",
    "idx_sessions_user_id": "sessions",
    "idx_sessions_token": "sessions",
    "idx_sessions_expires_at": "sessions",
    "idx_events_user_id_timestamp": "events",
    "idx_events_file_path": "events",
    "idx_events_event_type": "events",
    "idx_events_user_timestamp": "events",
    "idx_events_user_id_event_type": "events",
    "idx_patterns_user_id": "patterns",
    "idx_patterns_file_extension": "patterns",
    "idx_relationships_user_id": "relationships",
    "idx_relationships_source_target": "relationships",
    "idx_telemetry_events_user_timestamp": "telemetry_events",
    "idx_telemetry_events_app_id": "telemetry_events",
    "idx_privacy_transparency_log_user_timestamp": "privacy_transparency_log",
    "idx_organization_members_user_id": "organization_members",
    "idx_organization_members_org_id": "organization_members",
    "idx_workflows_user_id": "workflows",
    "idx_workflows_org_id": "workflows",
    "idx_workflow_runs_user_status": "workflow_runs",
}

FUNCTIONS = {
    "auth.uid": "",
    "public.update_updated_at_column": "",
    "public.is_admin": "",
    "public.is_org_member": "org_id uuid",
    "public.is_org_admin": "org_id uuid",
    "public.get_table_sizes": "",
    "public.get_index_usage": "",
    "public.privacy_guardian_health_check": "",
    "public.cleanup_retention_data": "",
    "public.cleanup_telemetry_by_retention": "",
    "public.audit_rls_violation": "table_name text, attempted_user_id uuid, operation text",
    "public.upsert_events": "_rows jsonb",
    "public.upsert_spend": "_rows jsonb",
    "public.recompute_metrics_daily": "_start date, _end date",
    "public.system_healthcheck": "",
    "public.encrypt_telemetry_metadata": "plaintext jsonb, encryption_key text",
    "public.redact_telemetry_metadata": "raw_metadata jsonb",
    "public.auto_redact_telemetry": "",
}

TRIGGERS = {
    "update_users_updated_at": "users",
    "update_patterns_updated_at": "patterns",
    "update_relationships_updated_at": "relationships",
    "update_subscriptions_updated_at": "subscriptions",
    "update_feature_flags_updated_at": "feature_flags",
    "update_offers_updated_at": "offers",
    "update_retention_policies_updated_at": "retention_policies",
    "update_privacy_prefs_updated_at": "privacy_prefs",
    "update_app_allowlist_updated_at": "app_allowlist",
    "update_signal_toggles_updated_at": "signal_toggles",
    "update_workflow_runs_updated_at": "workflow_runs",
    "auto_redact_telemetry_before_insert": "telemetry_events",
}

# Rule to what it means, as (caller, line of the permission matrix, commands, outcome); see
# `permissions`. The pattern's rules are read on tables that have no rule of their own.
RULES: dict[str, list[tuple[str, str, str, str]]] = {
    "Users can view own data": [
        ("owner", "events", "S", "+"),
        ("owner", "subscriptions", "S", "+"),
        ("stranger", "events", "S", "."),
        ("claim", "subscriptions", "S", "."),
    ],
    "Users can manage own data": [
        ("owner", "events", "IUD", "+"),
        ("owner", "patterns", "IUD", "+"),
        ("stranger", "patterns", "I", "x"),
        ("stranger", "patterns", "UD", "."),
    ],
    "Service role bypass": [
        ("service", "events", "SIUD", "+"),
        ("service", "audit_logs", "SIUD", "+"),
        ("service", "spend", "SIUD", "+"),
    ],
    "feature_flags: anyone can view": [
        ("anon", "feature_flags", "S", "+"),
        ("stranger", "feature_flags", "S", "+"),
    ],
    "offers: anyone can view enabled offers": [
        ("anon", "offers", "S", "+"),
        ("stranger", "offers", "S", "+"),
        ("anon", "offers, disabled", "S", "."),
        ("stranger", "offers, disabled", "S", "."),
    ],
    "roles: anyone can view": [
        ("anon", "roles", "S", "+"),
        ("stranger", "roles", "S", "+"),
    ],
    "organizations: members can view, admins can update": [
        ("member", "organizations", "S", "+"),
        ("member", "organizations", "U", "."),
        ("admin", "organizations", "SU", "+"),
        ("stranger", "organizations", "SU", "."),
    ],
    "organization_members: members can view, admins can manage": [
        ("member", "organization_members", "S", "+"),
        ("member", "organization_members", "I", "x"),
        ("member", "organization_members", "UD", "."),
        ("admin", "organization_members", "SIUD", "+"),
        ("stranger", "organization_members", "SUD", "."),
    ],
    "workflows: users can view own and, as members, the organization's": [
        ("owner", "workflows", "S", "+"),
        ("member", "workflows", "S", "."),
        ("member", "workflows, organization's", "S", "+"),
        ("stranger", "workflows, organization's", "S", "."),
    ],
    "user_integrations: users can view own and, as members, the organization's": [
        ("owner", "user_integrations", "S", "+"),
        ("member", "user_integrations", "S", "."),
        ("member", "user_integrations, organization's", "S", "+"),
        ("stranger", "user_integrations, organization's", "S", "."),
    ],
    "telemetry_events: users can only view and insert own": [
        ("owner", "telemetry_events", "SI", "+"),
        ("owner", "telemetry_events", "UD", "-"),
        ("stranger", "telemetry_events", "S", "."),
        ("claim", "telemetry_events", "S", "."),
        ("service", "telemetry_events", "SIUD", "-"),
    ],
    "privacy_transparency_log: users can only view own": [
        ("owner", "privacy_transparency_log", "S", "+"),
        ("owner", "privacy_transparency_log", "IUD", "-"),
        ("claim", "privacy_transparency_log", "S", "."),
        ("service", "privacy_transparency_log", "SIUD", "-"),
    ],
    "privacy_prefs: users can only manage own": [
        ("owner", "privacy_prefs", "SIUD", "+"),
        ("stranger", "privacy_prefs", "I", "x"),
        ("claim", "privacy_prefs", "SUD", "."),
        ("service", "privacy_prefs", "SIUD", "-"),
    ],
}


# Beyond the overview -------------------------------------------------------------------------

EXTRA_TABLES = {"roles": "id name description createdAt updatedAt"}

ALL_TABLES = TABLES | EXTRA_TABLES

UNIQUE = {
    "users": ["email"],
    "sessions": ["token"],
    "patterns": ["userId fileExtension"],
    "relationships": ["userId sourceFile targetFile"],
    "subscriptions": ["userId"],
    "cohorts": ["userId cohortMonth"],
    "feature_flags": ["key"],
    "offers": ["key"],
    "privacy_prefs": ["userId"],
    "app_allowlist": ["userId appId"],
    "signal_toggles": ["userId signalKey"],
    "retention_policies": ["tableName"],
    "roles": ["name"],
    "organizations": ["slug"],
    "organization_members": ["organizationId userId"],
    "workflow_versions": ["workflowId version"],
    "metrics_daily": ["day"],
}
"""Unique keys besides the primary key `id`, which every table has."""

DOCUMENTED_KEYS = {"users": "idx_users_email", "sessions": "idx_sessions_token"}
"""Unique constraints that bear a documented index's name; others are <table>_<columns>_key."""

EXTRA_INDEXES = {
    # foreign keys that no documented index leads
    "idx_mfa_enforced_sessions_user_id": "mfa_enforced_sessions",
    "idx_utm_tracks_user_id": "utm_tracks",
    "idx_audit_logs_user_timestamp": "audit_logs",
    "idx_audit_log_user_ts": "audit_log",
    "idx_workflow_executions_workflow_id": "workflow_executions",
    "idx_user_integrations_user_id": "user_integrations",
    "idx_user_integrations_org_id": "user_integrations",
    # the logs' order (time, id)
    "idx_audit_logs_timestamp_id": "audit_logs",
    "idx_audit_log_ts_id": "audit_log",
    "idx_metrics_log_ts_id": "metrics_log",
    # clean-up and roll-up
    "idx_mfa_enforced_sessions_expires_at": "mfa_enforced_sessions",
    "idx_analytics_events_occurred_at": "analytics_events",
    "idx_analytics_events_orders": "analytics_events",
    "idx_spend_date": "spend",
}

EXTRA_FUNCTIONS = {
    "private.my_org_ids": "",
    "private.my_admin_org_ids": "",
    "private.is_org_member": "org_id uuid",
    "private.is_org_admin": "org_id uuid",
    "private.require_all_rows": "_table regclass",
    "private.retention_rules": "",
    "private.log_privacy_change": "",
    "private.refuse_log_change": "",
    "public.count_retention_data": "",
    "public.cleanup_retention_batch": "_table text, _limit integer",
    "public.count_telemetry_by_retention": "",
    "public.cleanup_telemetry_batch": "_limit integer",
}

DEFINER_FUNCTIONS = {
    "private.my_org_ids",
    "private.my_admin_org_ids",
    "private.is_org_member",
    "private.is_org_admin",
    "private.log_privacy_change",
    "private.refuse_log_change",
    "public.privacy_guardian_health_check",
    "public.count_retention_data",
    "public.cleanup_retention_batch",
    "public.cleanup_retention_data",
    "public.count_telemetry_by_retention",
    "public.cleanup_telemetry_batch",
    "public.cleanup_telemetry_by_retention",
}

EXTRA_TRIGGERS = {
    "update_organizations_updated_at": "organizations",
    "update_organization_members_updated_at": "organization_members",
    "update_workflows_updated_at": "workflows",
    "update_user_integrations_updated_at": "user_integrations",
    "update_roles_updated_at": "roles",
    "log_privacy_prefs_changes": "privacy_prefs",
    "log_app_allowlist_changes": "app_allowlist",
    "log_signal_toggles_changes": "signal_toggles",
    "refuse_privacy_transparency_log_change": "privacy_transparency_log",
    "refuse_privacy_transparency_log_truncate": "privacy_transparency_log",
}

ALWAYS_ENABLED = {
    "auto_redact_telemetry_before_insert",
    "refuse_privacy_transparency_log_change",
    "refuse_privacy_transparency_log_truncate",
}

SEQUENCES = {"audit_log_id_seq", "metrics_log_id_seq"}

ZERO_TRUST = {"privacy_prefs", "telemetry_events", "privacy_transparency_log"}

POLICIES = {
    "users": "select insert update delete",
    "sessions": "select delete",
    "mfa_enforced_sessions": "select delete",
    "events": "select insert update delete",
    "patterns": "select insert update delete",
    "relationships": "select insert update delete",
    "subscriptions": "select",
    "utm_tracks": "select",
    "cohorts": "select",
    "feature_flags": "select",
    "offers": "select",
    "privacy_prefs": "select insert update delete",
    "app_allowlist": "select insert update delete",
    "signal_toggles": "select insert update delete",
    "telemetry_events": "select insert",
    # insert: only the database's owner, only from inside a trigger.
    "privacy_transparency_log": "select insert",
    "audit_logs": "select",
    "audit_log": "select insert",
    "retention_policies": "",
    "metrics_log": "",
    "organizations": "select update",
    "organization_members": "select insert update delete",
    "workflows": "select insert update delete",
    "workflow_versions": "select insert update delete",
    "workflow_executions": "select insert update delete",
    "workflow_runs": "select insert update",
    "user_integrations": "select insert update delete",
    "analytics_events": "",
    "spend": "",
    "metrics_daily": "",
    "roles": "select",
}
"""Policies named <table>_<command>; besides, <table>_service wherever trust is not zero."""

FOREIGN_KEYS = {
    **dict.fromkeys(
        [
            "sessions.userId",
            "mfa_enforced_sessions.userId",
            "events.userId",
            "patterns.userId",
            "relationships.userId",
            "subscriptions.userId",
            "utm_tracks.userId",
            "cohorts.userId",
            "privacy_prefs.userId",
            "privacy_transparency_log.userId",
            "organization_members.userId",
            "workflows.userId",
            "workflow_runs.user_id",
            "user_integrations.userId",
        ],
        "users.id on delete cascade",
    ),
    **dict.fromkeys(["audit_logs.userId", "audit_log.user_id"], "users.id on delete set null"),
    **dict.fromkeys(
        ["app_allowlist.userId", "signal_toggles.userId", "telemetry_events.userId"],
        "privacy_prefs.userId on delete cascade",
    ),
    **dict.fromkeys(
        [
            "organization_members.organizationId",
            "workflows.organizationId",
            "user_integrations.organizationId",
        ],
        "organizations.id on delete cascade",
    ),
    **dict.fromkeys(
        ["workflow_versions.workflowId", "workflow_executions.workflowId"],
        "workflows.id on delete cascade",
    ),
}
