"""IMAP (RFC 9051). Law: the only room that knows imapclient, and inside it only ``connection``; returns values, knows no database."""
