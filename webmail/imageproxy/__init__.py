"""Servers of strangers, asked so that they learn nothing of who reads. Law: for images, and to leave a list; only public addresses.

It knows no database, no message and no page: it is given an address and gives a picture, or nothing.
"""
