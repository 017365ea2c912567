"""One normaliser: what people who search type is what the index holds."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.query.words import MAX_WORD, inside_cluster, placed, without_invisible, words

# Letters, marks and invisible characters of many scripts, put together as no writer would.
HARD = st.text(
    "aZ0 é\u0301\u0327иЙ\u0306ёё\u00ad\u200b\u200d\u202e\ufeffßİıΣς漢かガｶﾞﾟ\u3099한ᄏㅋㅏᅡ\uffa0กิา\u0e33ำ្ត\u17d2မ\u1039हि्\u093fשָمُ\u0622½™№①ﬁﷺ"
    "'\"ʼ._-@\n\u3000\u2028\x00\x01\x02\x03\ud800𠀀\U00031350\U000e0101\u0f73\u0f71",
    max_size=40,
)


def test_a_sentence_becomes_its_words() -> None:
    assert words("Dear Ms. O'Neil, 3 Bären -- costs: €12.50!") == ["dear", "ms", "o", "neil", "3", "baren", "costs", "12", "50"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("john.doe@example.co.uk", ["john", "doe", "example", "co", "uk"]),
        ("snake_case-and/path", ["snake", "case", "and", "path"]),
        ("Ärger ÄRGER A\u0308rger", ["arger", "arger", "arger"]),
        ("Straße STRASSE STRAẞE", ["strasse"] * 3),
        ("Łódź smørrebrød æther İstanbul ISPARTA ısparta", ["lodz", "smorrebrod", "aether", "istanbul", "isparta", "isparta"]),
        ("Ελλάδος ΕΛΛΆΔΟΣ ὡς", ["ελλαδοσ", "ελλαδοσ", "ωσ"]),
        ("Ёлка елка ЁЛКА", ["елка"] * 3),
        ("за\u0301мок замок", ["замок", "замок"]),
        ("ＦＵＬＬ　ｗｉｄｔｈ ｶﾞｷﾞ", ["full", "width", "ガ", "ギ"]),
        ("ﬁnd ½ m² ①", ["find", "1", "2", "m2", "1"]),
        ("٣٤ ๑๒ १२", ["34", "12", "12"]),
        ("Windows™ №5", ["windows", "5"]),
        ("п'ять пʼять п’ять", ["п", "ять"] * 3),
        ("שָׁלוֹם שלום", ["שלום", "שלום"]),
        ("مُحَمَّد محمـد أحمد احمد", ["محمد", "محمد", "احمد", "احمد"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
    ],
)
def test_forms_that_mean_the_same_word_are_one(written: str, found: list[str]) -> None:
    assert words(written) == found


def test_letters_of_cyrillic_alphabets_that_only_look_accented_stay_themselves() -> None:
    for letter in "йїўѓќ":
        assert words(letter) == words(letter.upper()) == words(unicodedata.normalize("NFD", letter)) == [letter]


def test_every_east_asian_character_is_a_word_so_that_any_substring_is_a_phrase() -> None:
    for text in ("东京タワー", "ひらがなヽゝ々〇", "한국어", "ㄅㄆㄇ", "㐀𠀀\U00031350"):
        assert words(f"x{text}y") == ["x", *text, "y"]


def test_scripts_without_blanks_are_split_between_clusters_and_never_inside_one() -> None:
    assert words("กรุงเทพ10โมงabc") == ["ก", "รุ", "ง", "เ", "ท", "พ", "10", "โ", "ม", "ง", "abc"]
    assert words("น้ำ") == words("น้\u0e4d\u0e32") == ["นํ้า"] or words("น้ำ") == ["น้ํา"]
    assert words("ភាសាខ្មែរ") == ["ភា", "សា", "ខ្មែ", "រ"]


def test_what_cannot_be_seen_does_not_hide_a_word() -> None:
    for hidden in "\u00ad\u200b\u200c\u200d\u2060\ufeff\u202e\u2066\u200f\u034f\ufe0f\u180e":
        assert words(f"pass{hidden}word") == ["password"], hex(ord(hidden))
    assert without_invisible("\u202efrom\u200b:a") == "from:a"


def test_a_word_is_cut_after_64_characters() -> None:
    assert words("a" * 100 + " b") == ["a" * MAX_WORD, "b"]
    assert words("й" * 100) == ["й" * MAX_WORD]


def test_every_character_there_is_gives_words_of_letters_digits_and_marks_and_these_words_again() -> None:
    # Han that was assigned after the tables of the oldest Python were made counts as letters too.
    for code in (*range(0x20000), *range(0x20000, 0x34000, 16), *range(0xE0000, 0xE0200)):
        found = words(f"a {chr(code)}b")
        assert words(" ".join(found)) == found, hex(code)
        for char in "".join(found[1:]):
            assert unicodedata.category(char)[0] in "LNM" or 0x2EBF0 <= ord(char) <= 0x323AF, hex(code)


@given(HARD | st.text(max_size=40))
def test_words_are_the_same_with_their_places_and_when_made_again(text: str) -> None:
    found = words(text)
    assert words(" ".join(found)) == found
    there = list(placed(text))
    assert [word for word, _, _ in there] == found
    assert all(0 <= begin < end <= len(text) for _, begin, end in there)
    assert [begin for _, begin, _ in there] == sorted(begin for _, begin, _ in there)
    assert all(word and len(word) <= MAX_WORD for word in found)


@given(HARD, HARD)
def test_words_of_two_texts_do_not_depend_on_each_other(one: str, other: str) -> None:
    assert words(f"{one} {other}") == words(one) + words(other)


def test_a_cut_can_be_kept_out_of_a_cluster() -> None:
    text = "e\u0301กิb"
    assert [inside_cluster(text, at) for at in range(len(text) + 1)] == [False, True, False, True, False, False]


@pytest.mark.parametrize(
    "piece",
    ["a\u0301\u0327", "\u0301\u0327", "\u0f73\u0f71", "\uff9e\u0327", "a\u200b", "\ufdfa", "ㅋㅏ", "\u17d2ត", "aé", "<", "漢", "a"],
    ids=ascii,
)
def test_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text = "x" + piece * (size // len(piece))
        begun = time.process_time()
        for _ in placed(text):
            pass
        words(text)
        return time.process_time() - begun

    seconds(1000)
    small = max(seconds(20_000), 0.002)
    # Eight times the text: quadratic work would take 64 times as long.
    assert seconds(160_000) < 30 * small


def test_indexing_is_not_held_up() -> None:
    ascii_text = "The quick brown fox jumped over 13 lazy dogs; see john.doe@example.org for more.\n" * 12_000
    mixed = "Größe und Maß, Привет мир, 今天天气很好 with some English as well.\n" * 6_000

    def rate(text: str) -> float:
        begun = time.process_time()
        words(text)
        return len(text.encode()) / 1e6 / (time.process_time() - begun)

    # A quarter of what is meant (20 and 4 MB/s), because other tests run beside.
    assert max(rate(ascii_text) for _ in range(3)) > 5
    assert max(rate(mixed) for _ in range(3)) > 1
