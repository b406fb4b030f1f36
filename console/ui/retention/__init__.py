"""Tab 5: what is old enough to be deleted, and deleting it."""
