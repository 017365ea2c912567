"""One module for each step; the name begins with its number."""
