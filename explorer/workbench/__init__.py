"""One facade over the rooms: what both faces call."""
