import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, startBaton, startSandbox, until } from "../baton.mjs";
import { assertQuiet, shot, startBrowser } from "../browser.mjs";
import { owner, path, post } from "../people.mjs";

let baton, sandbox, browser, page, made;
before(async () => {
  sandbox = await startSandbox();
  baton = await startBaton();
  browser = await startBrowser();
  page = await owner(browser, baton);
  made = await path(baton, sandbox);
});
after(async () => {
  await browser?.close();
  await Promise.all([baton?.stop(), sandbox?.stop()]);
});

const deliveryOf = (lead, state) =>
  until(`a delivery that is ${state}`, async () => {
    const { data } = await call(baton.url, "GET", `/api/v1/deliveries?lead_id=${lead}`);
    return data.find((one) => one.state === state);
  });

/** Resends the newest failed delivery of a lead on its page, as it is mapped now. */
async function resend(lead) {
  await page.goto(`/admin/leads/${lead}`);
  await page.getByRole("tab", { name: /^Deliveries/ }).click();
  await page.getByRole("button", { name: "Resend", exact: true }).first().click();
  const dialog = page.getByRole("dialog").last();
  await dialog.getByRole("button", { name: "Resend" }).click();
}

test("an answer that no rule knows becomes a rule, and the next one is understood", async () => {
  const where = `/api/v1/destinations/${made.destination.id}`;
  const responses = [{ match: "json_path", path: "$.result", value: "bought", verdict: "accepted" }];
  await call(baton.url, "PATCH", where, { responses });
  await sandbox.rule("/crm", { reply: { body: '{"result":"parked"}' } });
  const first = await post(baton, made.source, { email: "one@example.com" });
  assert.equal((await deliveryOf(first.id, "failed")).verdict, "unmatched");

  await page.goto(`/admin/destinations/${made.destination.id}`);
  await page.getByRole("tab", { name: "Answers" }).click();
  const groups = page.getByRole("region", { name: "Unmatched answers" });
  await groups.getByText("parked").first().waitFor();
  await shot(page, "unmatched");
  await groups.getByLabel("What these answers mean").selectOption("accepted");
  await groups.getByRole("button", { name: "Make a rule" }).click();
  await until("the rule", async () => (await call(baton.url, "GET", where)).responses.length === 2);

  const second = await post(baton, made.source, { email: "two@example.com" });
  await deliveryOf(second.id, "accepted");
  assertQuiet(page);
});

test("a mapping is mended, and the lead that failed arrives as it is mapped now", async () => {
  const where = `/api/v1/destinations/${made.destination.id}`;
  await call(baton.url, "PATCH", where, { mapping: [{ to: "Mail", from: "email" }], responses: null });
  await sandbox.rule("/crm", { reply: { status: 422, body: "Email is missing" } });
  const lead = await post(baton, made.source, { email: "fix@example.com" });
  await deliveryOf(lead.id, "failed");

  await page.goto(`/admin/destinations/${made.destination.id}`);
  await page.getByRole("tab", { name: "Mapping" }).click();
  await page.getByLabel("Row 1: their field").fill("Email");
  await page.getByRole("button", { name: /^Save/ }).click();
  await until("the mapping", async () => (await call(baton.url, "GET", where)).mapping[0].to === "Email");

  await sandbox.rule("/crm", { reply: { status: 200 } });
  await resend(lead.id);
  await deliveryOf(lead.id, "accepted");
  await page.getByText("Accepted").first().waitFor();
  await shot(page, "mended");
  const last = (await sandbox.received("/crm")).at(-1);
  assert.match(JSON.stringify(last), /Email/);
  assertQuiet(page);
});
