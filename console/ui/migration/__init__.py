"""Tab 3: is this database what the migration says, and making it so."""
