"""Health of the server, retention, and the analytics functions of the master schema."""
