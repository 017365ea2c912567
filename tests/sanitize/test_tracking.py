"""What watches a reader: images that are not to be seen are never loaded, parameters that only watch are taken out of links."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from webmail.sanitize.html import BodyOptions, ImagePolicy, clean
from webmail.sanitize.sightings import CleanedLink, RemoteHost
from webmail.sanitize.tracking import PARAMETERS, PREFIXES, without_parameters

SHOWN = BodyOptions(images=ImagePolicy.PROXIED, proxy="/remote/", clean_links=True)
SRC = 'src="https://t.example/a.gif"'


def test_a_pixel_is_counted_and_not_loaded_even_where_images_are() -> None:
    cleaned = clean(f'<img {SRC} width="1" height="1"><img src="https://t.example/photo.jpg" width="300">', options=SHOWN)
    assert (cleaned.pixels, cleaned.remote_images) == (1, 1)
    assert "a.gif" not in cleaned.document
    assert "photo.jpg" in cleaned.document
    assert cleaned.hosts == (RemoteHost("t.example", images=1, pixels=1),)


@pytest.mark.parametrize(
    "html",
    [
        f'<img {SRC} width="1" height="1">',
        f'<img {SRC} WIDTH=1px HEIGHT="1.0">',
        f'<img {SRC} width="0" height="40">',
        f"<img {SRC} height=1>",
        f'<img {SRC} style="width:1px;height:1px">',
        f'<img {SRC} style="border:0; max-height: 0px !important">',
        f'<img {SRC} width="300" style="height:0">',
        f'<img {SRC} style="display:none">',
        f'<img {SRC} style="visibility: hidden">',
        f'<img {SRC} style="opacity:0">',
        f"<img {SRC} hidden>",
        f'<div style="display:none"><p>words <img {SRC} width="80"></p></div>',
        '<img src="https://post.example/track/open.php?u=1&id=2">',
        '<img src="https://post.example/wf/open?upn=x" border="0">',
        '<img src="https://hub.example/e3t/Cto/x/pixel.gif">',
        '<img src="https://news.example/open/abc-123_4">',
        '<img src="https://x.emltrk.com/v2/abc">',
        '<img src="https://www.google-analytics.com/collect?v=1" width="400" height="300">',
    ],
)
def test_what_nobody_is_meant_to_see_is_a_pixel(html: str) -> None:
    cleaned = clean(html, options=SHOWN)
    assert (cleaned.pixels, cleaned.remote_images) == (1, 0)
    assert "/remote/" not in cleaned.document


@pytest.mark.parametrize(
    "html",
    [
        f"<img {SRC}>",
        f'<img {SRC} width="1" height="30">',
        f'<img {SRC} width="600" height="1">',
        f'<img {SRC} style="max-width:100%;line-height:1px">',
        f'<img {SRC} class="phone" style="display:none">',
        f'<div class="phone" style="display:none"><img {SRC}></div>',
        f'<div style="display:none">words</div><img {SRC}>',
        '<img src="https://shop.example/opening-hours/door.png">',
        '<img src="https://shop.example/pixel/phone-9.png">',
        '<img src="https://shop.example/pixel.png" width="320" height="200">',
        '<img src="https://notdoubleclick.net/a.png">',
    ],
)
def test_an_image_that_is_to_be_seen_is_none(html: str) -> None:
    cleaned = clean(html, options=SHOWN)
    assert (cleaned.pixels, cleaned.remote_images) == (0, 1)
    assert "/remote/" in cleaned.document


def test_images_of_styles_are_told_by_their_host_and_loaded_by_way_of_us_only() -> None:
    cleaned = clean(
        "<style>p{background:url(https://a.example/1)}@media print{b{background:url(//a.example/2)}}</style>"
        "<p style=\"background-image:url('https://b.example/3')\">x<img srcset='https://C.example/4 2x'>",
        options=SHOWN,
    )
    assert set(cleaned.hosts) == {RemoteHost("a.example", images=2), RemoteHost("b.example", images=1), RemoteHost("c.example", images=1)}
    assert (cleaned.remote_images, cleaned.style_images) == (4, 0)
    assert re.findall(r"url\('(.*?)'\)", cleaned.document) == [
        "/remote/https%3A%2F%2Fa.example%2F1",
        "/remote/https%3A%2F%2Fa.example%2F2",
        "/remote/https%3A%2F%2Fb.example%2F3",
    ]
    assert cleaned.document.count("example") == 3
    blocked = clean(
        "<style>p{background:url(https://a.example/1)}</style><p style='background:url(https://b.example/3)'>x", options=BodyOptions()
    )
    assert (blocked.remote_images, "example" in blocked.document) == (2, False)


def test_images_of_styles_that_we_cannot_ask_for_are_told_and_never_loaded() -> None:
    html = "<p style=\"background:image-set('https://a.example/1' 1x);cursor:url(//b.example/2),auto;mask:url(//c.example/3)\">x"
    cleaned = clean(html, options=SHOWN)
    assert set(cleaned.hosts) == {RemoteHost("a.example", styles=1), RemoteHost("b.example", styles=1)}
    assert (cleaned.remote_images, cleaned.style_images) == (2, 2)
    assert "example" not in cleaned.document


@pytest.mark.parametrize(
    "html",
    [
        "<style>.x{width:1px;height:1px;background:url(https://t.example/1)}</style><p class=x>",
        "<style>@media screen{.x{height:0;background-image:url(https://t.example/1)}}</style><p class=x>",
        "<style>p{background:url(https://t.example/wf/open?upn=1)}</style><p>",
        "<style>p::after{content:url(https://www.google-analytics.com/collect)}</style><p>",
        "<div style='width:1px;height:1px;background:url(https://t.example/1)'></div>",
        "<div style='display:none'><p style='background:url(https://t.example/1)'>x</p></div>",
        "<td background=https://t.example/open.gif>",
        "<body background=https://t.example/track/open.gif>x",
        "<ul style='list-style-image:url(https://t.example/e/o/x)'><li>x</ul>",
    ],
)
def test_tracking_pixels_of_styles_are_never_loaded(html: str) -> None:
    cleaned = clean(f"<table>{html}" if html.startswith("<td") else html, options=SHOWN)
    assert (cleaned.pixels, cleaned.remote_images) == (1, 0)
    assert "remote" not in cleaned.document


@pytest.mark.parametrize(
    ("link", "clean_link"),
    [
        ("https://s.example/a?utm_source=x&utm_medium=y", "https://s.example/a"),
        ("https://s.example/a?id=7&utm_source=x&b=%2F+1#top", "https://s.example/a?id=7&b=%2F+1#top"),
        ("https://s.example/?FBCLID=1&page=2", "https://s.example/?page=2"),
        ("https://s.example/?mc_eid=1&gclid=2#utm_source", "https://s.example/#utm_source"),
        ("https://s.example/?a&&_hsenc=x", "https://s.example/?a&"),
        ("https://s.example/?next=utm_source%3Dx&autm_x=1", "https://s.example/?next=utm_source%3Dx&autm_x=1"),
        ("https://s.example/unsubscribe?mkt_tok=abc", "https://s.example/unsubscribe?mkt_tok=abc"),
        ("https://s.example/a", "https://s.example/a"),
        ("mailto:a@b.example?subject=x&utm_source=y", "mailto:a@b.example?subject=x&utm_source=y"),
    ],
)
def test_parameters_that_only_watch_are_taken_out_and_nothing_else(link: str, clean_link: str) -> None:
    assert without_parameters(link)[0] == clean_link
    assert without_parameters(clean_link) == (clean_link, ()), "a clean link stays as it is"


def test_a_link_that_was_cleaned_says_so_and_is_told() -> None:
    html = '<p><a href="https://s.example/a?utm_source=x&amp;id=1">A</a> <a href="https://s.example/a?id=1" title="mine">B</a></p>'
    cleaned = clean(html, options=SHOWN)
    assert (
        'href="https://s.example/a?id=1" target="_blank" rel="noopener noreferrer nofollow" title="https://s.example/a?id=1 ✂ utm_source"'
        in (cleaned.document)
    )
    assert 'title="mine"' in cleaned.document
    assert cleaned.links == (CleanedLink("https://s.example/a?utm_source=x&id=1", "https://s.example/a?id=1"),)
    again = clean(cleaned.document, options=SHOWN)
    assert again.links == ()
    assert again.document.partition("<body>")[2] == cleaned.document.partition("<body>")[2]


def test_links_are_left_alone_unless_asked_for() -> None:
    cleaned = clean('<a href="https://s.example/a?utm_source=x">A</a>')
    assert 'href="https://s.example/a?utm_source=x"' in cleaned.document
    assert cleaned.links == ()


def test_thousands_of_images_hosts_and_links_cost_no_more_than_their_number() -> None:
    many = "".join(
        f'<p style="display:none"><img src="//h{number}.example/x"></p><a href="//h{number}.example/?utm_a=bbbbb">x</a>'
        for number in range(4_000)
    )
    started = time.process_time()
    cleaned = clean(many, options=SHOWN)
    assert time.process_time() - started < 5
    assert cleaned.pixels == 4_000
    assert (len(cleaned.hosts), len(cleaned.links)) == (100, 100)
    worst = "https://s.example/?" + "&".join(["utm_a=1", "a"] * 2_000)
    started = time.process_time()
    for _ in range(20):
        without_parameters(worst)
    assert time.process_time() - started < 2


def test_every_parameter_is_documented() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "remote-images.md").read_text("utf-8").partition("## Links")[2]
    assert set(re.findall(r"`([a-z_]+)`", text)) == {*PARAMETERS, *PREFIXES}
