"""What we remember: the durable database, the disposable index, the due work.

Law: the only room that knows sqlalchemy, alembic and cryptography. It never touches the network (the wake-up socket is a
file in the data folder), never looks at a clock (``now`` comes in as an argument, aware and in UTC) and returns the
values of the house. Every function takes the database first and is one transaction, unless it says otherwise; no
transaction spans the two databases.
"""
