"""Signatures verified. Law: strangers' cryptography is read by programs that can be killed, never in this process; no network, no database.

A verdict says what was found and nothing more: who is trusted is decided by the authorities of this system and by the keys a
person has put in, and whether the signer is the sender is decided by whoever knows the sender.
"""
