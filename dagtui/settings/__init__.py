"""A person's settings: their values, the file that states them, and what changes it."""
