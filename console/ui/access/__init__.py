"""Tab 2: who sees which row, and why."""
