"""Tab 1: what is in the database, and the rows of one table."""
