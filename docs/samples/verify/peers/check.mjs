// Holds signatures against the Standard Webhooks library for JavaScript.
//
//   node check.mjs [vectors.json]
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";
import { accepts } from "./page.mjs";

const file = process.argv[2] ?? new URL("../vectors.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, "utf8"));
const RealDate = Date;
let wrong = 0;
let compared = 0;
function compare(name, scheme, got, expected) {
  compared += 1;
  if (got === expected) return;
  console.error(`${name}: ${scheme} gave ${got}, expected ${expected}`);
  wrong += 1;
}

for (const { name, secret, now, headers, body, expect } of vectors) {
  // The library reads the time of day itself, so its clock is set to the receiver's.
  globalThis.Date = class extends RealDate {
    constructor(...given) {
      super(...(given.length > 0 ? given : [now * 1000]));
    }
    static now = () => now * 1000;
  };
  // The library parses the body as JSON after it has verified it, and reads "1769610600x" as a
  // number; neither says anything about the signature.
  if (body === "" || /[^0-9]/.test(headers["webhook-timestamp"] ?? "")) continue;
  const library = accepts(() => (new Webhook(secret).verify(body, headers), true));
  compare(name, "standardwebhooks", library, expect.webhook);
}
console.log(`peers, JavaScript: ${compared} comparisons, ${wrong} wrong`);
process.exit(wrong === 0 && compared > 0 ? 0 : 1);
