"""Images of other people's servers, fetched so that those learn nothing of who reads. Law: images only, and no address that is not public.

It knows no database, no message and no page: it is given an address and gives a picture.
"""
