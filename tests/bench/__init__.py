"""``make bench``: figures beside other tools, measured on this machine against the local server."""
