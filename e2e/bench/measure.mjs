// What is measured inside a page, and the table it becomes.
import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Middle and worst of some numbers. */
export function summary(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return { p50: sorted[Math.floor((sorted.length - 1) / 2)], worst: sorted.at(-1), count: sorted.length };
}

const ms = (n) => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`;

/** "p50 12 ms, worst 30 ms (of 7)" */
export function spread(numbers) {
  const { p50, worst, count } = summary(numbers);
  return `p50 ${ms(p50)}, worst ${ms(worst)} (of ${count})`;
}

/** The report: told as it grows, a Markdown table at the end. */
export class Table {
  rows = [];

  add(what, asked, got) {
    console.log(`${what}: ${got}${asked ? ` (asked: ${asked})` : ""}`);
    this.rows.push([what, asked, got]);
  }

  markdown() {
    const machine = `${cpus().length} x ${cpus()[0]?.model}; Chromium headless, server and load on the same machine`;
    const lines = [["machine", "", machine], ...this.rows].map((row) => `| ${row.join(" | ")} |`);
    return ["| what | asked | measured |", "| --- | --- | --- |", ...lines, ""].join("\n");
  }
}

/** Memory of a process in MB: all of it, and without the pages of files. */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mb = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { all: mb("VmRSS"), anonymous: mb("RssAnon") };
}

/** CPU seconds of a process. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Returns when the process has used little for a second; never after more than a minute. */
export async function settled(pid) {
  for (let seconds = 0; seconds < 60; seconds += 1) {
    const before = cpuSeconds(pid);
    await new Promise((done) => setTimeout(done, 1_000));
    if (cpuSeconds(pid) - before < 0.05) return;
  }
}

/** Makes every document of the page say when its first rows were on screen. */
export async function watchFirstRows(page) {
  await page.addInitScript(() => {
    const look = () => {
      if (!document.querySelector("tbody tr[data-row]")) return requestAnimationFrame(look);
      // The frame after the one that has them: they are painted by then.
      requestAnimationFrame((at) => (globalThis.firstRowsAt = at));
    };
    requestAnimationFrame(look);
  });
}

/** Milliseconds from the navigation to the first rows on screen. */
export async function firstRows(page) {
  await page.waitForFunction(() => globalThis.firstRowsAt !== undefined, undefined, { timeout: 60_000 });
  return page.evaluate(() => globalThis.firstRowsAt);
}

/**
 * Goes to another list within the page; milliseconds until its rows, or that there are none, are on
 * screen, how many rows there are, and how many pages were asked for.
 */
export function changeTo(page, url) {
  return page.evaluate(async (where) => {
    const asked = () =>
      performance.getEntriesByType("resource").filter((entry) => /\/api\/v1\/leads\?/.test(entry.name)).length;
    performance.clearResourceTimings();
    // Rows that stay are those of the list before; a table that is being loaded says so.
    const list = () => document.querySelector("[aria-busy]");
    let was = false;
    const loads = () => list()?.getAttribute("aria-busy") === "true";
    const seen = new MutationObserver(() => (was ||= loads()));
    seen.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-busy"] });
    const from = performance.now();
    history.pushState({}, "", where);
    return new Promise((done) => {
      const look = (at) => {
        was ||= loads();
        const shown = list() ? !list().hasAttribute("data-stale") : true;
        if (!was || loads() || !shown) {
          if (at - from < 60_000) return requestAnimationFrame(look);
        }
        seen.disconnect();
        requestAnimationFrame((painted) =>
          done({
            ms: painted - from,
            rows: document.querySelectorAll("tbody tr[data-row]").length,
            pages: asked(),
          }),
        );
      };
      requestAnimationFrame(look);
    });
  }, url);
}

/** Begins to watch for freezes: tasks over 50 ms, and the gaps between frames. */
export function watchFreezes(page) {
  return page.evaluate(() => {
    const found = { task: 0, gap: 0, tasks: 0 };
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        found.tasks += 1;
        found.task = Math.max(found.task, duration);
      }
    });
    observer.observe({ type: "longtask" });
    let last = performance.now();
    const frame = (at) => {
      found.gap = Math.max(found.gap, at - last);
      last = at;
      if (!found.over) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    globalThis.freezes = found;
  });
}

/** Longest task and longest gap between two frames since, in milliseconds; no task over 50 ms is 0. */
export function freezes(page) {
  return page.evaluate(async () => {
    // A task is told of after it is over.
    await new Promise((done) => setTimeout(done, 200));
    globalThis.freezes.over = true;
    return globalThis.freezes;
  });
}

/** "no task over 50 ms, longest gap between frames 33 ms" */
export function frozen({ task, tasks, gap }) {
  const long = tasks === 0 ? "no task over 50 ms" : `longest task ${ms(task)} (${tasks} over 50 ms)`;
  return `${long}, longest gap between frames ${ms(gap)}`;
}
