"""When a password may be sent: TLS that is always verified, or loopback (RFC 8314, RFC 9525).

Storey 1: what every protocol room and the settings agree on; it opens no connection and looks up no name.
"""

from __future__ import annotations

import ipaddress
import ssl

from webmail.account import Server
from webmail.errors import ServerUnusable

# OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH.
_VERIFY_CODES = {10: "tls_expired", 62: "tls_hostname", 64: "tls_hostname"}


def is_loopback(host: str) -> bool:
    """Whether a host or address is this machine by its form alone; no name is looked up."""
    if host.lower() in ("localhost", "localhost.localdomain"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def verifying_context(server: Server) -> ssl.SSLContext:
    """A context that verifies certificates and names, by the system's authorities and the server's private one if given.

    Raises ServerUnusable("tls_ca_file").
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.ca_file:
        try:
            context.load_verify_locations(cafile=server.ca_file)
        except OSError as error:
            raise ServerUnusable("tls_ca_file", host=server.host, port=server.port, file=server.ca_file) from error
    return context


def error_code(error: ssl.SSLError) -> str:
    """The code of ServerUnusable that says what is wrong with a server's TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CODES.get(error.verify_code, "tls_certificate")
    return "tls_failed"
