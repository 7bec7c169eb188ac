// What the screens cost the server, and what it does with everything at once.
import { call, KEY } from "../baton.mjs";
import { newPage } from "../browser.mjs";
import { memory, settled, spread } from "./measure.mjs";

const SCREENS = 10;
const REPEATS = Number(process.env.BENCH_UI_REPEATS ?? 7);

/** Ten people with an open inbox. */
export async function screens(table, browser, baton, signedIn) {
  await settled(baton.pid);
  const before = memory(baton.pid);
  const cookies = await signedIn.context().cookies();
  const pages = [];
  for (let n = 0; n < SCREENS; n += 1) {
    const page = await newPage(browser, baton.url);
    await page.context().addCookies(cookies);
    await page.goto(["/admin/leads", "/admin/", "/admin/deliveries", "/admin/destinations", "/admin/leads?state=rejected"][n % 5]);
    pages.push(page);
  }
  // They ask for what changes by themselves meanwhile.
  await new Promise((done) => setTimeout(done, 20_000));
  const after = memory(baton.pid);
  const both = (key) => `${before[key].toFixed(0)} to ${after[key].toFixed(0)} MB (${(after[key] - before[key]).toFixed(1)} more)`;
  table.add(`server, none to ${SCREENS} open screens, after the cold start`, "30 MB more", `anonymous ${both("anonymous")}, resident ${both("all")}`);
  for (const page of pages) await page.context().close();
}

async function timed(act) {
  const from = performance.now();
  const answer = await act();
  return [performance.now() - from, answer];
}

/** Calls that look at much. */
export async function calls(table, baton) {
  const api = (method, path, body) => call(baton.url, method, path, body);
  const { data: destinations } = await api("GET", "/api/v1/destinations?limit=200");
  const crm = destinations.at(-1).id;
  const dry = { filter: { destination_id: crm, state: "failed" }, payload: "same", dry_run: true };
  const asked = [
    ["the failures in groups", () => api("GET", "/api/v1/deliveries/failures"), (a) => `${a.data.length} groups, ${a.total} deliveries`],
    ["preview of a bulk resend of all that failed at a destination", () => api("POST", "/api/v1/deliveries/bulk-resend", dry), (a) => `${a.count} deliveries`],
    ["deliveries, newest", () => api("GET", "/api/v1/deliveries?limit=50"), (a) => `${a.data.length} rows`],
    ["deliveries that failed", () => api("GET", "/api/v1/deliveries?limit=50&state=failed"), (a) => `${a.data.length} rows`],
    ["deliveries with a verdict", () => api("GET", "/api/v1/deliveries?limit=50&verdict=transient"), (a) => `${a.data.length} rows`],
    ["tags in use", () => api("GET", "/api/v1/tags"), (a) => `${a.data.length} tags`],
    ["the state of the system", () => api("GET", "/api/v1/system"), () => ""],
  ];
  for (const [what, act, told] of asked) {
    const took = [];
    let answer;
    for (let n = 0; n < REPEATS; n += 1) {
      const [ms, got] = await timed(act);
      took.push(ms);
      answer = got;
    }
    table.add(what, "1 s", `${spread(took)}; ${told(answer)}`);
  }
}

/** Erases leads that were delivered, here and there in time. */
export async function erase(table, baton, leads) {
  const took = [];
  for (let n = 0; n < REPEATS; n += 1) {
    const nth = Math.floor(((n * 2 + 1) * leads) / (REPEATS * 2)) + 100;
    const { data } = await call(baton.url, "GET", `/api/v1/leads?email=person${nth}@example.com`);
    const [ms] = await timed(() => call(baton.url, "POST", `/api/v1/leads/${data[0].id}/erase`, { confirm: data[0].id }));
    took.push(ms);
  }
  table.add("a lead erased", "1 s", spread(took));
}

/** All leads as CSV. */
export async function exported(table, baton) {
  await settled(baton.pid);
  const before = memory(baton.pid).anonymous;
  let most = before;
  const looks = setInterval(() => (most = Math.max(most, memory(baton.pid).anonymous)), 100);
  const from = performance.now();
  const answer = await fetch(`${baton.url}/api/v1/leads/export?format=csv`, { headers: { authorization: `Bearer ${KEY}` } });
  if (!answer.ok) throw new Error(await answer.text());
  let [bytes, lines, first] = [0, 0, undefined];
  for await (const chunk of answer.body) {
    first ??= performance.now() - from;
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  clearInterval(looks);
  const seconds = (performance.now() - from) / 1000;
  const rate = `${lines} lines, ${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s: ${Math.round(lines / seconds)}/s`;
  table.add("all leads exported as CSV", "", `${rate}; first bytes after ${first.toFixed(0)} ms; the server's memory ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`);
}
