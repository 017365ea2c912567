"""Filters that the mail server runs: one script of ours, read back from it, beside scripts that others made, of which none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.visitor import Visitor
from tests.web.built import build_on
from tests.web.test_filters import names, save
from webmail import managesieve
from webmail.account import Security
from webmail.errors import Conflict, ServerRefused
from webmail.formats import sieve
from webmail.formats.filters import Actions, Condition, Field, MailFilter, possible
from webmail.mail import filter_shelf, filtering, filters
from webmail.mail.filter_pages import ConditionFields, FilterFields, Runner
from webmail.managesieve import Visit

HOSTILE = ['"', "\\", '\\"; discard; #', "text:", "${x}", "a\u2028b", "你好 Ü", "*?\\", '"]; stop; ["', "a" * 500]


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    """Somebody whose server runs scripts."""
    somebody = new_person(dovecot, tmp_path / "data", imap=dovecot.server(Security.STARTTLS))
    somebody.gate = replace(somebody.gate, sieve_server=dovecot.scripts())
    somebody.sign_in()
    yield somebody
    somebody.close()


@contextmanager
def other_client(person: Person) -> Iterator[Visit]:
    """Another program at the scripts of this person."""
    with managesieve.visit(person.dovecot.scripts(), person.dovecot.credentials(person.username)) as visit:
        yield visit


def keep(person: Person, **fields: object) -> None:
    """Save a filter as the form does."""
    place = person.gate.sieve_server
    given = {"conditions": (ConditionFields(value="hut"),), "does": frozenset({"seen"})} | fields
    filters.save(person.session, place, FilterFields(**given), stamp=stamp(person))  # type: ignore[arg-type]


def stamp(person: Person) -> str:
    return filters.page(person.session, person.gate.sieve_server).stamp


def test_a_filter_is_run_by_the_server_when_mail_is_delivered(robin: Person) -> None:
    archive = str(robin.mailbox("Archive").id)
    keep(robin, name="Huts", does=frozenset({"move", "seen", "flag"}), move=archive)
    page = filters.page(robin.session, robin.gate.sieve_server)
    assert [each.filter.name for each in page.filters] == ["Huts"]
    assert (page.standing.runner, page.standing.active, page.standing.edited) == (Runner.SERVER, True, False)
    robin.deliver(letter(1, subject="The hut"))
    robin.deliver(letter(2, subject="Other"))
    assert (robin.truth("INBOX"), robin.truth("Archive", "SEEN", "FLAGGED")) == (1, 1)


@pytest.mark.parametrize("field", list(Field))
def test_every_condition_that_can_be_made_is_understood_by_the_server(robin: Person, field: Field) -> None:
    for match in possible(field):
        keep(robin, conditions=(ConditionFields(field.value, match.value, "10", "X-Spam"),), does=frozenset({"seen", "stop"}))
    assert len(filters.page(robin.session, robin.gate.sieve_server).filters) == len(possible(field))


LETTER = letter(
    1,
    subject="=?utf-8?q?The_h=C3=BCt?= is BOOKED",
    sender='"Kestrel, Mira" <mira@example.net>',
    extra="List-Id: Walks <walks.example.net>\r\nCc: a@b.example\r\nX-Spam: yes\r\n",
)
VALUES = {
    Field.SUBJECT: ("booked", "The hüt is booked", "the h?t*", "HÜT"),
    Field.FROM: ("mira", "MIRA@example.net", "*@example.net", "Kestrel"),
    Field.CC: ("b.example", "a@b.example", "*"),
    Field.LIST: ("walks", "walks.example.net", "*.net", "Walks <walks"),
    Field.HEADER: ("yes", "e", "y*"),
    Field.BODY: ("morning", "evening"),
    Field.SIZE: ("1",),
}
AT_ONCE = 30
"""Actions that the server allows a script."""


def test_both_who_run_filters_agree_on_what_a_message_is_like(robin: Person) -> None:
    """The same conditions, judged by the server at delivery and by this webmail in a rehearsal."""
    names_of = {Field.HEADER: ("X-Spam", "X-None")}
    conditions = [
        Condition(field, match, value, header)
        for field, values in VALUES.items()
        for match in possible(field)
        for value in values
        for header in names_of.get(field, ("",))
    ]
    assert len(conditions) > 100
    for start in range(0, len(conditions), AT_ONCE):
        some = {f"C{start + number}": each for number, each in enumerate(conditions[start : start + AT_ONCE])}
        there = delivered_to(robin, [MailFilter(name, "x", (each,), Actions(copy=name)) for name, each in some.items()])
        robin.page()
        here = {name for name, each in some.items() if filtering.rehearse(robin.session, MailFilter("a", "x", (each,), Actions())).count}
        assert {name: some[name] for name in here ^ there} == {}


def delivered_to(robin: Person, wanted: list[MailFilter]) -> set[str]:
    """The folders that a letter comes into, by filters that copy it; each is made when it is needed."""
    script = sieve.write(wanted).replace("fileinto :copy", "fileinto :copy :create").replace('"copy"', '"copy", "mailbox"')
    with other_client(robin) as visit:
        visit.put("all", script)
        visit.activate("all")
    robin.deliver(LETTER)
    with robin.side() as side:
        there = {str(line).rpartition(" ")[2].strip("'\"") for line in side.list()[1]}
    return there & {each.actions.copy for each in wanted}


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_mean_themselves_on_the_server_too(robin: Person, value: str) -> None:
    with robin.side() as side:
        side.create("Target")
    robin.work_all()
    keep(
        robin,
        name=value,
        conditions=(ConditionFields("subject", "is", value),),
        does=frozenset({"move"}),
        move=str(robin.mailbox("Target").id),
    )
    keep(robin, name="flag", when="every", conditions=(), does=frozenset({"flag"}))
    (first, _) = filters.page(robin.session, robin.gate.sieve_server).filters
    assert first.filter.conditions[0].value == value.strip()
    robin.deliver(letter(1, subject="Something else"))
    assert robin.truth("INBOX", "FLAGGED") == 1, "it neither stopped nor threw anything away"


def test_a_script_made_elsewhere_is_included_and_goes_on_running(robin: Person) -> None:
    with other_client(robin) as visit:
        visit.put("vacation", 'require "fileinto"; if header :contains "subject" "bill" { fileinto "Junk"; }')
        visit.activate("vacation")
    keep(robin)
    standing = filters.page(robin.session, robin.gate.sieve_server).standing
    assert (standing.active, standing.other, standing.included) == (True, "vacation", True)
    robin.deliver(letter(1, subject="A bill"))
    robin.deliver(letter(2, subject="A hut"))
    assert (robin.truth("Junk"), robin.truth("INBOX", "SEEN")) == (1, 1)
    with other_client(robin) as visit:
        assert visit.scripts() == {"vacation": False, "webmail": True}


def test_a_script_that_somebody_made_active_since_stays_so_until_the_person_decides(robin: Person) -> None:
    keep(robin, name="One")
    with other_client(robin) as visit:
        visit.put("mine", "keep;")
        visit.activate("mine")
    keep(robin, name="Two")
    page = filters.page(robin.session, robin.gate.sieve_server)
    assert (page.standing.active, page.standing.other, page.standing.included) == (False, "mine", False)
    filters.take_over(robin.session, robin.gate.sieve_server, stamp=page.stamp)
    page = filters.page(robin.session, robin.gate.sieve_server)
    assert (page.standing.active, page.standing.included, len(page.filters)) == (True, True, 2)


def test_where_the_server_runs_one_script_only_the_person_is_asked(robin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    with other_client(robin) as visit:
        visit.put("mine", "keep;")
        visit.activate("mine")
    greet = Visit.greet

    def poorer(visit: Visit, deadline: float) -> None:
        greet(visit, deadline)
        visit.extensions -= {"include", "body"}

    monkeypatch.setattr(Visit, "greet", poorer)
    keep(robin)
    page = filters.page(robin.session, robin.gate.sieve_server)
    assert (page.standing.active, page.standing.other, page.standing.includes) == (False, "mine", False)
    assert Field.BODY not in page.standing.fields
    filters.take_over(robin.session, robin.gate.sieve_server, stamp=page.stamp)
    with other_client(robin) as visit:
        assert visit.scripts() == {"mine": False, "webmail": True}


def test_what_another_program_wrote_into_our_script_is_never_overwritten_unasked(robin: Person) -> None:
    keep(robin, name="One")
    with other_client(robin) as visit:
        edited = visit.get("webmail") + "# by hand\r\nkeep;\r\n"
        visit.put("webmail", edited)
    with pytest.raises(Conflict, match="filter_edited"):
        keep(robin, name="Two")
    page = filters.page(robin.session, robin.gate.sieve_server)
    assert page.standing.edited
    filters.take_over(robin.session, robin.gate.sieve_server, stamp=page.stamp)
    with other_client(robin) as visit:
        (backup,) = visit.scripts().keys() - {"webmail"}
        assert visit.get(backup) == edited
    keep(robin, name="Two")
    assert len(filters.page(robin.session, robin.gate.sieve_server).filters) == 2


def test_a_script_of_somebody_else_under_our_name_goes_on_under_another(robin: Person) -> None:
    with other_client(robin) as visit:
        visit.put("webmail", 'require "fileinto"; if header :contains "subject" "bill" { fileinto "Junk"; }')
        visit.activate("webmail")
    page = filters.page(robin.session, robin.gate.sieve_server)
    assert (page.standing.edited, page.filters) == (True, ())
    filters.take_over(robin.session, robin.gate.sieve_server, stamp=page.stamp)
    keep(robin)
    robin.deliver(letter(1, subject="A bill"))
    assert robin.truth("Junk") == 1


def test_a_change_in_between_is_noticed(robin: Person) -> None:
    keep(robin, name="One")
    drawn, key = stamp(robin), filters.page(robin.session, robin.gate.sieve_server).filters[0].filter.key
    keep(robin, name="Two")
    with pytest.raises(Conflict, match="filters_changed"):
        filters.change(robin.session, robin.gate.sieve_server, key, what="delete", stamp=drawn)


def test_a_script_that_the_server_refuses_changes_nothing(robin: Person) -> None:
    keep(robin, name="One")
    shelf = filter_shelf.read(robin.session, robin.gate.sieve_server)
    with other_client(robin) as visit, pytest.raises(ServerRefused):
        visit.put("webmail", "nonsense")
    assert filter_shelf.read(robin.session, robin.gate.sieve_server) == shelf


def test_the_pages_work_on_scripts_as_they_do_without(robin: Person) -> None:
    with other_client(robin) as visit:
        visit.put("mine", "keep;")
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    visitor.get("/filters/new")
    save(visitor, name="Huts", value="hut", does="flag")
    assert names(visitor) == ["Huts"]
    assert "The mail server localhost runs them" in visitor.words
    with other_client(robin) as visit:
        visit.activate("mine")
    visitor.get("/filters")
    assert "The script “mine”, made by another program, is active" in visitor.words
    visitor.send(visitor.form(action="/filters/script/run"))
    assert "Your filters run now." in visitor.notices()
    assert "The script “mine”, made by another program, runs before them." in visitor.words


def test_where_the_server_does_not_answer_nothing_typed_is_lost(robin: Person) -> None:
    visitor = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    visitor.get("/filters/new")
    form = visitor.form(holding="rehearsed")
    gone = Visitor(build_on(replace(robin.gate, sieve_server=replace(robin.dovecot.scripts(), port=1))))
    gone.sign_in(robin.username, robin.password)
    token = str(gone.page.xpath("//input[@name='csrf_token']/@value")[0])
    gone.send(form, button=("action", "save"), name="Mine", value="hut", does="flag", csrf_token=token)
    assert gone.status == 503
    assert "cannot be reached" in gone.notices()
    assert gone.form(holding="rehearsed").fields["name"] == "Mine"
    assert gone.get("/filters").status == 503


def test_filters_from_before_there_was_a_server_of_scripts_go_on_here(robin: Person) -> None:
    assert filters.place(robin.session, robin.gate) == robin.dovecot.scripts()
    filters.save(robin.session, None, FilterFields(conditions=(ConditionFields(value="hut"),), does=frozenset({"seen"})), stamp="0")
    assert filters.place(robin.session, robin.gate) is None
    (shown,) = filters.page(robin.session, None).filters
    filters.change(robin.session, None, shown.filter.key, what="delete", stamp="1")
    assert filters.place(robin.session, robin.gate) == robin.dovecot.scripts()
