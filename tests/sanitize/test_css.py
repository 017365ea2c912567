"""Rules for styles: what is known to be harmless stays, everything else goes."""

import pytest

from webmail.sanitize.css import Wanted, declarations, declarations_counted, stylesheet, stylesheet_counted


def test_a_usual_style_stays() -> None:
    style = "margin:0 auto;padding:10px 20px;font-family:'Segoe UI', Arial, sans-serif;color:#333;background-color:rgb(255, 0, 10)"
    assert declarations(style) == style


def test_it_is_written_in_one_plain_form() -> None:
    assert declarations('  COLOR : Red ;; font-family:"Courier New" ; /* note */ width:100% ! important; x ') == (
        "color:Red;font-family:'Courier New';width:100% !important"
    )


@pytest.mark.parametrize(
    "style",
    [
        "width:calc(100% - (2 * 10px))",
        "background:linear-gradient(to right, #fff 0%, rgba(0,0,0,0.5) 100%)",
        "border-radius:4px;opacity:.5;overflow:hidden;table-layout:fixed;letter-spacing:-0.02em;direction:rtl;box-sizing:border-box",
        "display:block;float:left;max-width:600px;white-space:nowrap;vertical-align:top;list-style-type:disc;text-align:center",
        "font:bold 14px/1.4 Arial, sans-serif",
        "display:none;max-height:0",
        "position:relative;top:-4px;z-index:2;transform:rotate(-4deg) scale(1.1)",
        "filter:grayscale(100%);clip-path:inset(10px)",
        "content:'→ more';counter-increment:item",
        "--brand:#336699;color:var(--brand, red)",
        "grid-template-areas:'a a' 'b c'",
    ],
)
def test_what_senders_design_with_stays(style: str) -> None:
    assert declarations(style) == style


@pytest.mark.parametrize(
    "style",
    [
        "position:sticky",
        "position:-webkit-sticky",
        "position:var(--x)",
        "content:url(//t.example)",
        "content:attr(title, url(x))",
        "color:attr(title)",
        "color-scheme:light dark",
        "behavior:url(x)",
        "-moz-binding:url(x)",
        "filter:progid:DXImageTransform(x)",
        "animation:x 1s",
        "--x:url(//t.example)",
        "color:var(--x, url(//t.example))",
        "width:expression(alert(1))",
        "width:e\\78pression(alert(1))",
        "background-image:url(//t.example)",
        "background-image:URL('//t.example')",
        "background-image:u\\72l(//t.example)",
        "background-image:\\75\\72\\6c(//t.example)",
        "background-image:url (//t.example)",
        "background-image:url(//t.example",
        "background-image:image-set('//t.example' 1x)",
        "background-image:-webkit-image-set(url(//t.example) 1x)",
        "background-image:image('//t.example')",
        "background-image:cross-fade(url(//t.example), red)",
        "background-image:element(#x)",
        "background-image:attr(title)",
        "list-style-image:url(//t.example)",
        "cursor:url(//t.example), auto",
        "color:red</style><script>alert(1)</script>",
        "color:'</style><script>alert(1)</script>'",
        "font-family:'a\\27 ;background:url(//t.example)'",
        'font-family:"x&quot;;y"',
        "font-family:'url(//t.example)'",
        "color:red}body{display:none",
        "color:{url(//t.example)}",
        "color:#zzz",
        "width:100px\\9",
        "color",
        ":red",
        "",
        ";;;",
        "color:" + "(" * 3000,
        "width:calc" + "(" * 100 + "1px" + ")" * 100,
        "color:red;" * 5000,
    ],
)
def test_what_is_not_known_to_be_harmless_goes(style: str) -> None:
    assert declarations(style) == ""


def test_what_is_fixed_goes_with_its_page() -> None:
    assert declarations("position:fixed;top:0") == "position:absolute;top:0"


def test_rules_within_rules_stay() -> None:
    sheet = ".a{color:red;b{color:blue}\n&:hover > i{color:green}}"
    assert stylesheet(sheet) == sheet
    assert stylesheet(".a{.b{background:url(//t.example)}}") == ""


def test_one_bad_declaration_does_not_take_the_others_with_it() -> None:
    assert declarations("color:red;behavior:x;width:10px;x:y:z;height:1px") == "color:red;width:10px;height:1px"


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("background:#fff url(http://t.example/x.png) no-repeat center", "background-color:#fff"),
        ("background:url(http://t.example/x.png) navy", "background-color:navy"),
        ("background:no-repeat url(http://t.example/x.png) rgb(1, 2, 3)", "background-color:rgb(1, 2, 3)"),
        ("background:url(http://t.example/x.png) no-repeat", ""),
    ],
)
def test_a_background_keeps_its_colour_when_its_image_goes(style: str, kept: str) -> None:
    assert declarations(style) == kept


def test_remote_images_are_told() -> None:
    x, y = "http://t.example/x", "http://t.example/y"
    assert declarations_counted(f"background:url({x});list-style-image:url('{y}')").remote == (x, y)
    assert declarations_counted(f"background-image:image-set('{x}' 1x, '{y}' 2x)").remote == (x,)
    assert declarations_counted("background:url(data:image/png;base64,AA), url(x.png)").remote == ()
    assert stylesheet_counted(f"p{{background:url({x})}}@media print{{a{{background:url({y})}}}}").remote == (x, y)


