"""THE MAIL SERVICE: one function per thing a person does. Law: it owns order and transactions, and knows no web page.

A database transaction is never open during network work; the network is reached only through ``imap`` and ``smtp``.
"""
