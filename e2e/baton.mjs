// A real server and a real receiver, each on a free port with a directory of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const binary =
  process.env.BATON_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/baton");

/** The API key of a fresh server, or of one that was filled before; it has all scopes. */
export const KEY = process.env.E2E_KEY ?? "e2e_0123456789abcdef0123456789abcdef";

/** Longest time a process may take until it listens, in milliseconds. */
const START_MS = 60_000;

/** Starts `baton` with these arguments; gives its base URL, what it said, and how to stop it. */
function run(args, env = {}) {
  return new Promise((resolve, reject) => {
    // A variable of the server's that it does not know is an error.
    const { BATON_BINARY: _, ...inherited } = process.env;
    const child = spawn(binary, args, { env: { ...inherited, ...env } });
    let said = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`baton ${args[0]} does not listen: ${said}`));
    }, START_MS);
    const ended = new Promise((done) => child.once("exit", done));
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`baton ${args[0]} ended with ${code}: ${said}`));
    });
    const hear = (bytes) => {
      said += bytes;
      const url = said.match(/listening on (http:\/\/\S+)/)?.[1];
      if (!url) return;
      clearTimeout(timer);
      resolve({
        url: url.replace(/\/$/, ""),
        said: () => said,
        pid: child.pid,
        pause: () => child.kill("SIGSTOP"),
        go: () => child.kill("SIGCONT"),
        stop: async (signal = "SIGTERM") => {
          child.kill(signal);
          await ended;
        },
      });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
  });
}

/** A server on an empty directory. `api(method, path, body)` calls it with an all-scope key. */
export async function startBaton({ data, args = [] } = {}) {
  const dir = data ?? mkdtempSync(join(tmpdir(), "baton-e2e-"));
  const listen = ["--listen", "127.0.0.1:0"];
  const server = await run(["serve", "--data", dir, "--allow-private", ...listen, ...args], {
    BATON_BOOTSTRAP_KEY: KEY,
  });
  return {
    ...server,
    dir,
    /** The one-time link of the first start, as printed. */
    setupLink: () => server.said().match(/\S+\/admin\/setup#\S+/)?.[0],
    api: (method, path, body) => call(server.url, method, path, body),
    stop: async () => {
      await server.stop();
      if (!data) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A receiver; `rule(path, behaviour)` says what it does there. */
export async function startSandbox() {
  const sandbox = await run(["sandbox", "--listen", "127.0.0.1:0", "--quiet"]);
  return {
    ...sandbox,
    rule: async (path, behaviour) => {
      const rules = await (await fetch(`${sandbox.url}/_sandbox/rules`)).json();
      const kept = (rules.data ?? rules).filter((rule) => rule.path !== path);
      const answer = await fetch(`${sandbox.url}/_sandbox/rules`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([...kept, { path, behaviour }]),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    received: async (path) =>
      (await (await fetch(`${sandbox.url}/_sandbox/received?path=${path}`)).json()).data,
  };
}

/** A call of the API; an answer that is no success is an error that shows it. */
export async function call(base, method, path, body, key = KEY) {
  const answer = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** Asks again until `found` gives something; never for longer than `ms`. */
export async function until(what, found, ms = 15_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await found();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