def test_about_images_that_can_be_shown_somebody_is_asked() -> None:
    x, y, asked = "http://t.example/x", "//t.example/y", list[tuple[str, str]]()

    def shown(address: str, beside: str) -> str:
        asked.append((address, beside))
        return "/remote/1"

    style = f"background:url({x});cursor:url({y})"
    styled = declarations_counted(style, Wanted(images=shown))
    assert styled.text == "background:url('/remote/1')"
    assert styled.remote == (y,)
    assert asked == [(x, style)]


def test_cleaning_again_changes_nothing() -> None:
    style = declarations('COLOR:red!important;font:14px/1.5 "A B",serif;width:calc( 1px  +  2% );margin:-1px +2.5em;background:red url(x)')
    assert declarations(style) == style
    sheet = stylesheet("a:hover , p>.x{color:red}@media  screen and (max-width:600px){.y{width:100%}}")
    assert stylesheet(sheet) == sheet


def test_a_usual_sheet_stays() -> None:
    sheet = (
        "body, table td{margin:0}\n"
        ".a > .b + p ~ i, a:hover, li:nth-child(2n+1), td[width='1'], p:not(.c)::first-line{color:red}\n"
        "@media only screen and (max-width: 600px){.col{width:100% !important}}"
    )
    assert stylesheet(sheet) == sheet


@pytest.mark.parametrize(
    "sheet",
    [
        "@import url(http://t.example/x.css);",
        "@import 'http://t.example/x.css';",
        "@font-face{font-family:x;src:url(http://t.example/x)}",
        "@namespace svg url(http://www.w3.org/2000/svg);",
        "@charset 'utf-7';",
        "@keyframes x{from{color:red}}",
        "@supports (background:url(x)){p{color:red}}",
        "@supports selector(p){p{color:red}}",
        "@page{margin:0}",
        "@document url(http://t.example){p{color:red}}",
        "@media print{@media screen{@media all{p{color:red}}}}",
        "@media url(x){p{color:red}}",
        "@media{p{color:red}}",
        "p<b{color:red}",
        "p\\{x{color:red}",
        "a[href='\"><script>']{color:red}",
        "p{position:sticky}",
        "p{}",
        "p",
        "}}}",
        "<!-- -->",
    ],
)
def test_rules_that_are_not_plain_go(sheet: str) -> None:
    assert stylesheet(sheet) == ""


def test_a_broken_rule_does_not_take_the_next_one_with_it() -> None:
    sheet = "<!-- a{color:red} --> p<b{color:red} i{color:blue} @x; b{color:green} u{color:pink"
    assert stylesheet(sheet) == "a{color:red}\ni{color:blue}\nb{color:green}\nu{color:pink}"


def test_nothing_in_a_sheet_can_end_it() -> None:
    sheet = stylesheet("a{color:red}</style><script>alert(1)</script><style>b{color:blue}")
    assert "<" not in sheet
    assert "&" not in sheet


def test_only_the_beginning_of_an_endless_sheet_is_read() -> None:
    assert len(stylesheet("a{color:red}\n" * 20_000)) <= 64 * 1024


def test_what_a_browser_can_do_is_asked_plainly() -> None:
    assert stylesheet("@supports (display:grid) and (not (display:inline-grid)){p{color:red}}") == (
        "@supports (display:grid) and (not (display:inline-grid)){p{color:red}}"
    )


def test_a_class_with_odd_characters_is_selected_by_its_name_as_a_string() -> None:
    assert stylesheet(r"p.sm\:w-full, .a\.5{color:red}") == "p[class~='sm:w-full'], [class~='a.5']{color:red}"
    assert stylesheet("[class~='x']{color:red}") == "[class~='x']{color:red}"
    assert stylesheet("*[lang|=de], a[HREF ^= 'tel' i]{color:red}") == "*[data-wm-lang|=de], a[data-wm-href^= 'tel' i]{color:red}"
    assert stylesheet("p::after{content:attr(data-x)}") == "p::after{content:attr(data-wm-data-x)}"


def test_an_id_is_selected_as_a_class() -> None:
    assert stylesheet("#top p{color:red}") == ".wm-id-top.wm-id-top.wm-id-top p{color:red}"


def test_a_picture_is_shown_under_the_address_we_make_of_its_own_and_only_where_one_belongs() -> None:
    style = "background:#fff url( http://t.example/x.png ) no-repeat;color:url(http://t.example/y);--x:url(http://t.example/z)"
    assert (
        declarations_counted(style, Wanted(images=lambda address, _: f"/remote/{len(address)}")).text
        == "background:#fff url('/remote/22') no-repeat"
    )


@pytest.mark.parametrize("address", ["", "/a b", "/a'b", "/a(b", "/a)b", "/a\\b", "/a<b", '/a"b', "/a\nb", "/a;b"])
def test_an_address_with_odd_characters_is_not_used(address: str) -> None:
    assert declarations_counted("background-image:url(http://t.example/x)", Wanted(images=lambda *_: address)).text == ""


def test_rules_for_dark_screens_are_kept_only_on_request() -> None:
    sheet = "@media (prefers-color-scheme: dark){p{color:white}}"
    assert stylesheet(sheet) == ""
    assert stylesheet(sheet, dark=True) == sheet
