import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, startBaton, startSandbox, until } from "../baton.mjs";
import { assertAccessible, assertQuiet, shot, startBrowser } from "../browser.mjs";
import { again, owner, path, PASSWORD, post } from "../people.mjs";

let baton, sandbox, browser, page, made;
before(async () => {
  sandbox = await startSandbox();
  baton = await startBaton();
  browser = await startBrowser();
  page = await owner(browser, baton);
  made = await path(baton, sandbox);
});
after(async () => {
  baton?.go();
  await browser?.close();
  await Promise.all([baton?.stop(), sandbox?.stop()]);
});

test("two people edit one thing: the second sees both versions and chooses", async () => {
  const hook = await call(baton.url, "POST", "/api/v1/webhooks", {
    url: "https://hooks.example.com/a",
    description: "Billing",
    events: ["lead.created"],
  });
  const second = await again(browser, baton);
  for (const one of [page, second]) {
    await one.goto(`/admin/webhooks/${hook.id}`);
    await one.getByLabel("Name").waitFor();
  }
  await page.getByLabel("Name").fill("Billing of the first");
  await second.getByLabel("Name").fill("Billing of the second");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("region", { name: "Unsaved changes" }).waitFor({ state: "detached" });
  await second.keyboard.press("Control+s");
  const dialog = second.getByRole("dialog", { name: "Somebody else saved first" });
  await dialog.getByText("Billing of the first").waitFor();
  await dialog.getByText("Billing of the second").waitFor();
  await shot(second, "conflict");
  await assertAccessible(second, "a conflict");
  // Back to the form: nothing is lost.
  await dialog.getByRole("button", { name: "Back to my form" }).click();
  assert.equal(await second.getByLabel("Name").inputValue(), "Billing of the second");
  await second.getByRole("button", { name: "Save" }).click();
  await dialog.getByRole("button", { name: "Save mine over it" }).click();
  await second.getByRole("heading", { name: /Billing of the second/ }).waitFor();
  const saved = await call(baton.url, "GET", `/api/v1/webhooks/${hook.id}`);
  assert.equal(saved.description, "Billing of the second");
  for (const one of [page, second]) assertQuiet(one);
});

test("a server that stands still is said to, and nothing that was written is lost", async () => {
  await page.goto("/admin/settings");
  const name = page.getByLabel("Name", { exact: true });
  await name.waitFor();
  baton.pause();
  try {
    await name.fill("Bright Roofs & Sons");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Baton does not answer").first().waitFor({ timeout: 30_000 });
    await shot(page, "server-gone");
    await assertAccessible(page, "a server that is gone");
    assert.equal(await name.inputValue(), "Bright Roofs & Sons");
  } finally {
    baton.go();
  }
  await page.getByText("Baton does not answer").first().waitFor({ state: "detached", timeout: 30_000 });
  // The save that waited, or one more press, goes through.
  const save = page.getByRole("button", { name: "Save" });
  await until("the name saved", async () => {
    const { data } = await call(baton.url, "GET", "/api/v1/workspaces");
    if (data[0].name === "Bright Roofs & Sons") return true;
    if (await save.isVisible() && await save.isEnabled()) await save.click();
    return false;
  });
  assertQuiet(page);
});

test("a session that ended is asked for again over the page, and the form is kept", async () => {
  const second = await again(browser, baton);
  await second.goto("/admin/webhooks?new=webhook");
  await second.getByLabel("URL").fill("https://hooks.example.com/kept");
  await second.context().clearCookies();
  await second.getByRole("button", { name: "Create" }).click();
  const dialog = second.getByRole("dialog").filter({ has: second.getByLabel("Password", { exact: true }) });
  await dialog.getByLabel("Password", { exact: true }).waitFor();
  await shot(second, "session-ended");
  const email = dialog.getByLabel("E-mail");
  if ((await email.count()) > 0 && (await email.inputValue()) === "") await email.fill("owner@example.com");
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Sign in" }).click();
  // The very call that met the end of the session is made again.
  await second.getByLabel("I have kept the signing secret").waitFor();
  assertQuiet(second);
});

test("a file is checked, imported, and followed over a reload", async () => {
  await page.goto("/admin/import?new=file");
  const rows = Array.from({ length: 40 }, (_, at) => `person${at}@example.com,Person ${at}`);
  const text = ["E-mail,First Name", ...rows, "no-address,Nobody"].join("\n");
  await page.setInputFiles("input[type=file]", { name: "old leads.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByText(/No column is/).waitFor();
  await page.getByLabel("What “E-mail” becomes").selectOption("email");
  await shot(page, "import-columns");
  await assertAccessible(page, "the columns of an import");
  await page.getByRole("button", { name: "Check the file" }).click();
  await page.getByRole("button", { name: "Import 40 leads" }).waitFor();
  await page.getByText("Invalid email").first().waitFor();
  await shot(page, "import-checked");
  await assertAccessible(page, "a checked import");
  await page.reload();
  await page.getByRole("button", { name: "Import 40 leads" }).click();
  await page.getByText("Done", { exact: true }).waitFor();
  const { data } = await call(baton.url, "GET", "/api/v1/leads?limit=200");
  assert.equal(data.filter((lead) => String(lead.fields.email).startsWith("person")).length, 40);
  // Nothing is sent to anybody unless somebody says so.
  assert.equal((await sandbox.received("/crm")).filter((one) => JSON.stringify(one).includes("person1@")).length, 0);
  assertQuiet(page);
});

test("a lead that fails is seen failing, and is delivered when it is resent", async () => {
  await sandbox.rule("/crm", { reply: { status: 400, body: "no" } });
  await post(baton, made.source, { email: "fix@example.com", first_name: "Fix" });
  const failed = await until("a delivery that ended", async () => {
    const { data } = await call(baton.url, "GET", "/api/v1/deliveries?state=failed");
    return data[0];
  });
  await page.goto(`/admin/leads/${failed.lead_id}`);
  await page.getByRole("heading", { name: /Fix/ }).waitFor();
  await shot(page, "lead-failed");
  await sandbox.rule("/crm", { reply: { status: 200 } });
  await call(baton.url, "POST", `/api/v1/deliveries/${failed.id}/resend`, {});
  await until("the delivery accepted", async () => {
    const { data } = await call(baton.url, "GET", `/api/v1/deliveries?lead_id=${failed.lead_id}`);
    return data.some((one) => one.state === "accepted");
  });
  assertQuiet(page);
});
