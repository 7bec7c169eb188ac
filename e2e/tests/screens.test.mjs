import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, startBaton, startSandbox, until } from "../baton.mjs";
import { assertAccessible, assertQuiet, newPage, shot, SIZES, startBrowser } from "../browser.mjs";
import { HOSTILE, ran } from "../hostile.mjs";
import { again, owner, path, post } from "../people.mjs";

let baton, sandbox, browser, made, ids;
const api = (method, where, body) => call(baton.url, method, where, body);

before(async () => {
  sandbox = await startSandbox();
  baton = await startBaton();
  browser = await startBrowser();
  const page = await owner(browser, baton);
  await page.context().close();
  made = await path(baton, sandbox, "Solar UK");
  // The receiver says no in hostile words too.
  await sandbox.rule("/crm", {
    reply: { status: 400, body: JSON.stringify({ error: HOSTILE.image, detail: HOSTILE.bidi }) },
  });
  const unread = await path(baton, sandbox, HOSTILE.image.slice(0, 60));
  await api("POST", "/api/v1/webhooks", { url: "https://hooks.example.com/x", description: HOSTILE.script, events: ["lead.updated"] });
  await api("POST", "/api/v1/keys", { name: HOSTILE.bidi, scopes: ["leads:read"] });
  const lead = await post(baton, made.source, {
    email: "hostile@example.com",
    first_name: HOSTILE.script,
    last_name: HOSTILE.bidi,
    ...Object.fromEntries(Object.entries(HOSTILE).map(([key, value]) => [`x_${key}`, value])),
    page_url: HOSTILE.address,
    referrer: `https://example.com/${"r".repeat(500)}`,
    consent_text: HOSTILE.svg,
    utm_source: HOSTILE.formula,
  });
  await post(baton, unread.source, { email: "ada@example.com", first_name: HOSTILE.word.slice(0, 4_000) });
  for (let at = 0; at < 12; at += 1) {
    await post(baton, made.source, { email: `lead${at}@example.com`, first_name: `Lead ${at}`, phone: "07400 123456" });
  }
  const deliveries = await until("a delivery that ended", async () => {
    const { data } = await api("GET", `/api/v1/deliveries?lead_id=${lead.id}`);
    return data.some((one) => one.state === "failed") && data;
  });
  const mapped = await api("POST", "/api/v1/destinations", {
    campaign_id: made.campaign.id,
    connector: "webhook",
    name: "Mapped",
    settings: { url: `${sandbox.url}/mapped`, auth_header: "Authorization", auth_value: "Bearer 0123456789" },
    mapping: [
      { to: "Email", from: "email" },
      { to: "Mobile", from: "phone", transform: ["e164"] },
      { to: "Origin", value: "baton" },
    ],
    failover_only: true,
  });
  const { data: hooks } = await api("GET", "/api/v1/webhooks");
  ids = {
    lead: lead.id,
    delivery: deliveries[0].id,
    campaign: unread.campaign.id,
    source: made.source.id,
    destination: made.destination.id,
    mapped: mapped.id,
    webhook: hooks[0].id,
  };
});
after(async () => {
  await browser?.close();
  await Promise.all([baton?.stop(), sandbox?.stop()]);
});

const screens = () => [
  ["home", "/"],
  ["leads", "/leads"],
  ["leads-panel", `/leads?open=${ids.lead}`],
  ["lead", `/leads/${ids.lead}`],
  ["deliveries", "/deliveries"],
  ["delivery", `/deliveries/${ids.delivery}`],
  ["reports", "/reports"],
  ["campaigns", "/campaigns"],
  ["campaign", `/campaigns/${ids.campaign}`],
  ["sources", "/sources"],
  ["source", `/sources/${ids.source}`],
  ["destinations", "/destinations"],
  ["destination", `/destinations/${ids.destination}`],
  ["destination-secret", `/destinations/${ids.mapped}`],
  ["destination-mapping", `/destinations/${ids.mapped}?tab=mapping`],
  ["destination-new", "/destinations/new"],
  ["destination-rules", `/destinations/new?connector=webhook&tab=answers`],
  ["webhooks", "/webhooks"],
  ["webhook-new", "/webhooks?new=webhook"],
  ["webhook", `/webhooks/${ids.webhook}`],
  ["import", "/import"],
  ["import-new", "/import?new=file"],
  ["keys", "/keys"],
  ["key-new", "/keys?new=key"],
  ["users", "/users"],
  ["user-invite", "/users?invite=new"],
  ["audit", "/audit"],
  ["settings", "/settings"],
  ["account", "/account"],
];

