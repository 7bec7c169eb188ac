// Verifies what Baton sends, with nothing but Node.js (18 or newer).
//
//   node node.mjs [vectors.json]
//
// Use the raw body: the bytes as they came, before any JSON parser has touched them.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const TOLERANCE_SECONDS = 300;

// timingSafeEqual throws on unequal lengths, so the lengths are compared first. They are public.
function same(a, b) {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** X-LeadsBot-Signature: lowercase hex HMAC-SHA256 of the raw body, keyed with the secret's text. */
export function verifyLeadsBot(rawBody, signature, secret) {
  if (typeof signature !== "string") return false;
  return same(signature, createHmac("sha256", secret).update(rawBody).digest("hex"));
}

/** webhook-id, webhook-timestamp, webhook-signature: Standard Webhooks 1.0.0. */
export function verifyWebhook(rawBody, headers, secret, nowSeconds) {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signatures = headers["webhook-signature"];
  if (!id || !timestamp || !signatures || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(nowSeconds - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(rawBody);
  const expected = `v1,${mac.digest("base64")}`;
  // While a secret is rotated there are two signatures; one that is right is enough.
  return signatures.split(" ").some((signature) => same(signature, expected));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = process.argv[2] ?? new URL("vectors.json", import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, "utf8"));
  let wrong = 0;
  for (const { name, secret, now, headers, body, expect } of vectors) {
    const raw = Buffer.from(body);
    const got = {
      leadsbot: verifyLeadsBot(raw, headers["x-leadsbot-signature"], secret),
      webhook: verifyWebhook(raw, headers, secret, now),
    };
    for (const scheme of ["leadsbot", "webhook"]) {
      if (got[scheme] === expect[scheme]) continue;
      console.error(`${name}: ${scheme} gave ${got[scheme]}, expected ${expect[scheme]}`);
      wrong += 1;
    }
  }
  console.log(`node: ${vectors.length} vectors, ${wrong} wrong`);
  process.exit(wrong === 0 && vectors.length > 0 ? 0 : 1);
}
