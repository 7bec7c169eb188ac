// People who use the interface: the owner of a fresh server, and those they invite.
import { call, KEY } from "./baton.mjs";
import { newPage } from "./browser.mjs";

export const PASSWORD = "four words in a row";

/** Walks through the printed set-up link; the page is signed in as the owner afterwards. */
export async function setUp(page, baton, { name = "Olivia Owner", email = "owner@example.com" } = {}) {
  const link = new URL(baton.setupLink());
  await page.goto(link.pathname + link.hash);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Name of your business").fill("Bright Roofs");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("button", { name: /^Account of/ }).waitFor();
}

/** Fills the sign-in page; who has a second factor is asked for it then. */
export async function signIn(page, email) {
  await page.goto("/admin/sign-in");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The owner, by the API: for tests that begin after the set-up. */
export async function owner(browser, baton, options) {
  const page = await newPage(browser, baton.url, options);
  await setUp(page, baton);
  return page;
}

/** Another browser of the same person. */
export async function again(browser, baton, email = "owner@example.com", options) {
  const page = await newPage(browser, baton.url, options);
  await signIn(page, email);
  await page.getByRole("button", { name: /^Account of/ }).waitFor();
  return page;
}

/** Invites somebody by the API, and lets them join in a browser of their own. */
export async function invited(browser, baton, { email, role, name }) {
  const { url } = await call(baton.url, "POST", "/api/v1/users/invitations", { email, role });
  const page = await newPage(browser, baton.url);
  const link = new URL(url);
  await page.goto(link.pathname + link.hash);
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("button", { name: /^Account of/ }).waitFor();
  return page;
}

/** A call made by the page itself, with the session of its person: only its status and code. */
export function callAs(page, method, path, body) {
  return page.evaluate(
    async ([how, where, what]) => {
      const answer = await fetch(where, {
        method: how,
        headers: { "content-type": "application/json" },
        body: what === null ? undefined : JSON.stringify(what),
      });
      const text = await answer.text();
      return { status: answer.status, code: text.startsWith("{") ? JSON.parse(text).code : undefined };
    },
    [method, path, body ?? null],
  );
}

/** A campaign with a source and a destination, made by the API. */
export async function path(baton, sandbox, name = "Solar UK") {
  const api = (method, where, body) => call(baton.url, method, where, body, KEY);
  const campaign = await api("POST", "/api/v1/campaigns", { name });
  const source = await api("POST", "/api/v1/sources", { campaign_id: campaign.id, name: "Website" });
  const destination = await api("POST", "/api/v1/destinations", {
    campaign_id: campaign.id,
    connector: "webhook",
    name: "CRM",
    settings: { url: `${sandbox.url}/crm` },
  });
  return { campaign, source, destination };
}

/** Posts a lead to a source, as its sender would. */
export async function post(baton, source, lead) {
  const answer = await fetch(`${baton.url}/api/inbound/w/${source.webhook_id}/leads`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(lead),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json();
}
