// The codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 s).
import { createHmac } from "node:crypto";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_MS = 30_000;

function bytesOf(secret) {
  let bits = "";
  for (const letter of secret.replace(/[\s=]/g, "").toUpperCase()) {
    bits += LETTERS.indexOf(letter).toString(2).padStart(5, "0");
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

export function totp(secret, at = Date.now()) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)));
  const mac = createHmac("sha1", bytesOf(secret)).update(counter).digest();
  const from = mac[mac.length - 1] & 15;
  const number = (mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000;
  return String(number).padStart(6, "0");
}

/** A code of a later step than `used`: each works once. The step after this one is taken too. */
export function nextCode(secret, used) {
  const now = totp(secret);
  return now === used ? totp(secret, Date.now() + STEP_MS) : now;
}
