// Reads the messages named on standard input, one path a line, and writes what two independent parsers make of each as a JSON line.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";

const flat = (list) => (list ?? []).flatMap((one) => one.group ?? [one]);
const people = (list) => flat(list).map((one) => ({ name: one.name ?? "", address: one.address ?? "" }));

// Content is counted with one octet a line end and none for the last ones, which belong to the boundary.
const file = (name, type, disposition, related, id, content) => {
  const octets = Buffer.from(Buffer.from(content).toString("latin1").replaceAll("\r\n", "\n").replace(/\n+$/, ""), "latin1");
  const digest = createHash("sha256").update(octets).digest("hex").slice(0, 16);
  const about = { name: name || "", type: type || "", disposition: disposition || "", related: Boolean(related) };
  return { ...about, id: (id || "").replace(/[<>]/g, ""), size: octets.length, digest };
};

async function postalMime(octets) {
  const mail = await PostalMime.parse(octets, { forceRfc822Attachments: true, attachmentEncoding: "arraybuffer" });
  return {
    subject: mail.subject ?? "",
    from: people(mail.from ? [mail.from] : []),
    to: people(mail.to),
    cc: people(mail.cc),
    date: mail.date ?? "",
    text: mail.text ?? "",
    html: mail.html ?? "",
    attachments: mail.attachments.map((one) => file(one.filename, one.mimeType, one.disposition, one.related, one.contentId, one.content)),
  };
}

async function mailParser(octets) {
  const mail = await simpleParser(octets, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  const all = (field) => people([field ?? []].flat().flatMap((one) => one.value ?? []));
  // This parser takes the present for a date that it cannot read.
  const date = mail.headers.get("date");
  const told = date instanceof Date && Math.abs(Date.now() - date) > 600_000;
  return {
    subject: mail.subject ?? "",
    from: all(mail.from),
    to: all(mail.to),
    cc: all(mail.cc),
    date: told ? date.toISOString() : "",
    text: mail.text ?? "",
    html: mail.html || "",
    attachments: mail.attachments.map((one) => file(one.filename, one.contentType, one.contentDisposition, one.related, one.contentId, one.content)),
  };
}

for await (const path of createInterface({ input: process.stdin })) {
  const octets = readFileSync(path);
  const found = { path };
  for (const [name, read] of Object.entries({ postalMime, mailParser })) {
    try {
      found[name] = await read(octets);
    } catch (error) {
      found[name] = { error: String(error) };
    }
  }
  console.log(JSON.stringify(found));
}
