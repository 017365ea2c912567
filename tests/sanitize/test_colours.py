"""Rules for colours on dark screens: what stood on light paper is readable on dark paper, whatever it stands on."""

import itertools

import pytest

from webmail.sanitize.colours import INK, PAPER, Role, for_dark, legacy

STEPS = ("00", "33", "66", "99", "cc", "ff")
COLOURS = [f"#{red}{green}{blue}" for red, green, blue in itertools.product(STEPS, repeat=3)]


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_becomes_light_on_dark() -> None:
    assert luminance(for_dark("white", Role.GROUND)) < 0.02
    assert luminance(for_dark("black", Role.TEXT)) > 0.7
    assert contrast(INK, PAPER) > 12


def test_every_letter_is_readable_on_every_ground() -> None:
    letters = {for_dark(colour, Role.TEXT) for colour in COLOURS} | {INK}
    grounds = {for_dark(colour, Role.GROUND) for colour in COLOURS} | {PAPER}
    darkest, lightest = min(letters, key=luminance), max(grounds, key=luminance)
    assert contrast(darkest, lightest) >= 4.5


def test_what_is_dark_already_keeps_its_looks() -> None:
    assert for_dark("#000000", Role.GROUND) == "#000000"
    assert for_dark("#ffffff", Role.TEXT) == "#ffffff"


def test_red_stays_red() -> None:
    for role in (Role.TEXT, Role.GROUND, Role.EDGE):
        colour = for_dark("#cc0000", role)
        assert int(colour[1:3], 16) > int(colour[3:5], 16) + 40


@pytest.mark.parametrize(
    "word", ["inherit", "transparent", "currentColor", "windowtext", "none", "solid", "no-such-colour", "lab(50% 20 20)"]
)
def test_a_word_that_names_no_colour_stays(word: str) -> None:
    assert for_dark(word, Role.TEXT) == word


def test_letters_that_let_the_ground_through_no_longer_do() -> None:
    assert for_dark("rgba(0, 0, 0, 0.87)", Role.TEXT).startswith("#")
    assert for_dark("rgba(0, 0, 0, 0.1)", Role.GROUND).startswith("rgba(")


def test_a_colour_without_its_number_sign_is_one() -> None:
    assert legacy(" ff0000 ") == "#ff0000"
    assert legacy("red") == "red"
