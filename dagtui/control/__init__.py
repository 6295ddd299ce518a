"""The control socket of a live run: server, client, requests, status report."""
