"""Reading TOML: values, where each was written, and syntax errors that say where."""