/** Opens a screen and waits until it has loaded what it shows. */
async function open(page, where) {
  await page.goto(`/admin${where}`);
  // On a phone what is open takes the place of the list, its heading too.
  await page.getByRole("heading").first().waitFor();
  await page.locator('[aria-busy="true"]').first().waitFor({ state: "detached" });
  await page.evaluate(() => document.fonts.ready);
}

const scrollsSideways = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/** Goes through all screens and tells of all that are wrong at once. */
async function walk(page, suffix, look) {
  const wrong = [];
  for (const [name, where] of screens()) {
    try {
      await open(page, where);
      await shot(page, `${name}-${suffix}`);
      await look(name);
      assert.equal(await scrollsSideways(page), false, "it scrolls sideways");
      assertQuiet(page);
    } catch (fault) {
      wrong.push(`${name}: ${fault.message}`);
      page.errors.length = 0;
      page.foreign.length = 0;
    }
  }
  assert.deepEqual(wrong, []);
}

for (const dark of [false, true]) {
  test(`every screen is accessible ${dark ? "in the dark" : "in the light"}`, { timeout: 600_000 }, async () => {
    const page = await again(browser, baton, undefined, { dark });
    await walk(page, dark ? "dark" : "light", (name) => assertAccessible(page, name));
    await page.context().close();
  });
}

for (const size of ["phone", "narrow", "wide"]) {
  test(`every screen fits at ${SIZES[size].width} px`, { timeout: 600_000 }, async () => {
    const page = await again(browser, baton, undefined, { size: SIZES[size] });
    await walk(page, size, async () => undefined);
    await page.context().close();
  });
}

test("hostile text is text, wherever it is shown", { timeout: 600_000 }, async () => {
  const page = await again(browser, baton);
  await page.context().addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.blockedURI}`));
  });
  await walk(page, "hostile", async () => {
    assert.equal(await ran(page), false, "something of it ran");
    const links = await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.protocol));
    for (const protocol of links) assert.match(protocol, /^(https?|blob|data):$/);
    const outside = page.locator('a[href^="http"]');
    for (const one of await outside.all()) {
      const [href, rel] = [await one.getAttribute("href"), await one.getAttribute("rel")];
      if (!href.startsWith(baton.url)) assert.match(rel ?? "", /noopener.*noreferrer/, href);
    }
  });
  for (const tab of await tabsOf(page, `/leads/${ids.lead}`)) {
    await tab.click();
    assert.equal(await ran(page), false);
    assert.equal(await scrollsSideways(page), false);
  }
  assertQuiet(page);
  await page.context().close();
});

async function tabsOf(page, where) {
  await open(page, where);
  return page.getByRole("tab").all();
}

test("whoever is not signed in is asked to, and comes back to where they were going", async () => {
  const page = await newPage(browser, baton.url);
  await page.goto("/admin/reports?campaign=cmp_x");
  await page.getByLabel("Password", { exact: true }).waitFor();
  await assertAccessible(page, "signing in");
  await shot(page, "sign-in");
  await page.getByLabel("E-mail").fill("owner@example.com");
  await page.getByLabel("Password", { exact: true }).fill("four words in a row");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/admin\/reports\?campaign=cmp_x/);
  assertQuiet(page);
});
