"""Two attempts compared on a page: what else differs, and their logs side by side or one below the other."""
