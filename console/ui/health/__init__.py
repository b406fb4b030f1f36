"""Tab 4: how the server is doing."""
