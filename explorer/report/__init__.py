"""Models in, plain text, rows, JSON and documents out. Pure, and the only sanitiser."""
