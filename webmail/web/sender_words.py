"""Words for what is known and what is doubtful of who wrote a message."""

from __future__ import annotations

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from webmail.message.sender import Mark
from webmail.web import times

SENTENCES = {
    "no_sender": lazy_gettext("It does not say who wrote it."),
    "several_from": lazy_gettext("It says twice who wrote it, and not the same."),
    "several_senders": lazy_gettext("It names several senders: %(addresses)s"),
    "unclear": lazy_gettext("Its sender is written in a way that programs read differently."),
    "doubled": lazy_gettext("It says twice who sent it, or where answers go."),
    "hidden_order": lazy_gettext("In the name of the sender are characters that turn the order of letters around. They are left out."),
    "hidden_unseen": lazy_gettext("In the name of the sender are invisible characters. They are left out."),
    "name_address": lazy_gettext("The name of the sender looks like an address, but the message comes from %(address)s."),
    "name_scripts": lazy_gettext("The name of the sender mixes letters of several alphabets."),
    "imitates": lazy_gettext("%(domain)s is written with foreign letters to look like %(like)s. Its real name is %(ascii)s."),
    "scripts": lazy_gettext("%(domain)s mixes letters of several alphabets. Its real name is %(ascii)s."),
    "international": lazy_gettext("%(domain)s is the same as %(ascii)s."),
    "reply_elsewhere": lazy_gettext("Answers go to another site: %(address)s"),
    "reply_changed": lazy_gettext("Answers now go to %(address)s. That is new for this sender."),
    "denied": lazy_gettext("It claims to be from %(domain)s, but the check of that failed."),
    "denied_by": lazy_gettext("It claims to be from %(domain)s but was sent by %(by)s."),
    "known_name": lazy_gettext("You know %(name)s under another address: %(address)s"),
    "other_domain": lazy_gettext("%(name)s wrote from another address before: %(address)s"),
    "domain_like": lazy_gettext("%(domain)s looks like %(like)s, where you have written to, and is not the same."),
    "link_elsewhere": lazy_gettext("One link shows %(shown)s and leads to %(host)s."),
    "link_user": lazy_gettext("One link seems to lead to %(shown)s and leads to %(host)s."),
    "link_number": lazy_gettext("One link leads to a number in place of a name: %(host)s"),
    "link_like": lazy_gettext("One link leads to %(host)s, which looks like %(shown)s and is not the same."),
    "link_letters": lazy_gettext("One link leads to %(host)s, written with foreign letters to look like %(shown)s."),
    "link_international": lazy_gettext("One link leads to %(shown)s, which is the same as %(host)s."),
    "link_counted": lazy_gettext("Links to %(shown)s lead to %(host)s first, where they are probably counted."),
    "asks_password": lazy_gettext("It asks for a password."),
    "asks_form": lazy_gettext("It has a form to fill in. Forms in messages do not work here."),
}
REASONS = {
    "elsewhere": lazy_gettext("The text of the link shows one site, but it opens another:"),
    "user": lazy_gettext("What looks like a site at the beginning of this address is only the name of a user. It opens another:"),
    "number": lazy_gettext("This link leads to a number in place of a name. Honest sites have a name:"),
    "like": lazy_gettext("The site that this link opens looks like one that you write to, and is another:"),
    "letters": lazy_gettext("The site that this link opens is written with letters that look like others:"),
    "international": lazy_gettext("The site that this link opens is written with letters of another alphabet:"),
}


def mark_words(mark: Mark) -> str:
    """A mark as a sentence."""
    code = "denied_by" if mark.code == "denied" and mark.values.get("by") else mark.code
    sentence = _filled(str(SENTENCES[code]), mark)
    return sentence if mark.count == 1 else f"{sentence} {_('There are %(n)s such links.', n=times.number(mark.count))}"


def _filled(sentence: str, mark: Mark) -> str:
    # What strangers wrote is put in last, so that a percent sign in it means nothing.
    return sentence % {name: value[:200] for name, value in mark.values.items()} if "%(" in sentence else sentence


def link_reason(code: str) -> str:
    """Why a link is asked about before it is opened."""
    return str(REASONS.get(code, REASONS["elsewhere"]))


RESULTS = {
    "pass": lazy_gettext("passed"),
    "fail": lazy_gettext("failed"),
    "hardfail": lazy_gettext("failed"),
    "softfail": lazy_gettext("probably failed"),
    "none": lazy_gettext("none"),
    "unknown": lazy_gettext("could not be checked"),
    "temperror": lazy_gettext("could not be checked"),
}


def result_words(result: str) -> str:
    """What was found by one of the checks, in a word; a rare result by its own name."""
    return str(RESULTS.get(result, result))


def init(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.globals.update(mark_words=mark_words, link_reason=link_reason, result_words=result_words)
