// Holds signatures against the receiver that Baton's product page has always shown.
//
//   node page.mjs [vectors.json]
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The behaviour receivers in the field have: hex HMAC of the raw body under the secret's text, and
// timingSafeEqual without a look at the lengths, which throws when they differ.
function pageVerifier(rawBody, signature, secret) {
  const hex = createHmac("sha256", secret).update(rawBody).digest("hex");
  return timingSafeEqual(Buffer.from(signature), Buffer.from(hex));
}

/** Whether a verifier that says no in its own way, or throws, said yes. */
export function accepts(verify) {
  try {
    return verify() !== false;
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = process.argv[2] ?? new URL("../vectors.json", import.meta.url);
  const { vectors } = JSON.parse(readFileSync(file, "utf8"));
  let wrong = 0;
  for (const { name, secret, headers, body, expect } of vectors) {
    const signature = headers["x-leadsbot-signature"];
    const got = accepts(() => pageVerifier(Buffer.from(body), signature, secret));
    if (got === expect.leadsbot) continue;
    console.error(`${name}: the page's verifier gave ${got}, expected ${expect.leadsbot}`);
    wrong += 1;
  }
  console.log(`page: ${vectors.length} vectors, ${wrong} wrong`);
  process.exit(wrong === 0 && vectors.length > 0 ? 0 : 1);
}
