"""rowsight: a terminal operations console for Supabase and PostgreSQL."""

__version__ = "0.1.0"
