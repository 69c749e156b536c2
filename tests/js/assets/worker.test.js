/** The bundled worker, run in a service worker's global made by hand: what it keeps, answers and refuses. */

import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import vm from "node:vm";
import { writeManifest } from "../../../static/build/dist.mjs";
import { buildWorker } from "../../../static/build/worker.mjs";
import { portal, redirected } from "../helpers/server.js";

const ORIGIN = "https://hv.example";
const SHELL = "/static/dist/tablet-0123456789.html";
const SCRIPT = "/static/dist/main-0123456789.js";

const folder = await mkdtemp(join(tmpdir(), "hvapp-worker-"));
await writeManifest(folder, {
  "main.js": SCRIPT,
  "tablet.html": SHELL,
  "desk.js": "/static/dist/desk-0123456789.js",
});
await buildWorker(folder);
const code = await readFile(join(folder, "sw.js"), "utf8");

/** @param {(url: string) => Response | Promise<Response>} answer what the network says */
function startWorker(answer) {
  /** @type {Map<string, Response>} */
  const kept = new Map();
  /** @type {Record<string, ((event: any) => void)[]>} */
  const listeners = {};
  const did = { skipWaiting: 0, claim: 0 };
  /** @type {string[]} */
  const fetched = [];
  const key = (/** @type {any} */ request) =>
    new URL(typeof request === "string" ? request : request.url, ORIGIN).href;
  const cache = {
    match: async (/** @type {any} */ request) => kept.get(key(request))?.clone(),
    put: async (/** @type {any} */ request, /** @type {Response} */ response) =>
      void kept.set(key(request), response),
    keys: async () => [...kept.keys()].map((url) => ({ url })),
    delete: async (/** @type {any} */ request) => kept.delete(key(request)),
  };
  /** @type {any} */
  const self = {
    location: new URL("/sw.js", ORIGIN),
    registration: { scope: `${ORIGIN}/` },
    caches: { open: async () => cache, match: cache.match },
    clients: { claim: async () => void did.claim++ },
    skipWaiting: async () => void did.skipWaiting++,
    addEventListener: (/** @type {string} */ type, /** @type {any} */ heard) => {
      listeners[type] ??= [];
      listeners[type].push(heard);
    },
    fetch: async (/** @type {any} */ request) => {
      fetched.push(new URL(key(request)).pathname);
      const response = await answer(new URL(key(request)).pathname);
      if (response.type === "default")
        Object.defineProperty(response, "type", { value: "basic", configurable: true });
      return response;
    },
    Request: class extends Request {
      /** @param {any} url @param {any} [init] */
      constructor(url, init) {
        super(typeof url === "string" ? new URL(url, ORIGIN) : url, init);
      }
    },
    Response,
    Headers,
    URL,
    console,
    setTimeout,
    performance,
  };
  for (const name of ["ExtendableEvent", "FetchEvent", "ExtendableMessageEvent"]) self[name] = class {};
  self.self = self;
  vm.runInNewContext(code, self);

  /** @param {string} type @param {Record<string, any>} [event] */
  const fire = async (type, event = {}) => {
    /** @type {Promise<any>[]} */
    const lasting = [];
    const sent = Object.assign(new self.ExtendableEvent(), {
      type,
      waitUntil: (/** @type {any} */ work) => lasting.push(work),
      ...event,
    });
    for (const heard of listeners[type] ?? []) heard(sent);
    await Promise.all(lasting);
    return sent;
  };
  /** @param {string} path @param {{mode?: string, method?: string}} [how] the answer, or null when it passes through */
  const ask = async (path, { mode = "navigate", method = "GET" } = {}) => {
    const request = new Request(new URL(path, ORIGIN), { method });
    Object.defineProperty(request, "mode", { value: mode });
    /** @type {any} */
    let answered = null;
    const event = Object.assign(new self.FetchEvent(), {
      type: "fetch",
      request,
      waitUntil: () => {},
      respondWith: (/** @type {any} */ response) => {
        answered = response;
      },
    });
    for (const heard of listeners.fetch ?? []) heard(event);
    return answered === null ? null : (await answered).text();
  };
  return { kept, did, fetched, fire, ask };
}

