"""Actions: what each key does, and which actions are available."""
