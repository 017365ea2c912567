"""Message submission (RFC 6409). Law: the only room that speaks SMTP; it knows no database and sends each command by itself.

with connect(server) as session:
    session.authenticate(credentials)
    session.mail(sender, size=len(raw))          # raises ServerRefused
    replies = {address: session.rcpt(address) for address in recipients}
    session.data()                               # raises ServerRefused; up to here nothing is handed over
    session.send_body(raw, before_end=commit)    # "disconnected" or "timeout": certainly not taken; "no_answer": perhaps
    reply = session.wait()                       # "no_answer": perhaps taken
"""

from webmail.smtp.body import check_body
from webmail.smtp.reply import Reply
from webmail.smtp.session import Session, connect

__all__ = ["Reply", "Session", "check_body", "connect"]
