"""Search queries: their syntax tree, and the one word normaliser that index and query share.

Law: pure (no I/O, no clock, no database); now and the time zone come in as arguments. Nothing that a person types is an
error here: what cannot be understood becomes a hint, and the rest is searched.
"""
