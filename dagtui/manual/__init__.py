"""The user's manual: Markdown pages, read on the web, by `dagtui help TOPIC`, and from `?` on the screen."""
