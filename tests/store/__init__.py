"""Rules of what we remember."""
