"""The same message in two folders is one message of its conversation; what only looks like it is another."""

from __future__ import annotations

from tests.servers.person import Person, letter
from webmail.store import messages, threads


def places(person: Person) -> list[list[str]]:
    """The mailboxes of each message in the conversation of the newest one in the inbox."""
    database, mine = person.gate.database, person.session.accounts[0].id
    names = {person.mailbox(name).id: name for name in ("INBOX", "Archive")}
    thread_id = messages.get(database, mine, person.page().rows[0].message.id).thread_id
    members = threads.members(database, mine, thread_id, shown_in=person.mailbox().id)
    return [[names[each.mailbox_id] for each in member.places] for member in members]


def test_a_message_copied_to_another_mailbox_is_the_same(anyone: Person) -> None:
    anyone.put([letter(1)])
    with anyone.side() as side:
        side.copy("1", "Archive")
    anyone.page("Archive")
    assert places(anyone) == [["INBOX", "Archive"]]


def test_a_forged_repeat_is_shown_where_the_server_can_tell(pymap_person: Person) -> None:
    """It has the Message-ID, the sender, the date, the subject and the size of what it wants to hide."""
    pymap_person.put([letter(1, text="The answer is yes.")])
    pymap_person.put([letter(1, text="The answer is no!!")], mailbox="Archive")
    pymap_person.page("Archive")
    assert sorted(places(pymap_person)) == [["Archive"], ["INBOX"]]
