"""Undeclared bytes: real sentences of many languages, in the charsets their mail was written in, are read as they were."""

from __future__ import annotations

import time

import pytest

from webmail.message.charset import decode
from webmail.message.guess import guess

# From the Universal Declaration of Human Rights, proverbs, first lines of novels that belong to everybody, and mail.
SENTENCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Russian": (
        ("cp1251", "koi8-r", "iso8859-5", "cp866"),
        (
            "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью.",
            "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.",
            "Здравствуйте, Ольга! Высылаю вам договор и счёт за ноябрь, просьба подтвердить получение письма.",
            "Уважаемые коллеги, совещание переносится на четверг, 15:00, в переговорную на третьем этаже.",
        ),
    ),
    "Ukrainian": (
        ("cp1251", "koi8-u"),
        (
            "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю.",
            "Доброго дня! Надсилаю вам розклад занять на наступний тиждень, будь ласка, перевірте його уважно.",
        ),
    ),
    "Bulgarian": (("cp1251",), ("Всички хора се раждат свободни и равни по достойнство и права. Те са надарени с разум и съвест.",)),
    "Greek": (
        ("cp1253", "iso8859-7"),
        (
            "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική.",
            "Καλημέρα σας, σας στέλνω το πρόγραμμα της εκδρομής και περιμένω την απάντησή σας μέχρι την Παρασκευή.",
            "Σε ευχαριστώ πολύ για το γράμμα σου, χάρηκα που έμαθα νέα από την οικογένεια και τα παιδιά.",
        ),
    ),
    "Hebrew": (
        ("cp1255",),
        (
            "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון.",
            "שלום רב, מצורף לוח הזמנים של הפגישה ביום ראשון הבא, נא לאשר את קבלת ההודעה בהקדם האפשרי.",
        ),
    ),
    "Arabic": (
        ("cp1256", "iso8859-6"),
        (
            "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء.",
            "السلام عليكم ورحمة الله وبركاته، أرسل إليكم جدول الاجتماع القادم يوم الأحد وأرجو تأكيد الحضور.",
        ),
    ),
    "Thai": (
        ("cp874",),
        (
            "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
            "สวัสดีครับ ผมส่งตารางการประชุมวันพฤหัสบดีหน้ามาให้ กรุณาตรวจสอบและตอบกลับก่อนวันอังคารนะครับ",
        ),
    ),
    "Japanese": (
        ("cp932", "euc_jp", "iso2022_jp"),
        (
            "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。",
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。",
            "お世話になっております。先日ご依頼いただきました見積書をお送りいたしますので、ご確認のほどよろしくお願い申し上げます。来週の会議は木曜日の午後三時からです。",
            "プロジェクトのスケジュールについてメールをお送りします。データベースのサーバーのメンテナンスは金曜日の夜に行いますので、バックアップをお願いします。",
        ),
    ),
    "Korean": (
        ("cp949",),
        (
            "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았다.",
            "안녕하세요, 지난주에 말씀드린 회의 일정을 다시 보내 드립니다. 확인하시고 금요일까지 답장을 보내 주시면 감사하겠습니다.",
            "우리 회사의 새로운 제품에 대한 설명서를 첨부하였으니 검토해 주시기 바랍니다. 궁금한 점이 있으면 언제든지 연락해 주세요.",
        ),
    ),
    "Chinese": (
        ("gb18030",),
        (
            "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。人人有资格享受本宣言所载的一切权利和自由。",
            "您好，附件是本月的会议安排和预算表，请您在周五之前确认并回复邮件，如有任何问题请随时与我们联系，谢谢您的支持与合作，祝您工作顺利。",
            "满纸荒唐言，一把辛酸泪！都云作者痴，谁解其中味？列位看官：你道此书从何而来？说起根由虽近荒唐，细按则深有趣味。待在下将此来历注明，方使阅者了然不惑。",
        ),
    ),
    "Traditional Chinese": (
        ("big5",),
        (
            "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。人人有資格享受本宣言所載的一切權利和自由。",
            "您好，附件是本月的會議安排和預算表，請您在週五之前確認並回覆郵件，如有任何問題請隨時與我們聯絡，謝謝您的支持與合作，祝您工作順利。",
            "滿紙荒唐言，一把辛酸淚！都云作者癡，誰解其中味？列位看官：你道此書從何而來？說起根由雖近荒唐，細按則深有趣味。待在下將此來歷註明，方使閱者了然不惑。",
        ),
    ),
    "Polish": (
        ("cp1250", "iso8859-2"),
        (
            "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem.",
            "Litwo! Ojczyzno moja! ty jesteś jak zdrowie; ile cię trzeba cenić, ten tylko się dowie, kto cię stracił.",
            "Dzień dobry, przesyłam w załączniku umowę oraz fakturę za październik i proszę o potwierdzenie.",
        ),
    ),
    "Czech": (
        ("cp1250", "iso8859-2"),
        (
            "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Jsou nadáni rozumem a svědomím.",
            "Dobrý den, posílám Vám rozpis schůzek na příští týden a prosím o potvrzení účasti do čtvrtka.",
        ),
    ),
    "Hungarian": (
        ("cp1250", "iso8859-2"),
        (
            "Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, ésszel és lelkiismerettel bírván.",
            "Kedves Zsófi, köszönöm a levelet, a jövő heti találkozó időpontját még egyeztetnünk kell a többiekkel.",
        ),
    ),
    "French": (
        ("cp1252",),
        (
            "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience.",
            "Bonjour à tous, la réunion prévue jeudi est décalée à vendredi ; merci de répondre dès que possible.",
            "L’été dernier, nous sommes allés à la forêt où l’on a vu des cerfs près de la rivière.",
        ),
    ),
    "German": (
        ("cp1252",),
        (
            "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt.",
            "Schöne Grüße aus Köln, wir hätten die Übergabe gern am Donnerstag früh, falls das möglich wäre.",
        ),
    ),
    "Spanish": (
        ("cp1252",),
        (
            "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia.",
            "¿Cómo estás? Mañana por la tarde te llamaré para hablar de la reunión del próximo miércoles, ¡hasta pronto!",
        ),
    ),
    "Portuguese": (
        ("cp1252",),
        ("Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de consciência, devem agir.",),
    ),
    "Swedish": (("cp1252",), ("Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med förnuft och samvete.",)),
    "Danish": (
        ("cp1252",),
        ("Alle mennesker er født frie og lige i værdighed og rettigheder. De er udstyret med fornuft og samvittighed.",),
    ),
    "Italian": (
        ("cp1252",),
        ("Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Perché la libertà è di tutti, e così sarà più bella.",),
    ),
    "Turkish": (
        ("cp1254",),
        ("Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik.",),
    ),
    "Lithuanian": (
        ("cp1257",),
        ("Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Jiems suteiktas protas ir sąžinė.",),
    ),
}
CASES = [(language, name, text) for language, (names, texts) in SENTENCES.items() for name in names for text in texts]


