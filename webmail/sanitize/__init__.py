"""A stranger's HTML made safe to show, and its words as plain text.

Law: pure (no I/O, no clock, no settings), and the only room that knows bleach, lxml and tinycss2.
What leaves this room is final: whoever wants a message to look different gives an option, and never edits the result.
"""
