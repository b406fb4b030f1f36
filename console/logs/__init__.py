"""The audit and transparency logs: live, back through time, and whether they can be believed."""
