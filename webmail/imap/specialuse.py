"""The role of a mailbox: by its attribute, else by a name that programs give it in many languages (RFC 6154)."""

from __future__ import annotations

from collections.abc import Collection

from webmail.mailbox import SpecialUse

_ATTRIBUTES = {
    "\\drafts": SpecialUse.DRAFTS,
    "\\sent": SpecialUse.SENT,
    "\\archive": SpecialUse.ARCHIVE,
    "\\junk": SpecialUse.JUNK,
    "\\trash": SpecialUse.TRASH,
    "\\flagged": SpecialUse.FLAGGED,
    "\\all": SpecialUse.ALL,
    "\\important": SpecialUse.IMPORTANT,
    # Gmail's XLIST names of before RFC 6154.
    "\\spam": SpecialUse.JUNK,
    "\\allmail": SpecialUse.ALL,
    "\\starred": SpecialUse.FLAGGED,
}

_NAMES = {
    SpecialUse.SENT: """sent; sent items; sent messages; sent mail; sent-mail; gesendet; gesendete elemente; gesendete objekte;
        gesendete nachrichten; envoyés; éléments envoyés; messages envoyés; objets envoyés; courrier envoyé; enviados;
        elementos enviados; mensajes enviados; itens enviados; mensagens enviadas; inviata; inviati; posta inviata;
        elementi inviati; messaggi inviati; verzonden; verzonden items; verzonden berichten; skickat; skickade objekt; sendt;
        sendte elementer; sendt post; lähetetyt; lähetetyt viestit; wysłane; elementy wysłane; odeslané; odeslaná pošta;
        odoslané; odoslaná pošta; elküldött; elküldött elemek; trimise; elemente trimise; poslano; poslane stavke;
        изпратени; отправленные; надіслані; отправленные письма; gönderilmiş;
        gönderilmiş öğeler; gönderilenler; απεσταλμένα; הודעות שנשלחו; פריטים שנשלחו; المرسلة; العناصر المرسلة;
        已发送; 已发送邮件; 已发邮件; 发件箱; 寄件備份; 已傳送; 寄件匣; 送信済み; 送信済みアイテム; 送信済みメール;
        送信済みメッセージ; 보낸 편지함; 보낸편지함; 보낸 메일함; đã gửi; terkirim; item terkirim""",
    SpecialUse.DRAFTS: """drafts; draft; entwürfe; entwurf; brouillons; brouillon; borradores; borrador; rascunhos; rascunho;
        bozze; concepten; utkast; kladder; kladde; luonnokset; wersje robocze; szkice; robocze; koncepty; rozepsané;
        rozpísané; piszkozatok; vázlatok; ciorne; skice; nacrti; чернови; черновики; чернетки;
        taslaklar; πρόχειρα; טיוטות; مسودات; المسودات; 草稿; 草稿箱; 草稿匣; 下書き; 임시 보관함; 임시보관함; thư nháp;
        bản nháp; draf; konsep""",
    SpecialUse.TRASH: """trash; deleted; deleted items; deleted messages; papierkorb; gelöscht; gelöschte elemente;
        gelöschte objekte; corbeille; éléments supprimés; messages supprimés; papelera; elementos eliminados; lixo; lixeira;
        itens excluídos; itens eliminados; cestino; posta eliminata; elementi eliminati; prullenbak; prullenmand;
        verwijderde items; papperskorgen; borttaget; borttagna objekt; papirkurv; slettet post; slettede elementer; søppel;
        roskakori; poistetut; poistetut viestit; kosz; elementy usunięte; koš; odstraněná pošta; kôš; odstránená pošta;
        kuka; lomtár; törölt elemek; coș de gunoi; elemente șterse; smeće; koš za smeti; кошче; изтрити;
        корзина; удаленные; удалённые; кошик; видалені; çöp; çöp kutusu; silinmiş öğeler;
        κάδος; διαγραμμένα; אשפה; פריטים שנמחקו; المهملات; 已删除; 已删除邮件; 垃圾桶; 废件箱; 已刪除的郵件;
        刪除的郵件; ごみ箱; ゴミ箱; 削除済みアイテム; 휴지통; 지운 편지함; thùng rác; tong sampah; sampah""",
    SpecialUse.JUNK: """junk; spam; bulk mail; bulk; junk mail; junk e-mail; junk email; junk-e-mail; unerwünscht;
        unerwünschte werbung; spamverdacht; indésirables; courrier indésirable; pourriel; pourriels; correo no deseado;
        no deseado; correo basura; lixo eletrônico; lixo eletrónico; posta indesiderata; ongewenst; ongewenste e-mail;
        ongewenste reclame; skräppost; søppelpost; uønsket post; uønsket e-post; roskaposti; wiadomości-śmieci; niechciane;
        nevyžádaná pošta; nevyžiadaná pošta; levélszemét; mesaje nedorite; neželena pošta; спам;
        нежелана поща; нежелательная почта; небажана пошта; istenmeyen; gereksiz;
        gereksiz e-posta; ανεπιθύμητα; דואר זבל; بريد غير هام; البريد غير الهام; 垃圾邮件; 垃圾郵件; 迷惑メール; 스팸;
        스팸 편지함; 스팸메일함; 정크 메일; thư rác""",
    SpecialUse.ARCHIVE: """archive; archives; archived; archiv; archivo; archivos; archivio; arquivo; arquivo morto; arquivado;
        archief; arkiv; arkisto; archiwum; archív; archívum; archiválás; arhivă; arhiv; arhiva; архив; архів;
        arşiv; αρχείο; ארכיון; الأرشيف; 存档; 归档; 封存; アーカイブ; 보관함; lưu trữ; arsip""",
}
_BY_NAME = {name.strip().casefold(): use for use, names in _NAMES.items() for name in names.split(";")}


def by_attribute(attributes: Collection[str]) -> SpecialUse | None:
    """The role the server gives a mailbox, if any."""
    for attribute in attributes:
        if (use := _ATTRIBUTES.get(attribute.lower())) is not None:
            return use
    return None


def by_name(name: str, *, delimiter: str) -> SpecialUse | None:
    """The role a name suggests; only for mailboxes at the top, under INBOX, or under a folder such as ``[Gmail]``."""
    path = name.split(delimiter) if delimiter else [name]
    if len(path) == 2 and (path[0] == "INBOX" or path[0].startswith("[")):
        path = path[1:]
    return _BY_NAME.get(path[0].strip().casefold()) if len(path) == 1 else None
