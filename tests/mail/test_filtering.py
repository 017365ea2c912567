"""Filters that the worker runs: tried once on each message that newly comes, on any server, and all they do can be undone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.mail.test_submission import sink, writer  # noqa: F401 - the fixtures of those who send
from tests.servers.person import Person, letter
from tests.servers.smtp_sink import SmtpSink
from webmail.errors import Conflict, InvalidInput
from webmail.formats.filters import Actions, Condition, Field, MailFilter, Match
from webmail.mail import filing, filter_shelf, filtering, filters
from webmail.mail.filter_pages import ConditionFields, FilterFields
from webmail.store import filters as kept
from webmail.store import journal

HUT = Condition(Field.SUBJECT, Match.CONTAINS, "hut")


def keep(person: Person, *wanted: MailFilter) -> None:
    """Keep these filters and no others."""
    filter_shelf.write(person.session, None, filter_shelf.read(person.session, None), wanted, now=datetime.now(UTC))


def made(*conditions: Condition, key: str = "a", any_of: bool = False, **did: object) -> MailFilter:
    return MailFilter(key, f"filter {key}", conditions, Actions(**did), any_of)  # type: ignore[arg-type]


def come(person: Person, *messages: bytes) -> None:
    """New mail, and the worker at work."""
    person.put(messages)
    person.work_all()


@pytest.fixture
def anybody(anyone: Person) -> Person:
    """Somebody on each kind of server, with an inbox that was opened and holds one old letter about a hut."""
    anyone.put([letter(1, subject="Old hut")])
    anyone.page()
    anyone.work_all()
    return anyone


def test_a_filter_puts_new_mail_away_and_leaves_what_was_here(anybody: Person) -> None:
    keep(anybody, made(HUT, move="Archive", flag=True, seen=True))
    come(anybody, letter(2, subject="The hut is booked"), letter(3, subject="Something else"))
    assert sorted(anybody.subjects()) == ["Old hut", "Something else"]
    assert anybody.subjects("Archive") == ["The hut is booked"]
    assert anybody.truth("Archive", "SEEN", "FLAGGED") == 1


def test_what_a_filter_did_can_be_undone_and_is_not_done_again(anybody: Person) -> None:
    keep(anybody, made(HUT, move="Archive", seen=True))
    come(anybody, letter(2, subject="The hut is booked"))
    (done,) = filters.page(anybody.session, None).lately
    assert (done.count, done.undone) == (1, False)
    filing.undo(anybody.session, done.journal_id)
    assert anybody.truth("INBOX", "SUBJECT", "booked", "UNSEEN") == 1
    come(anybody, letter(3, subject="Another hut"))
    assert anybody.truth("INBOX", "SUBJECT", "booked") == 1, "each message once"
    assert anybody.truth("Archive") == 1


def test_filters_look_at_headers_and_bodies_where_they_ask_for_them(anybody: Person) -> None:
    spam, body = Condition(Field.HEADER, Match.IS, "yes", "X-Spam"), Condition(Field.BODY, Match.CONTAINS, "ridge")
    keep(anybody, made(spam, move="Junk", stop=True), made(body, key="b", copy="Archive"))
    come(
        anybody, letter(2, subject="Buy", extra="X-Spam: YES\r\n", text="ridge"), letter(3, subject="Walk", text="On the ridge."), letter(4)
    )
    assert anybody.subjects("Junk") == ["Buy"]
    assert anybody.subjects("Archive") == ["Walk"]
    assert sorted(anybody.subjects()) == ["Letter 4", "Old hut", "Walk"]


def test_what_is_to_be_discarded_goes_to_trash(person: Person) -> None:
    person.page()
    keep(person, made(HUT, discard=True))
    come(person, letter(2, subject="hut"))
    assert (person.subjects(), person.subjects("Trash")) == ([], ["hut"])


def test_messages_that_come_in_great_number_are_all_looked_at(person: Person) -> None:
    person.page()
    keep(person, made(HUT, move="Archive"))
    person.fill([letter(number, subject=f"hut {number}") for number in range(1, 451)])
    # What is filled in is old by its date, so these say that they came just now.
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE filters SET since = 0")
    person.work_all()
    assert person.truth("INBOX") == 0
    assert person.truth("Archive") == 450


def test_older_mail_that_somebody_moves_into_the_inbox_is_not_new(person: Person) -> None:
    person.page()
    person.put([letter(2, subject="hut")], mailbox="Archive")
    keep(person, made(HUT, move="Junk"))
    with person.gate.database.durable_write() as connection:
        connection.exec_driver_sql("UPDATE filters SET since = since + 600000000")
    with person.side("Archive") as side:
        side.uid("MOVE", "1", "INBOX")
    person.work_all()
    assert (person.truth("INBOX"), person.truth("Junk")) == (1, 0)


def test_who_is_killed_between_two_steps_makes_no_second_copy(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.page()
    keep(person, made(HUT, copy="Archive", seen=True))
    person.put([letter(2, subject="hut")])

    def killed(*_given: object, **_options: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            person.work_all()
    assert person.truth("Archive") == 1
    filtering.run(person.session, now=datetime.now(UTC))
    assert (person.truth("Archive"), person.truth("INBOX", "SEEN")) == (1, 1)


def test_a_folder_that_is_gone_costs_no_message(person: Person) -> None:
    person.page()
    keep(person, made(HUT, move="Nowhere"), made(key="b", seen=True))
    come(person, letter(2, subject="hut"), letter(3))
    assert person.truth("INBOX") == 2
    shown = filters.page(person.session, None).filters
    assert [each.missing for each in shown] == [("Nowhere",), ()]


def test_mail_that_came_while_every_filter_was_off_is_left_alone(person: Person) -> None:
    person.page()
    keep(person, made(HUT, move="Archive"))
    filters.change(person.session, None, "a", what="off", stamp="1")
    come(person, letter(2, subject="hut"))
    filters.change(person.session, None, "a", what="on", stamp="2")
    come(person, letter(3, subject="hut again"))
    assert (person.subjects(), person.subjects("Archive")) == (["hut"], ["hut again"])


def test_a_message_is_forwarded_once_and_never_in_circles(writer: Person, sink: SmtpSink) -> None:  # noqa: F811
    writer.page()
    keep(writer, made(HUT, forward="ilse@example.net"))
    come(writer, letter(2, subject="hut"), letter(3, subject="hut", extra=f"Resent-From: {writer.username}\r\n"))
    writer.work_all()
    assert [each.recipients for each in sink.messages] == [("ilse@example.net",)]
    assert writer.truth("INBOX") == 2


def test_a_filter_is_rehearsed_on_what_is_here_and_applied_to_just_that(anybody: Person) -> None:
    anybody.put([letter(2, subject="hut two"), letter(3)])
    anybody.page()
    page = filters.form(anybody.session, None, message_id=anybody.ids()[-1])
    assert page.fields.conditions == (ConditionFields("from", "is", "mira@example.net"),)
    assert page.rehearsal is not None
    assert page.rehearsal.count == 3
    given = FilterFields(name="Huts", conditions=(ConditionFields("subject", "contains", "hut"),), does=frozenset({"move"}))
    given = filters.form(anybody.session, None, given=given).fields
    anybody.put([letter(4, subject="hut that has just come")])
    where = FilterFields(**{**{name: getattr(given, name) for name in given.__slots__}, "move": str(anybody.mailbox("Archive").id)})
    done = filters.save(anybody.session, None, where, stamp="0", apply=True)
    assert done is not None
    assert done.count == 2
    assert sorted(anybody.subjects("Archive")) == ["Old hut", "hut two"]
    filing.undo(anybody.session, done.journal_id)
    assert anybody.truth("Archive") == 0
    assert anybody.truth("INBOX") == 4


def test_conditions_that_were_changed_after_the_rehearsal_are_not_applied(person: Person) -> None:
    person.put([letter(2, subject="hut")])
    person.page()
    given = FilterFields(conditions=(ConditionFields("subject", "contains", "hut"),), does=frozenset({"flag"}))
    given = filters.form(person.session, None, given=given).fields
    changed = FilterFields(**{**{name: getattr(given, name) for name in given.__slots__}, "conditions": (ConditionFields(value="letter"),)})
    with pytest.raises(Conflict, match="filter_rehearsed"):
        filters.save(person.session, None, changed, stamp="0", apply=True)
    assert kept.get(person.gate.database, person.session.accounts[0].id) is None


def test_filters_that_somebody_changed_meanwhile_are_not_overwritten(person: Person) -> None:
    person.page()
    keep(person, made(HUT, seen=True), made(key="b", flag=True))
    filters.change(person.session, None, "a", what="down", stamp="1")
    with pytest.raises(Conflict, match="filters_changed"):
        filters.change(person.session, None, "a", what="delete", stamp="1")
    assert [each.filter.key for each in filters.page(person.session, None).filters] == ["b", "a"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"conditions": ()}, "value-0", "filter_conditions"),
        ({"conditions": (ConditionFields(value="a\nb"),)}, "value-0", "control_character"),
        ({"conditions": (ConditionFields(value="a" * 501),)}, "value-0", "filter_long"),
        ({"conditions": (ConditionFields(), ConditionFields("header", "is", "x", "A B"))}, "value-1", "filter_header"),
        ({"conditions": (ConditionFields("size", "larger", "ten"),)}, "value-0", "filter_size"),
        ({"conditions": (ConditionFields("size", "is", "10"),)}, "value-0", "filter_match"),
        ({"conditions": (ConditionFields("weather", "is", "10"),)}, "value-0", "filter_field"),
        ({"does": frozenset()}, "move", "filter_actions"),
        ({"does": frozenset({"move"}), "move": "99999"}, "move", "filter_place"),
        ({"does": frozenset({"forward"}), "forward": "a@example.org, b@example.org"}, "forward", "filter_address"),
        ({"does": frozenset({"forward"}), "forward": "robin at home"}, "forward", "filter_address"),
        ({"when": "every"}, "name", "required"),
    ],
)
def test_what_cannot_be_used_is_named(person: Person, changes: dict[str, object], field: str, code: str) -> None:
    usual: dict[str, object] = {"conditions": (ConditionFields(value="hut"),), "does": frozenset({"seen"})}
    with pytest.raises(InvalidInput, match=code) as refused:
        filters.save(person.session, None, FilterFields(**usual | changes), stamp="0")  # type: ignore[arg-type]
    assert refused.value.field == field


def test_nobody_forwards_to_themselves(writer: Person) -> None:  # noqa: F811
    given = FilterFields(name="x", when="every", does=frozenset({"forward"}), forward=writer.username.upper())
    with pytest.raises(InvalidInput, match="filter_own_address"):
        filters.save(writer.session, None, given, stamp="0")
