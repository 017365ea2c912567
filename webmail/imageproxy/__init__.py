"""Servers of strangers, asked so that they learn nothing of who reads. Law: images, lists to leave, files to save; public addresses only.

It knows no database, no message and no page. What is not public is gone to only where the operator has named the host.
"""
