"""What each key does, and which are available."""