/** @param {string} path */
const serves = (path) => new Response(`content of ${path}`);

test("installing keeps exactly the listed files, and does not push out the version in use", async () => {
  const worker = startWorker(serves);
  await worker.fire("install");
  assert.deepEqual([...worker.kept.keys()].sort(), [ORIGIN + SCRIPT, ORIGIN + SHELL]);
  assert.equal(worker.did.skipWaiting, 0);
  await worker.fire("activate");
  assert.equal(worker.did.claim, 1);
});

test("only the page's own message activates it", async () => {
  const worker = startWorker(serves);
  await worker.fire("message", { data: { type: "hello" } });
  await worker.fire("message", { data: null });
  assert.equal(worker.did.skipWaiting, 0);
  await worker.fire("message", { data: { type: "activate" } });
  assert.equal(worker.did.skipWaiting, 1);
});

test("/tablet is answered with the shell, with any query, without the network", async () => {
  const worker = startWorker(serves);
  await worker.fire("install");
  worker.fetched.length = 0;
  for (const path of ["/tablet", "/tablet?utm_source=x", "/tablet?a=%0A/"]) {
    assert.equal(await worker.ask(path), `content of ${SHELL}`, path);
  }
  assert.equal(await worker.ask(SCRIPT, { mode: "cors" }), `content of ${SCRIPT}`);
  assert.deepEqual(worker.fetched, []);
});

test("nothing else passes through it", async () => {
  const worker = startWorker(serves);
  await worker.fire("install");
  for (const [path, how] of /** @type {[string, {mode?: string, method?: string}][]} */ ([
    ["/", {}],
    ["/tablet/", {}],
    ["/tablets", {}],
    ["/a/tablet", {}],
    ["/review/1", {}],
    ["/sign-in?next=/tablet", {}],
    ["/api/v1/session", { mode: "cors" }],
    ["/sync/v1/changes?cursor=", { mode: "cors" }],
    ["/sync/v1/push", { mode: "cors", method: "POST" }],
    ["/tablet", { mode: "cors" }],
    ["/tablet", { method: "POST" }],
    ["/static/dist/desk-0123456789.js", { mode: "no-cors" }],
    [`${SCRIPT}?utm_source=x`, { mode: "cors" }],
  ])) {
    assert.equal(await worker.ask(path, how), null, `${how.method ?? "GET"} ${path}`);
  }
});

for (const [what, answer] of /** @type {[string, () => Response][]} */ ([
  ["a redirect that was followed", () => redirected(new Response("sign in"))],
  ["a redirect to another host", () => redirected(new Response(null), "opaqueredirect")],
  ["an error", () => new Response("no", { status: 500 })],
  ["a missing file", () => new Response("no", { status: 404 })],
  ["a part of a file", () => new Response("ha", { status: 206 })],
  ["an answer that cannot be seen", () => redirected(new Response("x"), "opaque")],
])) {
  test(`${what} in place of a file fails the installation and is not kept`, async () => {
    const worker = startWorker((path) => (path === SHELL ? answer() : serves(path)));
    await assert.rejects(worker.fire("install"));
    assert.ok(!worker.kept.has(ORIGIN + SHELL));
  });
}

test("a new version removes the old one's files when it takes over", async () => {
  const worker = startWorker(serves);
  worker.kept.set(`${ORIGIN}/static/dist/main-ffffffffff.js`, new Response("old"));
  await worker.fire("install");
  assert.equal(worker.kept.size, 3);
  await worker.fire("activate");
  assert.deepEqual([...worker.kept.keys()].sort(), [ORIGIN + SCRIPT, ORIGIN + SHELL]);
});

test("without a network the installation fails, and a portal's page is never the shell", async () => {
  const offline = startWorker(() => Promise.reject(new TypeError("Failed to fetch")));
  await assert.rejects(offline.fire("install"));
  const caught = startWorker(() => redirected(portal()));
  await assert.rejects(caught.fire("install"));
  assert.equal(caught.kept.size, 0);
});
