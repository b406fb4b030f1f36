"""Who sees which row, and why."""
