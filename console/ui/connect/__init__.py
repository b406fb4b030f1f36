"""The way in: profiles, what was found, and testing them."""
