"""How a database is reached and kept."""
