// What a person waits for, in the browser.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, until } from "../baton.mjs";
import { newPage } from "../browser.mjs";
import { post } from "../people.mjs";
import { changeTo, firstRows, freezes, frozen, spread, watchFirstRows, watchFreezes } from "./measure.mjs";

const REPEATS = Number(process.env.BENCH_UI_REPEATS ?? 7);
const LIVE_S = Number(process.env.BENCH_UI_LIVE_S ?? 30);
const LIVE_RATE = Number(process.env.BENCH_UI_LIVE_RATE ?? 20);

/** Where the interface is taken from, if not from the binary: to try a change of it alone. */
const DIST = process.env.BENCH_UI_DIST;

/** A page of the same person with an empty cache. */
async function fresh(browser, baton, signedIn) {
  const page = await newPage(browser, baton.url);
  if (DIST) {
    await page.route("**/admin/**", (route) => {
      const file = join(DIST, new URL(route.request().url()).pathname.replace("/admin/", ""));
      return route.fulfill({ path: /\.\w+$/.test(file) && existsSync(file) ? file : join(DIST, "index.html") });
    });
  }
  await page.context().addCookies(await signedIn.context().cookies());
  await watchFirstRows(page);
  return page;
}

/** Until nothing was asked for in a while; the stream of events never ends, so "idle" never comes. */
async function calm(page) {
  const asked = () => page.evaluate(() => performance.getEntriesByType("resource").length);
  for (let before = -1, now = await asked(); before !== now; now = await asked()) {
    before = now;
    await page.waitForTimeout(300);
  }
}

/** The first visit, with an empty cache. */
export async function cold(table, browser, baton, signedIn) {
  const took = [];
  for (let n = 0; n < REPEATS; n += 1) {
    const page = await fresh(browser, baton, signedIn);
    await page.goto("/admin/leads", { waitUntil: "commit" });
    took.push(await firstRows(page));
    await page.context().close();
  }
  table.add("first visit, empty cache: navigation to the first rows", "1.5 s", spread(took));
}

/** Another filter in an open inbox; each time in a page that has asked nothing of the kind before. */
export async function filters(table, browser, baton, signedIn, leads) {
  const { data: campaigns } = await call(baton.url, "GET", "/api/v1/campaigns?limit=200");
  const named = (name) => campaigns.find((campaign) => campaign.name === name).id;
  // Every look asks for something else, so that nothing was read a moment ago.
  const nth = (n) => Math.floor(((n * 2 + 1) * leads) / (REPEATS * 2));
  const day = (n) => new Date(Date.now() - (n + 2) * 86_400_000).toISOString();
  const lists = [
    ["a common state", () => "state=delivered"],
    ["a rare state", () => "state=quarantined"],
    ["two states, one common", () => "state=rejected,received"],
    ["the second campaign, 1 in 20", () => `campaign=${named("Windows UK")}`],
    ["a campaign whose leads are all old", () => `campaign=${named("Boilers 2025")}`],
    ["a status, 1 in 10", () => "status=contacted"],
    ["a rare status in a campaign", () => `status=won&campaign=${named("Solar UK")}`],
    ["a tag, 1 in 20", () => `tag=${encodeURIComponent("call back")}`],
    ["a rare tag", () => "tag=vip"],
    ["a day", (n) => `since=${day(n)}&until=${day(n - 1)}`],
    ["an exact e-mail address", (n) => `q=person${nth(n)}@example.com`],
    ["a number", (n) => `q=${encodeURIComponent(`+4477009${String(nth(n)).padStart(5, "0")}`)}`],
    ["a common name", () => "q=lovelace"],
    ["a rare name", () => "q=quillfeather"],
    ["a common name in a day", (n) => `q=okafor&since=${day(n)}&until=${day(n - 1)}`],
    ["a text that is nowhere", () => "q=zzyzx"],
  ];
  for (const [what, query] of lists) {
    const took = [];
    let last;
    for (let n = 0; n < REPEATS; n += 1) {
      const page = await fresh(browser, baton, signedIn);
      await page.goto("/admin/leads");
      await firstRows(page);
      await calm(page);
      last = await changeTo(page, `/admin/leads?${query(n)}`);
      took.push(last.ms);
      await page.context().close();
    }
    const rows = `${last.rows} rows${last.pages > 1 ? `, ${last.pages} pages asked for` : ""}`;
    table.add(`filter changed to ${what}`, "200 ms", `${spread(took)}; ${rows}`);
  }
}

