"""A web server of strangers on loopback that writes down every connection and request, and answers as a test tells it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

Answer = bytes | Callable[[socket.socket], None]
STANDS_AT = "127.0.0.77"
"""Its own address, apart from those that tests must never see connected to."""
PUBLIC = "93.184.215.14"
"""An address of the public Internet that nobody connects to: the test's network leads it to the server."""


def png(width: int = 2, height: int = 2) -> bytes:
    """A picture of that size, as its header says; the pixels are those of the smallest."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(height)) if width * height < 10_000 else b"\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def answer(body: bytes = b"", *, status: str = "200 OK", fields: str = "", length: bool = True) -> bytes:
    """A whole answer; ``fields`` are header lines."""
    counted = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"HTTP/1.1 {status}\r\n{counted}{fields}\r\n".encode() + body


@dataclass
class ImageServer:
    """``answers`` are given by path; ``connections`` and ``requests`` say what came."""

    certificate: tuple[Path, Path] | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    connections: int = 0
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        self._listener = socket.create_server((STANDS_AT, 0))
        self.port = int(self._listener.getsockname()[1])
        self._context = None
        if self.certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*self.certificate)
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        # Closing alone does not wake the thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                came, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(came,), daemon=True).start()

    def _serve(self, came: socket.socket) -> None:
        with came, contextlib.suppress(OSError):
            if self._context:
                came = self._context.wrap_socket(came, server_side=True)
            with came:
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = came.recv(4096)
                    if not piece:
                        return
                    request += piece
                text = request.decode("latin-1")
                self.requests.append(text)
                given = self.answers.get(text.split(" ")[1], answer(status="404 Not Found"))
                if callable(given):
                    given(came)
                else:
                    came.sendall(given)
