"""Plain-text bodies as blocks, links and first words."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message.text import TextBlock, TextSpan, blocks, first_words, highlighted, quote, unflow, without_signature


def links(text: str) -> list[tuple[str, str]]:
    return [(span.text, span.href) for block in blocks(text) for line in block.lines for span in line if span.href]


def words(block: TextBlock) -> list[str]:
    return ["".join(span.text for span in line) for line in block.lines]


def test_a_body_is_blocks_of_quoting_depth_and_a_signature() -> None:
    found = blocks("Hello\n\n> quoted\n>> twice\n> > twice too\nmine\n-- \nAnna\n> not a quote\n")
    assert [(block.quote, block.signature, words(block)) for block in found] == [
        (0, False, ["Hello", ""]),
        (1, False, ["quoted"]),
        (2, False, ["twice", "twice too"]),
        (0, False, ["mine"]),
        (0, True, ["-- ", "Anna", ">not a quote"]),
    ]


def test_words_and_links_joined_are_the_line() -> None:
    assert blocks("see https://x.example/a, ok") == (
        TextBlock(((TextSpan("see "), TextSpan("https://x.example/a", "https://x.example/a"), TextSpan(", ok")),)),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("www.x.example", [("www.x.example", "http://www.x.example")]),
        ("HTTPS://X.example/A", [("HTTPS://X.example/A", "https://X.example/A")]),
        ("(http://x.example/a_(b))", [("http://x.example/a_(b)", "http://x.example/a_(b)")]),
        ("<http://x.example/>", [("http://x.example/", "http://x.example/")]),
        ("a@x.example.", [("a@x.example", "mailto:a@x.example")]),
        ("mailto:a@x.example?subject=hi", [("mailto:a@x.example?subject=hi", "mailto:a@x.example?subject=hi")]),
        ("请看http://x.example/a。谢谢", [("http://x.example/a", "http://x.example/a")]),
        ("http://[::1]:8000/t.", [("http://[::1]:8000/t", "http://[::1]:8000/t")]),
        ("http://x.example/\u200btxt.exe", [("http://x.example/", "http://x.example/")]),
        ("http://x.example:\u0663/", [("http://x.example", "http://x.example")]),
    ],
)
def test_a_link_ends_where_the_sentence_goes_on(text: str, expected: list[tuple[str, str]]) -> None:
    assert links(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "foohttp://x",
        "http://",
        "http://<test>",
        "example.com",
        "a@b",
        "ftp://x.example",
        "file:///etc",
    ],
)
def test_what_is_no_link_is_none(text: str) -> None:
    assert links(text) == []


def test_no_text_of_strangers_makes_a_dangerous_link(corpus_dir: Path) -> None:
    count = 0
    for path in sorted((corpus_dir / "text").glob("*.jsonl")):
        for entry in map(json.loads, path.read_text("utf-8").splitlines()):
            count += 1
            found = blocks(entry["text"])
            shown = "".join("".join(words(block)) for block in found)
            assert "".join(shown.replace(">", "").split()) == "".join(entry["text"].replace(">", "").split())
            for _, href in links(entry["text"]):
                assert href.startswith(("http://", "https://", "mailto:"))
                assert not set(href) & set("<>\"' \t\n`")
    assert count == 123


@given(st.text(alphabet="ht:/w.@ax<>\"'()[]{}\\?&;=%-_~ \n\u202e", max_size=80))
def test_no_text_makes_a_link_that_could_leave_its_place(text: str) -> None:
    for shown, href in links(text):
        assert not set(href) & set("<>\"'` \n\u202e")
        assert shown in text
        assert href.startswith(("http://", "https://", "mailto:"))


@given(st.text(max_size=200), st.booleans(), st.booleans())
def test_no_text_makes_reading_fail(text: str, flowed: bool, delsp: bool) -> None:
    blocks(text, flowed=flowed, delsp=delsp)
    first_words(text)
    quote(unflow(text, delsp=delsp))


def test_flowed_lines_are_put_together_again() -> None:
    text = "A long \nparagraph.\n> quoted \n> text\n stuffed\n-- \nAnna"
    assert unflow(text) == "A long paragraph.\n> quoted text\nstuffed\n-- \nAnna"
    assert unflow("中文 \n字", delsp=True) == "中文字"


def test_a_paragraph_whose_depth_changes_ends_there() -> None:
    assert unflow("> quoted \nmine") == "> quoted\nmine"


def test_a_preview_is_made_of_own_words() -> None:
    assert first_words("> old\n> words\nNew   words\n\nhere\n-- \nAnna") == "New words here"
    assert first_words("> only\n> quoted") == "only quoted"
    assert first_words("a\u202eb\x00") == "ab"
    assert first_words("") == ""


def test_a_preview_ends_with_a_whole_word() -> None:
    found = first_words("word " * 100, limit=52)
    assert found == " ".join(["word"] * 10)
    assert first_words("x" * 500, limit=50) == "x" * 50


def test_quoting_adds_one_mark_to_every_line() -> None:
    assert quote("a\n\n> b\r\nc\n") == "> a\n>\n>> b\n> c"
    assert without_signature("a\n-- \nAnna\n") == "a"
    assert without_signature("a") == "a"


@pytest.mark.parametrize(
    "piece",
    [
        "@",
        "a@",
        "http://",
        "www.",
        "mailto:",
        "a",
        "a.b@",
        "x@a.",
        "> ",
        "http://a@",
        "x@a-",
        "\n",
        "> a\nb\n",
        " ",
        "[http://",
        "(",
        "http://a/)",
        "a.",
        "é@é",
    ],
)
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    blocks(text)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("tail", [")", "(.)", ".", "]", "*"])
def test_a_link_with_a_megabyte_of_punctuation_is_read_in_linear_time(tail: str) -> None:
    begun = time.process_time()
    blocks("http://x.example/" + tail * (1_000_000 // len(tail)))
    assert time.process_time() - begun < 2


def test_words_that_were_searched_for_become_runs_of_their_own() -> None:
    def hits(text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer("hut", text)]

    plain = blocks("The hut\n> hut https://hut.example/hut\n\nhuthut")
    found = highlighted(plain, hits=hits)
    marked = [(span.text, span.href) for block in found for line in block.lines for span in line if span.hit]
    link = ("hut", "https://hut.example/hut")
    assert marked == [("hut", ""), ("hut", ""), link, link, ("hut", ""), ("hut", "")]

    def words(of: tuple[TextBlock, ...]) -> list[str]:
        return ["".join(span.text for span in line) for block in of for line in block.lines]

    assert words(found) == words(plain)


def test_a_letter_carries_so_many_marks_and_no_more() -> None:
    (block,) = blocks("e\u0301 x" + "\u0300" * 100_000)
    words = "".join(span.text for line in block.lines for span in line)
    assert words == "e\u0301 x" + "\u0300" * 32
