// Debian's Chromium, looked at like a person would: every error in the console fails the test.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const output = new URL("./output/", import.meta.url).pathname;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The sizes a person has. */
export const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
  narrow: { width: 320, height: 640 },
  wide: { width: 3840, height: 2160 },
};

export async function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page with a profile of its own. `errors` is what its console said is wrong. */
export async function newPage(browser, base, { size = SIZES.desktop, dark = false } = {}) {
  const context = await browser.newContext({
    baseURL: base,
    viewport: size,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const errors = [];
  const foreign = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    // A refused call is an answer that the page shows; the browser reports each in its console.
    const refused = /Failed to load resource/.test(message.text());
    if (message.type() === "error" && !refused) errors.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob|about):/.test(url)) foreign.push(url);
  });
  return Object.assign(page, { errors, foreign });
}

/** Nothing went wrong on the page, and it called nobody but Baton. */
export function assertQuiet(page) {
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.foreign, []);
}

/** Keeps a picture for people to look at. */
export async function shot(page, name) {
  mkdirSync(output, { recursive: true });
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: false });
}

/** What axe finds against WCAG 2.2 AA. */
export async function assertAccessible(page, where) {
  // The page's policy forbids inline script; a worker of the debugger's may run.
  await page.evaluate(axeSource);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      resultTypes: ["violations"],
    }),
  );
  const told = found.violations.map(
    (v) => `${v.id}: ${v.help}\n    ${v.nodes.slice(0, 5).map((n) => n.html.slice(0, 160)).join("\n    ")}`,
  );
  assert.deepEqual(told, [], `${where} is not accessible`);
}
