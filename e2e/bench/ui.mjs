// `make bench-ui`: what people wait for with many leads stored, on this machine. scripts/bench-ui.sh
// fills the data directory and says where it is; the arguments name parts, all without any.
import { writeFileSync } from "node:fs";
import { startBaton, startSandbox } from "../baton.mjs";
import { startBrowser } from "../browser.mjs";
import { again, owner, path } from "../people.mjs";
import { Table } from "./measure.mjs";
import { answers, cold, filters, live } from "./screens.mjs";
import { calls, erase, exported, screens } from "./server.mjs";

const { BENCH_UI_DATA: data, BENCH_UI_DATABASE: database, BENCH_OUT: out } = process.env;
const leads = Number(process.env.BENCH_UI_LEADS ?? 1_000_000);
for (const name of Object.keys(process.env)) if (name.startsWith("BENCH_")) delete process.env[name];

const parts = {
  screens,
  cold,
  filters: (table, browser, baton, page) => filters(table, browser, baton, page, leads),
  live,
  answers,
  calls: (table, _, baton) => calls(table, baton),
  export: (table, _, baton) => exported(table, baton),
  erase: (table, _, baton) => erase(table, baton, leads),
};
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts);
const unknown = wanted.find((name) => !(name in parts));
if (unknown) throw new Error(`no part is called ${unknown}; there are: ${Object.keys(parts).join(", ")}`);

const sandbox = await startSandbox();
const baton = await startBaton({ data, args: database ? ["--database", database] : [] });
const browser = await startBrowser();
try {
  const table = new Table();
  const signedIn = baton.setupLink() ? await owner(browser, baton) : await again(browser, baton);
  const { source } = await path(baton, sandbox, `Live ${Date.now()}`);
  table.add("database, leads", "", `${database ? "PostgreSQL" : "SQLite"}, ${leads}`);
  for (const name of wanted) await parts[name](table, browser, baton, signedIn, { source, sandbox });
  if (out) writeFileSync(out, table.markdown());
} finally {
  await browser.close();
  await Promise.all([baton.stop(), sandbox.stop()]);
}
