"""Plain text is arranged as people read it: own words first, what they answer folded away."""

from __future__ import annotations

from tests.web.samples import TEXT, words
from webmail.message.text import blocks
from webmail.web.reading_text import Quote, runs


def test_the_quoted_tail_is_folded_and_the_signature_apart() -> None:
    found = runs(TEXT)
    assert [(bool(run.blocks), run.quote is not None, run.signature, run.folded) for run in found] == [
        (True, False, False, False),
        (True, False, True, False),
        (False, True, False, True),
    ]


def test_a_message_that_is_only_a_quotation_stays_open() -> None:
    assert [run.folded for run in runs((words("all of it", quote=1),))] == [False]


def test_an_answer_below_the_quotation_keeps_it_open() -> None:
    assert [run.folded for run in runs((words("you asked", quote=1), words("I answer")))] == [False, False]


def test_a_signature_below_the_quotation_does_not_matter() -> None:
    found = runs((words("I answer"), words("you asked", quote=1), words("Robin", signature=True)))
    assert [run.folded for run in found] == [False, True, False]


def test_quotations_stand_inside_each_other() -> None:
    quote = runs((words("one", quote=1), words("three", quote=3), words("one again", quote=1)))[0].quote
    assert quote is not None
    shape = [type(each).__name__ for each in quote.content]
    assert shape == ["TextBlock", "Quote", "TextBlock"]
    inner = quote.content[1]
    assert isinstance(inner, Quote)
    assert isinstance(inner.content[0], Quote)


def test_a_thousand_levels_are_drawn_as_eight() -> None:
    quote = runs((words("deep", quote=1000),))[0].quote
    depth = 0
    while isinstance(quote, Quote):
        depth += 1
        quote = quote.content[0] if isinstance(quote.content[0], Quote) else None
    assert depth == 8


def test_nothing_is_no_runs() -> None:
    assert runs(()) == []


def test_a_long_quotation_is_folded_among_words_of_ones_own() -> None:
    quoted = "\n".join(f"{'>' * (1 + number % 3)} line {number}" for number in range(40))
    above, quote, below = runs(blocks(f"On Monday Mira wrote:\n{quoted}\nMy answer is\non two lines.\n"))
    assert (above.folded, quote.folded, below.folded) == (False, True, False)
    assert [run.folded for run in runs(blocks(f"On Monday Mira wrote:\n{quoted}\nYes.\n"))] == [False, False, False], (
        "too little of one's own"
    )
    short = "\n".join(f"> line {number}" for number in range(5))
    assert [run.folded for run in runs(blocks(f"One\ntwo\n{short}\nthree\nfour\n"))] == [False, False, False]


def test_a_folded_quotation_keeps_the_quotations_in_it() -> None:
    _, tail = runs(blocks("Yes.\n> a\n>> b\n>>> c\n>> d\n> e"))
    assert tail.folded
    assert tail.quote is not None
    inner = [each for each in tail.quote.content if isinstance(each, Quote)]
    assert len(inner) == 1
    assert any(isinstance(each, Quote) for each in inner[0].content)
