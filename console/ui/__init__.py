"""The screens; the only package that imports textual."""

import os

# Textual paints at most so many times a second, and lets one frame pass after each it has painted.
# At its own 60 the rows after a jump stood ready for 20 ms, behind the dialog that was left.
os.environ.setdefault("TEXTUAL_FPS", "120")
