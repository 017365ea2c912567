"""When a password may be sent: TLS that is always verified, or loopback (RFC 8314, RFC 9525)."""

from __future__ import annotations

import ipaddress
import ssl

from webmail.account import Server
from webmail.errors import ServerUnusable

_EXPIRED = 10
_WRONG_HOST = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its form alone; no name is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(server: Server) -> ssl.SSLContext:
    """A context that verifies certificates and names, by the system's authorities and one of our own if given."""
    context = ssl.create_default_context()
    if server.ca_file:
        try:
            context.load_verify_locations(cafile=server.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ServerUnusable("tls_ca_file", host=server.host, port=server.port, file=server.ca_file) from error
    return context


def tls_error(error: ssl.SSLError, *, server: Server) -> ServerUnusable:
    """The error that says what is wrong with the server's TLS."""
    code = "tls_certificate"
    if not isinstance(error, ssl.SSLCertVerificationError):
        code = "tls_failed"
    elif error.verify_code == _EXPIRED:
        code = "tls_expired"
    elif error.verify_code in _WRONG_HOST:
        code = "tls_hostname"
    return ServerUnusable(code, host=server.host, port=server.port)
