import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { afterEach, test } from "node:test";
import { isoWithOffset } from "../../../static/src/lib/instant.js";
import { askToPersist, isPersisted, storageSpace } from "../../../static/src/lib/storage.js";
import { uuid7 } from "../../../static/src/lib/uuid7.js";
import { registerWorker } from "../../../static/src/lib/worker.js";

const globals = /** @type {any} */ (globalThis);

afterEach(() => {
  delete globals.document;
  delete globals.trustedTypes;
});

test("an id carries the time and is never given twice", () => {
  const ids = new Set(Array.from({ length: 5000 }, () => uuid7(1_777_777_777_777)));
  assert.equal(ids.size, 5000);
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.replace("-", "").slice(0, 12), 16), 1_777_777_777_777);
  }
  assert.ok(uuid7(1000) < uuid7(2000));
});

test("an instant is written with the offset of the place", () => {
  const url = new URL("../../../static/src/lib/instant.js", import.meta.url);
  const write = `import(${JSON.stringify(url.href)}).then(({ isoWithOffset }) =>
    console.log(isoWithOffset(new Date("2026-05-03T09:05:00Z")), isoWithOffset(new Date("2026-01-03T09:05:00Z"))))`;
  /** @param {string} TZ */
  const inZone = (TZ) => execFileSync(process.execPath, ["-e", write], { env: { TZ } }).toString().trim();
  assert.equal(inZone("Europe/London"), "2026-05-03T10:05:00+01:00 2026-01-03T09:05:00+00:00");
  assert.equal(inZone("America/St_Johns"), "2026-05-03T06:35:00-02:30 2026-01-03T05:35:00-03:30");
  const now = new Date();
  assert.equal(Date.parse(isoWithOffset(now)), Math.floor(now.getTime() / 1000) * 1000);
});

test("an asset is found by name, and a name that is not there is an error", async () => {
  globals.document = {
    getElementById: () => ({ textContent: '{"main.js": "/static/dist/main-0123456789.js"}' }),
  };
  const { assetNames, assetUrl } = await import("../../../static/src/lib/assets.js");
  assert.equal(assetUrl("main.js"), "/static/dist/main-0123456789.js");
  assert.deepEqual(assetNames(), ["main.js"]);
  assert.throws(() => assetUrl("toString"), /no asset called toString/);
});

for (const native of [true, false]) {
  test(`only our worker and our fragments are trusted, ${native ? "with" : "without"} Trusted Types`, async () => {
    /** @type {string[]} */
    const policies = [];
    if (native) {
      globals.trustedTypes = {
        createPolicy: (/** @type {string} */ name, /** @type {any} */ rules) => {
          policies.push(name);
          return rules;
        },
      };
    }
    globals.document = { createElement: () => ({ innerHTML: "", content: "nodes" }) };
    /** @type {typeof import("../../../static/src/lib/trusted.js")} */
    const trusted = await import(`../../../static/src/lib/trusted.js?native=${native}`);
    assert.equal(trusted.workerUrl(), "/sw.js");
    assert.throws(() => trusted.toFragment("<img src=x onerror=alert(1)>"), /not a fragment of this app/);
    trusted.admitFragment("<p>ours</p>");
    assert.equal(trusted.toFragment("<p>ours</p>"), "nodes");
    assert.throws(() => trusted.toFragment("<p>ours</p> "), TypeError);
    assert.deepEqual(policies, native ? ["hvapp"] : []);
  });
}

class FakeRegistration extends EventTarget {
  /** @type {any} */
  installing = null;
  /** @type {any} */
  waiting = null;
  update = async () => {};
}

function fakeContainer() {
  const registration = new FakeRegistration();
  const container = /** @type {any} */ (new EventTarget());
  container.controller = null;
  container.register = async (/** @type {string} */ url) => {
    assert.equal(url, "/sw.js");
    return registration;
  };
  return { registration, container };
}

function installs(/** @type {FakeRegistration} */ registration) {
  const next = /** @type {any} */ (new EventTarget());
  registration.installing = next;
  registration.dispatchEvent(new Event("updatefound"));
  registration.waiting = next;
  next.asked = [];
  next.postMessage = (/** @type {any} */ message) => next.asked.push(message);
  next.dispatchEvent(new Event("statechange"));
  return next;
}

test("the first worker is not offered as a new version", async () => {
  const { registration, container } = fakeContainer();
  let ready = 0;
  await registerWorker({ container, onReady: () => ready++, reload: () => assert.fail("reloaded") });
  installs(registration);
  container.controller = {};
  container.dispatchEvent(new Event("controllerchange"));
  assert.equal(ready, 0);
});

test("a new version is offered, waits to be asked, and then reloads the page", async () => {
  const { registration, container } = fakeContainer();
  container.controller = {};
  let ready = 0;
  let reloads = 0;
  const worker = await registerWorker({ container, onReady: () => ready++, reload: () => reloads++ });
  assert.equal(worker.ready(), false);
  worker.activate();
  const next = installs(registration);
  assert.equal(ready, 1);
  assert.deepEqual(next.asked, []);
  worker.activate();
  assert.deepEqual(next.asked, [{ type: "activate" }]);
  assert.equal(reloads, 0);
  container.dispatchEvent(new Event("controllerchange"));
  assert.equal(reloads, 1);
});

test("a version that was waiting when the app opened is offered", async () => {
  const { registration, container } = fakeContainer();
  container.controller = {};
  registration.waiting = {};
  let ready = 0;
  await registerWorker({ container, onReady: () => ready++, reload: () => {} });
  assert.equal(ready, 1);
});

test("another window's update does not reload under an open form", async () => {
  const { container } = fakeContainer();
  container.controller = {};
  await registerWorker({ container, reload: () => assert.fail("reloaded") });
  container.dispatchEvent(new Event("controllerchange"));
});

test("looking for a new version without a network is not an error", async () => {
  const { registration, container } = fakeContainer();
  registration.update = () => Promise.reject(new TypeError("Failed to fetch"));
  const worker = await registerWorker({ container, reload: () => {} });
  await worker.look();
});

test("storage: what the browser promises, and null where it cannot be asked", async () => {
  const had = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  /** @param {any} storage */
  const browser = (storage) =>
    Object.defineProperty(globalThis, "navigator", { value: { storage }, configurable: true });
  try {
    browser(undefined);
    assert.deepEqual([await askToPersist(), await isPersisted(), await storageSpace()], [null, null, null]);
    browser({
      persisted: async () => false,
      persist: async () => true,
      estimate: async () => ({ usage: 1, quota: 2 }),
    });
    assert.deepEqual([await askToPersist(), await isPersisted()], [true, false]);
    assert.deepEqual(await storageSpace(), { used: 1, allowed: 2 });
  } finally {
    if (had) Object.defineProperty(globalThis, "navigator", had);
  }
});
