"""Tab 6: the audit and transparency logs, live."""