/** Leads at a fixed rate, each at its time whether the one before was answered or not. */
async function arrive(baton, source, seconds, every) {
  const began = Date.now();
  const sent = [];
  for (let n = 0; n < seconds * LIVE_RATE; n += 1) {
    const wait = began + (n * 1000) / LIVE_RATE - Date.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    sent.push(
      post(baton, source, { first_name: "Live", last_name: `Number ${n}`, email: `live${began}.${n}@example.com`, message: "x".repeat(300) }),
    );
    if (n % LIVE_RATE === 0) await every(n / LIVE_RATE);
  }
  await Promise.all(sent);
  return sent.length / ((Date.now() - began) / 1000);
}

/** An open inbox while leads arrive. */
export async function live(table, browser, baton, signedIn, { source }) {
  const show = (page) => page.getByRole("button", { name: /new lead/ });
  // Not waited for: leads go on arriving.
  const takes = (page) => async (second) => {
    if (second % 5 === 4) void show(page).click().catch(() => {});
  };
  const ways = [
    ["only open", "/admin/leads", () => async () => {}],
    ["the new ones shown every 5 s", "/admin/leads", takes],
    ["with a lead open beside it", undefined, takes],
  ];
  for (const [what, where, every] of ways) {
    const page = await fresh(browser, baton, signedIn);
    await page.goto(where ?? "/admin/leads");
    await firstRows(page);
    if (!where) await page.locator("tbody tr[data-row] a").first().click();
    await calm(page);
    await watchFreezes(page);
    const rate = await arrive(baton, source, LIVE_S, every(page));
    const found = await freezes(page);
    table.add(`inbox open, ${rate.toFixed(0)} leads/s for ${LIVE_S} s: ${what}`, "100 ms", frozen(found));
    await page.context().close();
  }
}

/** Opens all attempts of a page and all of their bodies; milliseconds from each click to what it shows. */
async function openAll() {
  // By the elements themselves: a driver that looks for buttons by their names keeps the page busy.
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const clicks = async (selector, wanted) => {
    const took = [];
    for (const button of [...document.querySelectorAll(selector)].filter(wanted)) {
      button.scrollIntoView({ block: "center" });
      await painted();
      const from = performance.now();
      button.click();
      await painted();
      took.push(performance.now() - from);
    }
    return took;
  };
  const opened = await clicks("li > button[aria-expanded=false]", () => true);
  const whole = await clicks("button", (button) => button.textContent.startsWith("Show all"));
  return { opened, whole };
}

/** Leads whose attempts have the longest answers that are kept. */
export async function answers(table, browser, baton, signedIn, { sandbox, attempts = 6 }) {
  const rows = Array.from({ length: 900 }, (_, n) => ({ n, name: `row ${n}`, values: [n, n + 1, true, null], text: "ééé" }));
  const kinds = [
    ["64 KiB of JSON each", { status: 500, body: JSON.stringify({ rows }) }],
    ["1 MiB in one line each, 64 KiB of it kept", { status: 500, headers: [["content-type", "text/plain"]], body: "", size: 1_048_576 }],
    ["64 KiB of markup each", { status: 500, headers: [["content-type", "text/html"]], body: "<div><b>no</b></div>\n".repeat(3_100) }],
  ];
  for (const [at, [what, reply]] of kinds.entries()) {
    const path = `/large${at}`;
    await sandbox.rule(path, { reply });
    const api = (method, where, body) => call(baton.url, method, where, body);
    const campaign = await api("POST", "/api/v1/campaigns", { name: `Large ${at} ${Date.now()}` });
    const source = await api("POST", "/api/v1/sources", { campaign_id: campaign.id, name: "Large" });
    await api("POST", "/api/v1/destinations", {
      campaign_id: campaign.id,
      connector: "webhook",
      name: "Answers at length",
      settings: { url: `${sandbox.url}${path}` },
      retry: { schedule: ["0s", ...Array(attempts - 1).fill("1s")] },
    });
    const { id } = await post(baton, source, { email: `large${at}@example.com`, message: "y".repeat(8_000) });
    await until("all attempts were made", async () => {
      const { data } = await api("GET", `/api/v1/deliveries?lead_id=${id}`);
      return data[0]?.state === "failed";
    }, 90_000);
    const page = await fresh(browser, baton, signedIn);
    await page.goto(`/admin/leads/${id}`);
    await page.getByRole("tab", { name: "Deliveries" }).waitFor();
    await calm(page);
    await watchFreezes(page);
    await page.getByRole("tab", { name: "Deliveries" }).click();
    await page.locator("li > button[aria-expanded]").first().waitFor();
    const { opened, whole } = await page.evaluate(openAll);
    const found = await freezes(page);
    const more = `; an attempt opened: ${spread(opened)}${whole.length > 0 ? `; a body shown whole: ${spread(whole)}` : ""}`;
    table.add(`lead page, ${attempts} attempts, ${what}`, "100 ms", frozen(found) + more);
    await page.context().close();
  }
}
