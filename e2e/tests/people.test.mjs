import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, startBaton, startSandbox } from "../baton.mjs";
import { assertAccessible, assertQuiet, newPage, shot, startBrowser } from "../browser.mjs";
import { again, callAs, invited, owner, path, post, signIn } from "../people.mjs";
import { nextCode, totp } from "../totp.mjs";

let baton, sandbox, browser, page, made;
before(async () => {
  sandbox = await startSandbox();
  baton = await startBaton();
  browser = await startBrowser();
  page = await owner(browser, baton);
  made = await path(baton, sandbox);
  await post(baton, made.source, { email: "ada@example.com", first_name: "Ada" });
});
after(async () => {
  await browser?.close();
  await Promise.all([baton?.stop(), sandbox?.stop()]);
});

test("a second factor is set up, asked for at the next sign-in, and takes no code twice", async () => {
  await page.goto("/admin/account");
  await page.getByRole("button", { name: "Turn on" }).click();
  await page.getByLabel("Your password").fill("four words in a row");
  await page.getByRole("button", { name: "Continue" }).click();
  const secret = (await page.getByRole("dialog").locator("code").first().textContent()).replace(/\s/g, "");
  const first = totp(secret);
  await page.getByLabel("The code it shows now").fill(first);
  await shot(page, "second-factor");
  await assertAccessible(page, "setting up the second factor");
  await page.getByRole("dialog").getByRole("button", { name: "Turn on" }).click();
  await page.getByRole("list", { name: "Recovery codes" }).waitFor();
  const codes = await page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem").allTextContents();
  assert.equal(codes.length, 10);
  await page.getByLabel("I have kept the codes").check();
  await page.getByRole("button", { name: "Done" }).click();

  const elsewhere = await newPage(browser, baton.url);
  await signIn(elsewhere, "owner@example.com");
  await elsewhere.getByLabel("Code of your authenticator app").fill(first);
  await elsewhere.getByRole("button", { name: "Continue" }).click();
  await elsewhere.getByText("This code is not right").waitFor();
  await elsewhere.getByLabel("Code of your authenticator app").fill(nextCode(secret, first));
  await elsewhere.getByRole("button", { name: "Continue" }).click();
  await elsewhere.getByRole("navigation", { name: "Main" }).waitFor();

  const withoutPhone = await newPage(browser, baton.url);
  await signIn(withoutPhone, "owner@example.com");
  await withoutPhone.getByRole("button", { name: "Use a recovery code" }).click();
  await withoutPhone.getByLabel("Recovery code").fill(codes[0].trim());
  await withoutPhone.getByRole("button", { name: "Continue" }).click();
  await withoutPhone.getByRole("navigation", { name: "Main" }).waitFor();

  // The other tests sign in by the password alone.
  await page.getByRole("button", { name: "Turn off" }).click();
  await page.getByLabel("Your password").fill("four words in a row");
  await page.getByRole("dialog").getByRole("button", { name: "Turn off" }).click();
  await page.getByRole("button", { name: "Turn on" }).waitFor();
  for (const one of [page, elsewhere, withoutPhone]) assertQuiet(one);
});

