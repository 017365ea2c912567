"""The embedded mail server and its sample mail. Law: it sees nothing of the application, and only ``cli`` sees it.

It stands in for a real mail server: the application reaches it by IMAP and SMTP on loopback, like any other.
"""
