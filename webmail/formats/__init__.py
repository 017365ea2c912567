"""Formats of what lies in messages: reports, calendars, cards, winmail.dat. Law: pure and tolerant; every field that comes out is text."""
