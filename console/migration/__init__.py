"""Verify, plan and apply the master migration."""
