"""The terminal: a Textual driver that a stopped, slow, lost or hostile terminal cannot block."""
