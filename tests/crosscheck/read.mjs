// Reads the messages named on standard input, one path a line, and writes what an independent parser makes of each as a JSON line.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import PostalMime from "postal-mime";

const people = (list) => (list ?? []).flatMap((one) => one.group ?? [one]).map((one) => one.address ?? "");

for await (const path of createInterface({ input: process.stdin })) {
  const found = { path };
  try {
    const mail = await PostalMime.parse(readFileSync(path), { forceRfc822Attachments: true, attachmentEncoding: "arraybuffer" });
    Object.assign(found, {
      subject: mail.subject ?? "",
      from: people(mail.from ? [mail.from] : []),
      to: people(mail.to),
      cc: people(mail.cc),
      date: mail.date ?? "",
      messageId: mail.messageId ?? "",
      text: mail.text ?? "",
      html: mail.html ?? "",
      attachments: mail.attachments.map((one) => ({
        name: one.filename ?? "",
        type: one.mimeType ?? "",
        disposition: one.disposition ?? "",
        related: one.related ?? false,
        size: Buffer.from(one.content).toString("latin1").replaceAll("\r\n", "\n").replace(/\n+$/, "").length,
      })),
    });
  } catch (error) {
    found.error = String(error);
  }
  console.log(JSON.stringify(found));
}
