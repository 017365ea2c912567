"""Subjects without the marks of answering and forwarding."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.subject import base_subject, is_reply, thread_subject


def test_an_answer_has_the_subject_of_what_it_answers() -> None:
    assert thread_subject("Re: Lunch on  Friday") == thread_subject("Lunch on Friday") == "lunch on friday"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Plans",
        "RE : plans",
        "AW: Plans",
        "Antw: AW: Re: Plans",
        "SV: VS: Plans",
        "回复: Plans",
        "回复：Plans",
        "答复: 回复: Plans",
        "转发: Plans",
        "Fwd: Plans",
        "WG: Plans",
        "Re[2]: Plans",
        "Re(3): Plans",
        "Re^4: Plans",
        "[foo] Plans",
        "[foo] Re: Plans",
        "Re: [foo] Re: [bar: 12] Plans",
        "[Fwd: Plans]",
        "[Fwd: [foo] Re: Plans]",
        "Re: Plans (fwd)",
        "Ｒｅ： Ｐｌａｎｓ",
        "  Plans\t",
    ],
)
def test_marks_tags_case_and_width_do_not_change_a_subject(subject: str) -> None:
    assert thread_subject(subject) == "plans"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Cake (was: Plans)", "cake"),
        ("Re: Cake [war: Plans]", "cake"),
        ("蛋糕（原：计划）", "蛋糕"),
        ("(was: Plans)", "(was: plans)"),
        ("[urgent]", "[urgent]"),
        ("Re: [urgent]", "[urgent]"),
        ("Report: numbers", "report: numbers"),
        ("Regarding Plans", "regarding plans"),
        ("Re:", ""),
        ("", ""),
        ("Re: Aw: Fwd:", ""),
    ],
)
def test_what_is_said_stays(subject: str, expected: str) -> None:
    assert thread_subject(subject) == expected


@pytest.mark.parametrize("subject", ["Re: x", "AW: x", "[foo] SV: x", "Re[2]: Fwd: x", "答复：x", "Re:"])
def test_an_answer_is_known_by_its_first_mark(subject: str) -> None:
    assert is_reply(subject)


@pytest.mark.parametrize("subject", ["x", "", "Fwd: x", "转发: Re: x", "[foo] x", "Regarding: x", "x Re: y"])
def test_other_subjects_are_no_answers(subject: str) -> None:
    assert not is_reply(subject)


@given(st.text(max_size=60))
def test_answering_never_changes_the_thread(subject: str) -> None:
    assert thread_subject(f"Re: {subject}") == thread_subject(subject)
    assert is_reply(f"Re: {base_subject(subject)}")


@pytest.mark.parametrize("piece", ["re:", "[x]", "(was: ", "[fwd:", "[", " (fwd)", "re [", "\u3000", "ﷺ"])
def test_no_subject_takes_long(piece: str) -> None:
    began = time.thread_time()
    thread_subject(piece * 1000)
    is_reply(piece * 1000)
    assert time.thread_time() - began < 0.1
