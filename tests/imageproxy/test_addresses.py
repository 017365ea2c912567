"""No form of an address leads a fetch to anything but the public Internet."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence

import pytest

from tests.servers.image_server import PUBLIC, STANDS_AT, ImageServer, answer, png
from webmail.imageproxy.addresses import host_name, is_public
from webmail.imageproxy.fetching import fetch
from webmail.imageproxy.network import FetchError, Network

PRIVATE = """
127.0.0.1 127.1.2.3 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.254 192.168.1.1 169.254.169.254 100.64.0.1 100.127.255.254
192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
::1 :: ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1
64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::a00:1 64:ff9b:1:ffff::808:808
2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1 2001:2::1
2a00:1450::5efe:7f00:1 2a00:1450::200:5efe:a00:1 fe80::5efe:127.0.0.1 fe80::1 fec0::1 feff::1 fc00::1 fd12:3456::1 ff02::1 ff0e::1
2001:db8::1 3fff::1 100::1 5f00::1 4000::1 e000::1 fe80::1%eth0
""".split()  # noqa: SIM905  # sixty words are read more easily
"""Addresses that a resolver may give, or that a host may be written as."""
FORMS = """
localhost localhost. LOCALHOST ip6-localhost router intranet 127.1 127.0.1 0 0x7f000001 0x7f.0.0.1 0x7F.1 017700000001 0177.0.0.1
0177.1 2130706433 2130706433. 127.0.0.1. 00000177.0.0.1 0x0 3232235777 0xc0a80101 134744072 8.8.8.0x8 1.2.3.08
127。0。0。1 ①②⑦.⓪.⓪.① 127.0.0.1%00 127.0.0.1%2f.example [::1] [::] [::ffff:127.0.0.1] [fe80::1%25eth0] [::ffff:7f00:1]
user@127.0.0.1 user:pass@public.example public.example:8080 public.example:22 127.0.0.1:80 public.example:0 public.example:99999
-.example a..example ..
""".split()  # noqa: SIM905
"""Hosts as an address may write them, with what comes before and after; each by itself is refused, whatever it would mean."""


class Recorder:
    """A network that writes down where a fetch wants to go, and leads it to a server on loopback."""

    def __init__(self, server: ImageServer, found: Sequence[str] = (PUBLIC,)) -> None:
        self.found = list(found)
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.server = server

    def resolve(self, host: str) -> list[str]:
        self.looked_up.append(host)
        return self.found

    def connect(self, address: str, port: int, timeout: float) -> socket.socket:
        self.connected.append((address, port))
        return socket.create_connection((STANDS_AT, self.server.port), timeout)

    @property
    def network(self) -> Network:
        return Network(self.resolve, permitted, self.connect)


def permitted(address: str) -> bool:
    """The real check, which lets one address pass besides: that of the server the test leads connections to."""
    return is_public(address) or address == STANDS_AT


@pytest.fixture
def server() -> Iterator[ImageServer]:
    found = ImageServer(answers={"/x.png": answer(png())})
    found.start()
    yield found
    found.stop()


def refused(address: str, network: Network) -> str:
    with pytest.raises(FetchError) as raised:
        fetch(address, network)
    return raised.value.code


def test_a_public_address_is_connected_to(server: ImageServer) -> None:
    recorder = Recorder(server)
    assert fetch("http://public.example/x.png", recorder.network).media_type == "image/png"
    assert (recorder.looked_up, recorder.connected, server.connections) == (["public.example"], [(PUBLIC, 80)], 1)
    for address in ("8.8.8.8", "1.1.1.1", "2606:4700::6810:84e5", "2001:4860:4860::8888", "2a00:1450:4001:80b::200e"):
        assert is_public(address), address
        assert host_name(address) == address


def test_no_form_of_a_private_address_is_connected_to(server: ImageServer) -> None:
    assert len(set(PRIVATE)) >= 59
    for address in PRIVATE:
        recorder = Recorder(server, [address])
        assert refused("http://innocent.example/x.png", recorder.network) == "address", address
        written = f"[{address}]" if ":" in address else address
        assert refused(f"http://{written}/x.png", recorder.network) == "address", address
        assert recorder.connected == [], address
    assert server.connections == 0


def test_no_odd_way_to_write_a_host_is_even_looked_up(server: ImageServer) -> None:
    assert len(set(PRIVATE) | set(FORMS)) >= 100
    recorder = Recorder(server)
    for form in FORMS:
        for scheme in ("http", "https"):
            assert refused(f"{scheme}://{form}/x.png", recorder.network) == "address", form
    assert recorder.looked_up == []
    assert server.connections == 0


def test_without_the_check_they_would_be_connected_to(server: ImageServer) -> None:
    blind = Network(lambda host: ["127.0.0.1"], lambda address: True, Recorder(server).connect)
    assert fetch("http://127-0-0-1.nip.example/x.png", blind).media_type == "image/png"
    assert server.connections == 1


@pytest.mark.parametrize(
    "address",
    [
        *(
            "ftp://public.example/x.png",
            "file:///etc/passwd",
            "gopher://public.example/x",
            "data:image/png;base64,AA",
            "//public.example/x",
        ),
        *("https://public.example:80/x", "http://public.example:443/x", "http:///x.png", "x.png", "", "http://[public.example]/x"),
    ],
)
def test_only_web_addresses_on_their_own_ports_are_fetched(address: str, server: ImageServer) -> None:
    recorder = Recorder(server)
    assert refused(address, recorder.network) == "address"
    assert (recorder.looked_up, recorder.connected) == ([], [])


def test_of_several_addresses_only_public_ones_are_tried(server: ImageServer) -> None:
    recorder = Recorder(server, ["10.0.0.1", "::1", PUBLIC, "127.0.0.1"])
    fetch("http://mixed.example/x.png", recorder.network)
    assert recorder.connected == [(PUBLIC, 80)]


def test_a_name_that_means_something_else_the_second_time_gains_nothing(server: ImageServer) -> None:
    recorder = Recorder(server)

    def rebinding(host: str) -> list[str]:
        recorder.looked_up.append(host)
        return [PUBLIC] if len(recorder.looked_up) == 1 else ["127.0.0.1"]

    network = Network(rebinding, permitted, recorder.connect)
    fetch("http://rebind.example/x.png", network)
    assert (recorder.looked_up, recorder.connected) == (["rebind.example"], [(PUBLIC, 80)])
    assert refused("http://rebind.example/x.png", Network(rebinding, is_public, recorder.connect)) == "address"
    assert recorder.connected == [(PUBLIC, 80)]


def test_a_connection_that_ends_elsewhere_than_it_was_meant_to_is_dropped(server: ImageServer) -> None:
    led_astray = Network(lambda host: [PUBLIC], is_public, Recorder(server).connect)
    assert refused("http://public.example/x.png", led_astray) == "address"
    assert server.requests == []


@pytest.mark.parametrize("target", [*PRIVATE[:3], "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "2130706433", "localhost"])
def test_a_redirect_is_checked_as_the_first_address_was(target: str, server: ImageServer) -> None:
    server.answers["/go"] = answer(status="302 Found", fields=f"Location: http://{target}/x.png\r\n")
    recorder = Recorder(server)
    network = Network(lambda host: [PUBLIC if host == "public.example" else host], permitted, recorder.connect)
    assert refused("http://public.example/go", network) == "address"
    assert recorder.connected == [(PUBLIC, 80)]
    assert len(server.requests) == 1
