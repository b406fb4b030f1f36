"""What the server says about itself, as frozen dataclasses."""
