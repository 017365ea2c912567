"""Address lists as header fields and people write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.address import Address, ascii_addr_spec, format_address, is_addr_spec, parse_address_list, printable, valid_addr_spec


def pairs(text: str) -> list[tuple[str, str]]:
    return [(each.name, each.addr_spec) for each in parse_address_list(text).addresses]


def test_a_list_of_addresses_is_read() -> None:
    found = parse_address_list('Anna <anna@example.org>, "Berg, Carl" <carl@example.org>, dora@example.org (Dora)')
    assert found.addresses == (
        Address("Anna", "anna@example.org"),
        Address("Berg, Carl", "carl@example.org"),
        Address("Dora", "dora@example.org"),
    )
    assert not found.doubtful
    assert not found.invalid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("undisclosed-recipients:;", []),
        ("Friends: a@x.org, Bob <b@x.org>;, c@x.org", [("", "a@x.org"), ("Bob", "b@x.org"), ("", "c@x.org")]),
        ("<@relay.org,@other.org:user@x.org>", [("", "user@x.org")]),
        ('"john doe"@x.org', [("", '"john doe"@x.org')]),
        ("a @ x.org", [("", "a@x.org")]),
        ("a@[192.0.2.1]", [("", "a@[192.0.2.1]")]),
        ("mailto:a@x.org", [("", "a@x.org")]),
        ("a@x.org <a@x.org>", [("", "a@x.org")]),
        ("A (one (two)) B <a@x.org>", [("A B", "a@x.org")]),
        ('"unclosed <a@x.org>, b@x.org', [('"unclosed', "a@x.org"), ("", "b@x.org")]),
        ("open (comment <a@x.org>", [("open (comment", "a@x.org")]),
        ("a@x.org; b@x.org\nc@x.org", [("", "a@x.org"), ("", "b@x.org"), ("", "c@x.org")]),
        ("用户@例子.公司", [("", "用户@例子.公司")]),
        ("Mary <@route.example:m@x.org>, , jdoe@test   . example", [("Mary", "m@x.org"), ("", "jdoe@test.example")]),
        ("a@x .org . uk Ann", [("Ann", "a@x.org.uk")]),
        ("write to a@x.org. Thanks", [("write to Thanks", "a@x.org.")]),
        ("a@x.org ... see", [("... see", "a@x.org")]),
    ],
)
def test_every_form_of_a_list_is_read(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "good@bank.example <evil@x.example>",
        "<good@bank.example>evil@x.example",
        "<good@bank.example> <evil@x.example>",
        '"Someone" <valid@example.net>:<attacker@example.org>',
        "<<good@bank.example>evil@x.example>",
        "<good@bank.example",
        "someone@bank . example",
    ],
)
def test_a_text_that_readers_understand_differently_is_doubtful(text: str) -> None:
    assert parse_address_list(text).doubtful


def test_the_address_in_angle_brackets_is_the_address() -> None:
    assert pairs("good@bank.example <evil@x.example>") == [("good@bank.example", "evil@x.example")]


def test_what_holds_no_address_is_named_as_written() -> None:
    assert parse_address_list("MAILER-DAEMON, a@x.org, <>").invalid == ("MAILER-DAEMON", "<>")


def test_a_list_ends_at_its_limit_and_says_so() -> None:
    found = parse_address_list(", ".join(f"u{number}@x.org" for number in range(50)), limit=10)
    assert len(found.addresses) == 10
    assert found.cut


@given(st.text(alphabet=st.sampled_from('a@.,;:<>()"\\[] \n\t=?é\u202e'), max_size=60))
def test_no_text_makes_reading_fail(text: str) -> None:
    for address in parse_address_list(text).addresses:
        assert is_addr_spec(address.addr_spec)
        assert printable(address.name) == address.name


@given(st.text(max_size=40), st.sampled_from(["a@x.org", '"a b"@x.org', "ü@x.org"]))
def test_a_formatted_address_reads_as_itself(name: str, spec: str) -> None:
    address = Address(" ".join(printable(name).split()), spec)
    assert parse_address_list(format_address(address)).addresses == (address,)


@pytest.mark.parametrize("piece", ['"', "(", "<", "[", "\\", "@", ":", ",", ">", ")", "a ", 'a"', "a(", "a@x.org,", "<a@", "( ", "\t,"])
def test_reading_takes_linear_time(piece: str) -> None:
    begun = time.process_time()
    parse_address_list(piece * (200_000 // len(piece)), limit=1_000_000)
    assert time.process_time() - begun < 4


@pytest.mark.parametrize("count", [500, 2_000, 8_000])
def test_thousands_of_recipients_are_read_at_once(count: int) -> None:
    text = ", ".join(f'"User, {number}" <u{number}@example.org>' for number in range(count))
    begun = time.process_time()
    assert len(parse_address_list(text, limit=count).addresses) == count
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nBcc: x", "a Bcc: x"),
        ("pay\u200bpal", "paypal"),
        ("\u202eevil\u2066", "evil"),
        ("a\x00b\x85c\u2028d", "a b c d"),
        ("\ud800", "\ufffd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("a\u200db", "ab"),
    ],
)
def test_text_is_made_printable_on_one_line(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize("text", ["a@example.org", "ü@example.org", "a@bücher.example", "a@mail.local", "a@localhost", '"a b"@x.org'])
def test_an_address_that_mail_can_reach_is_valid(text: str) -> None:
    assert valid_addr_spec(text)


@pytest.mark.parametrize("text", ["", "a", "a@", "@x.org", "a@x..org", "a b@x.org", "a@x.org\r\nBcc: b@x.org", "a@-x.org"])
def test_an_address_that_is_none_is_invalid(text: str) -> None:
    assert not valid_addr_spec(text)


def test_a_domain_of_any_script_has_an_ascii_form() -> None:
    assert ascii_addr_spec("a@bücher.example") == "a@xn--bcher-kva.example"
    assert ascii_addr_spec("ü@example.org") is None