test("a viewer sees and changes nothing: no button, and the API refuses", async () => {
  const viewer = await invited(browser, baton, { email: "vera@example.com", role: "viewer", name: "Vera Viewer" });
  const screens = [
    ["/admin/webhooks", "New webhook"],
    ["/admin/import", "Import a file"],
    ["/admin/campaigns", /new campaign/i],
    ["/admin/sources", /new source/i],
    ["/admin/destinations", /new destination/i],
  ];
  for (const [where, button] of screens) {
    await viewer.goto(where);
    await viewer.getByRole("heading", { level: 1 }).waitFor();
    assert.equal(await viewer.getByRole("button", { name: button }).count(), 0, where);
    assert.equal(await viewer.getByRole("link", { name: button }).count(), 0, where);
  }
  await shot(viewer, "viewer");
  for (const name of ["API keys", "Users", "Audit log"]) {
    assert.equal(await viewer.getByRole("link", { name, exact: true }).count(), 0, name);
  }
  // What changes nothing is theirs too.
  const fields = [{ name: "email", type: "email", required: true }];
  const campaign = await call(baton.url, "POST", "/api/v1/campaigns", { name: "With fields", fields });
  await viewer.goto(`/admin/campaigns/${campaign.id}`);
  const trial = viewer.getByRole("group", { name: "Try a lead" });
  await trial.getByLabel(/^email/).fill("nobody");
  await trial.locator('[data-tone="bad"]').first().waitFor();
  assert.equal(await viewer.getByLabel("Name", { exact: true }).isDisabled(), true);
  const refused = [
    ["POST", "/api/v1/campaigns", { name: "Mine" }],
    ["PATCH", `/api/v1/destinations/${made.destination.id}`, { name: "Mine" }],
    ["DELETE", `/api/v1/sources/${made.source.id}`],
    ["POST", "/api/v1/webhooks", { url: "https://example.com/" }],
    ["POST", "/api/v1/keys", { name: "mine", scopes: ["leads:read"] }],
    ["POST", "/api/v1/users/invitations", { email: "x@example.com", role: "owner" }],
    ["GET", "/api/v1/audit"],
  ];
  for (const [method, where, body] of refused) {
    const { status, code } = await callAs(viewer, method, where, body);
    assert.deepEqual([status, code], [403, "forbidden"], `${method} ${where}`);
  }
  assert.equal((await callAs(viewer, "GET", "/api/v1/leads")).status, 200);
  assertQuiet(viewer);
});

test("a role changes and somebody goes at once; the last owner stays", async () => {
  const other = await invited(browser, baton, { email: "otto@example.com", role: "operator", name: "Otto Operator" });
  await page.goto("/admin/users");
  await page.getByRole("button", { name: "Role of Otto Operator: Operator" }).click();
  await page.getByRole("menuitem", { name: /^Viewer/ }).click();
  await page.getByRole("button", { name: "Change the role" }).click();
  await page.getByRole("button", { name: "Role of Otto Operator: Viewer" }).waitFor();
  assert.equal((await callAs(other, "POST", "/api/v1/campaigns", { name: "Mine" })).status, 403);
  assert.equal(await page.getByRole("button", { name: /Role of Olivia/ }).count(), 0);
  await page.getByText(/The last owner stays/).first().waitFor({ state: "attached" });
  await shot(page, "users");
  await page.getByRole("button", { name: "Remove Otto Operator" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("Otto Operator is out of the workspace").waitFor();
  assert.notEqual((await callAs(other, "GET", "/api/v1/leads")).status, 200);
  // What was done is written down, before and after.
  await page.goto("/admin/audit");
  await page.getByRole("link", { name: /Changed the role of/ }).first().click();
  const panel = page.getByRole("complementary", { name: "The change" });
  await panel.getByText("operator").waitFor();
  await panel.getByText("viewer").waitFor();
  await shot(page, "audit");
  assertQuiet(page);
});

test("an invitation is shown once and can be taken back", async () => {
  await page.goto("/admin/users?invite=new");
  await page.getByLabel("E-mail").fill("late@example.com");
  await page.getByRole("button", { name: "Make the link" }).click();
  const link = new URL(await page.getByLabel("invitation link", { exact: true }).textContent());
  await page.getByLabel("I have kept the invitation link").check();
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Take back the invitation of late@example.com" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await page.getByRole("region", { name: "Invitations" }).waitFor({ state: "detached" });
  const late = await newPage(browser, baton.url);
  await late.goto(link.pathname + link.hash);
  await late.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(await late.getByRole("button", { name: "Join" }).count(), 0);
  assertQuiet(page);
});

test("a revoked key works no more", async () => {
  const key = await call(baton.url, "POST", "/api/v1/keys", { name: "Old script", scopes: ["leads:read"] });
  await call(baton.url, "GET", "/api/v1/leads", undefined, key.key);
  const admin = await again(browser, baton);
  await admin.goto("/admin/keys");
  await admin.getByRole("link", { name: "Old script" }).click();
  await admin.getByRole("button", { name: "Revoke" }).click();
  await admin.getByRole("dialog").getByText(/cannot be taken back/).waitFor();
  await shot(admin, "revoke-key");
  await assertAccessible(admin, "revoking a key");
  await admin.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await admin.getByText("The key “Old script” is revoked").waitFor();
  await assert.rejects(call(baton.url, "GET", "/api/v1/leads", undefined, key.key), /401/);
  assertQuiet(admin);
});