def read_back(text: str, name: str) -> bool:
    return decode(text.encode(name))[0] == text


def test_there_are_enough_sentences_and_charsets() -> None:
    assert len({text for _, _, text in CASES}) >= 40
    assert len({name for _, name, _ in CASES}) >= 12
    assert all(len(text) >= 60 for _, _, text in CASES)


@pytest.mark.parametrize("length", [60, 1000])
def test_sentences_of_sixty_characters_and_more_are_read_as_they_were(length: int) -> None:
    wrong = [(language, name, text[:20]) for language, name, text in CASES if not read_back(text[:length], name)]
    assert len(wrong) <= 0.05 * len(CASES), wrong


@pytest.mark.parametrize(
    "name",
    [
        "Grüße",
        "José",
        "naïve café",
        "Øre",
        "Ça va",
        "£5",
        "Mañana",
        "“Hello”",
        "it’s",
        "100 €",
        "5 °C",
        "4 for 49¢ ea.",
        "five\xa0\xa0\xa0\xa0\xa0spaces\xa0in\xa0rows",
    ],
)
def test_few_western_letters_are_western(name: str) -> None:
    assert read_back(name, "cp1252")


@pytest.mark.parametrize(
    ("text", "name"),
    [("Привет, мир", "cp1251"), ("Привет, мир", "koi8-r"), ("你好，世界", "gbk"), ("こんにちは", "cp932"), ("안녕하세요", "cp949")],
)
def test_a_greeting_is_enough_for_scripts_of_their_own(text: str, name: str) -> None:
    assert read_back(text, name)


def test_words_between_english_ones_are_read_too() -> None:
    text = "Hello all,\n\nplease see the note below.\n\nДобрый день, документы отправлены вчера вечером.\n\nBest regards, Olga\n"
    assert read_back(text, "cp1251")
    assert read_back(text, "koi8-r")


def test_a_stray_octet_does_not_spoil_a_text_in_utf_8() -> None:
    text = "Communiqué: être à l’heure, répéter, où ça ? «\u00a0oui\u00a0»\n"
    assert guess(b"From: Robert\xa0Moore\n" + text.encode() * 2) == "utf-8"
    assert guess(b"Robert\xa0Moore, 7 \xb0C, Andr\xc3\xa9\n") != "utf-8"


def test_guessing_costs_little_and_ends_for_any_bytes() -> None:
    begun = time.process_time()
    for data in (bytes(range(256)) * 4000, b"\xff" * 10**6, b"\xe9 a" * 10**6, "я".encode("koi8-r") * 10**6):
        assert guess(data)
    assert time.process_time() - begun < 1.0
