"""Webmail: a self-hosted personal webmail over any IMAP and SMTP server."""
