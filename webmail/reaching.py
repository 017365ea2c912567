"""Reaching a server and protecting the connection: the addresses, TLS, and their errors made into ours (RFC 8314, RFC 9525)."""

from __future__ import annotations

import socket
import ssl
import time

from webmail.account import Security, Server
from webmail.errors import ServerUnavailable, ServerUnusable
from webmail.tls import error_code, is_loopback


def open_socket(server: Server, *, timeout: float) -> socket.socket:
    """A connection to the first of the server's addresses that answers.

    Raises ServerUnavailable (``connect``, ``timeout``), and ServerUnusable("insecure") before anything is sent where an
    unprotected connection would leave this machine. The name look-up takes as long as the system's resolver lets it.
    """
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ServerUnavailable("connect", host=server.host, port=server.port) from error
    hosts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if server.security is Security.NONE and not all(map(is_loopback, hosts)):
        raise ServerUnusable("insecure", host=server.host)
    deadline = time.monotonic() + timeout
    failure: OSError = TimeoutError()
    for host in hosts:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            connection = socket.create_connection((host, server.port), timeout=left)
        except OSError as error:
            failure = error
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
    code = "timeout" if isinstance(failure, TimeoutError) else "connect"
    raise ServerUnavailable(code, host=server.host, port=server.port) from failure


def wrap(connection: socket.socket, context: ssl.SSLContext, *, host: str, timeout: float) -> ssl.SSLSocket:
    """The connection under TLS, the certificate verified for ``host``.

    Raises ServerUnusable (``tls_expired``, ``tls_hostname``, ``tls_certificate``, ``tls_failed``) or ServerUnavailable
    (``timeout``, ``disconnected``). The connection is then of no further use.
    """
    try:
        connection.settimeout(timeout)
        return context.wrap_socket(connection, server_hostname=host)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise ServerUnavailable("disconnected", host=host) from error
    except ssl.SSLError as error:
        raise ServerUnusable(error_code(error), host=host) from error
    except TimeoutError as error:
        raise ServerUnavailable("timeout", host=host) from error
    except ValueError as error:
        # A name no certificate can carry: empty, or with a label too long.
        raise ServerUnusable("tls_hostname", host=host) from error
    except OSError as error:
        raise ServerUnavailable("disconnected", host=host) from error
