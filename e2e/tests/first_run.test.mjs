import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBaton, startSandbox, until } from "../baton.mjs";
import { assertAccessible, assertQuiet, newPage, shot, startBrowser } from "../browser.mjs";
import { setUp } from "../people.mjs";

let baton, sandbox, browser;
before(async () => {
  sandbox = await startSandbox();
  baton = await startBaton();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await Promise.all([baton?.stop(), sandbox?.stop()]);
});

/** What a person has for it, in milliseconds. */
const PATIENCE_MS = 120_000;

test("from the printed link to a delivered lead, by clicks", async () => {
  const page = await newPage(browser, baton.url);
  const began = Date.now();
  await setUp(page, baton);
  await page.getByRole("heading", { name: /Welcome/ }).waitFor();
  await shot(page, "first-run-1-welcome");
  await assertAccessible(page, "the first step");

  await page.getByLabel("Name").fill("Solar UK");
  await page.getByRole("button", { name: "Create the campaign" }).click();
  await page.getByRole("button", { name: "Create the source" }).click();
  await page.getByText("Waiting for the first lead").waitFor();
  await shot(page, "first-run-2-waiting");
  await assertAccessible(page, "waiting for the first lead");
  // The line a person copies into a terminal is one that works.
  const line = await page.getByLabel("The command", { exact: true }).textContent();
  const [, url, body] = /'([^']+)' -H '[^']+' -d '([^']+)'/.exec(line);
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal(answer.status, 201);

  // It ticks itself off: nobody presses anything.
  await page.getByText("Received: open it").waitFor();
  await page.getByLabel("URL").fill(`${sandbox.url}/crm`);
  await page.getByRole("button", { name: "Create the destination" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("button", { name: "Test it" }).click();
  await page.getByText("Accepted").first().waitFor();
  await shot(page, "first-run-3-tested");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("button", { name: "Send it from here" }).click();
  await page.getByText("Delivered.", { exact: true }).waitFor();
  await shot(page, "first-run-4-delivered");
  await assertAccessible(page, "the end of the first run");
  assert.ok(Date.now() - began < PATIENCE_MS, "it took too long");

  const received = await until("the lead at the receiver", async () => {
    const all = await sandbox.received("/crm");
    return all.find((one) => JSON.stringify(one).includes("grace@example.com"));
  });
  assert.ok(received);
  await page.getByRole("link", { name: "see what was sent and answered" }).click();
  await page.waitForURL(/\/leads\/lead_/);
  await page.getByRole("heading", { name: /Grace/ }).waitFor();

  // What is done is not shown again.
  await page.goto("/admin/");
  await page.getByRole("heading", { name: "Newest leads" }).waitFor();
  assert.equal(await page.getByRole("region", { name: "First steps" }).count(), 0);
  await shot(page, "first-run-5-home");
  assertQuiet(page);
});

test("a set-up link works once", async () => {
  const page = await newPage(browser, baton.url);
  const link = new URL(baton.setupLink());
  await page.goto(link.pathname + link.hash);
  await page.getByRole("heading", { name: "Already set up" }).waitFor();
  assertQuiet(page);
});
