"""The version of the agent: the zip file has a digest of its modules here (dagtui/execution/shipped.py)."""

VERSION = ""
