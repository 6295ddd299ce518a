"""The graph: its model, reading it from TOML, expressions, expansion and checks."""
