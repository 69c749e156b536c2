import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, test } from "node:test";
import {
  createApi,
  Offline,
  Refused,
  ServerFault,
  SignedOut,
  TabletRevoked,
  TooLarge,
  TryLater,
  UnknownTablet,
} from "../../../static/src/sync/api.js";
import { SignedInAsOther } from "../../../static/src/sync/errors.js";
import { tokenFor, wipeOrder } from "../helpers/sealing.js";
import { FakeServer, fail, json, portal, redirected } from "../helpers/server.js";

const EMPTY = { device_id: "d1", items: [] };
const TOKEN = tokenFor("d1", "a-priya");
const ABOUT = { name: "T", storage_persisted: null, account_id: "a-priya" };

const globals = /** @type {any} */ (globalThis);
afterEach(() => {
  delete globals.document;
});

/** @param {Response} answer */
function answering(answer) {
  return createApi({ fetch: async () => answer });
}

test("every request stays with our server and out of every cache", async () => {
  /** @type {RequestInit[]} */
  const seen = [];
  const server = new FakeServer();
  const api = createApi({
    fetch: (url, init) => {
      seen.push(init ?? {});
      assert.match(String(url), /^\/(api|sync)\/v1\//);
      return server.fetch(url, init);
    },
  });
  await api.session();
  await api.signIn("priya@example.nhs.uk", "right");
  await api.changes({ cursor: "", limit: 100, account_id: "a-priya", device_id: "d1" });
  await api.signOut();
  assert.equal(seen.length, 4);
  for (const { credentials, cache, redirect, signal } of seen) {
    assert.deepEqual([credentials, cache, redirect], ["same-origin", "no-store", "manual"]);
    assert.ok(signal instanceof AbortSignal);
  }
});

for (const [what, answer] of /** @type {const} */ ([
  ["a captive portal's page", portal()],
  ["a portal's redirect that fetch may not follow", redirected(new Response(null), "opaqueredirect")],
  ["a redirect that was followed", redirected(json({ csrf_token: "t" }))],
  [
    "a sign-in page in place of an error",
    new Response("<html>", { status: 404, headers: { "Content-Type": "text/html" } }),
  ],
  ["no content type", new Response(new Uint8Array([123, 125]))],
  ["half an answer", new Response('{"csrf_token": "t', { headers: { "Content-Type": "application/json" } })],
  ["a portal's own status", json({}, { status: 511 })],
])) {
  test(`${what} means offline`, async () => {
    await assert.rejects(answering(answer).session(), (error) => {
      assert.ok(error instanceof Offline);
      assert.match(error.message, /could not reach the service.*is safe on it and will be sent/);
      return true;
    });
  });
}

test("no network means offline", async () => {
  const api = createApi({ fetch: () => Promise.reject(new TypeError("Failed to fetch")) });
  await assert.rejects(api.session(), Offline);
});

test("a server that never answers means offline, in good time", async () => {
  const api = createApi({
    timeout: 20,
    fetch: (_url, init) =>
      new Promise((_resolve, reject) =>
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)),
      ),
  });
  await assert.rejects(api.session(), Offline);
});

test("a body that never ends means offline, in good time", async () => {
  const api = createApi({
    timeout: 20,
    fetch: async (_url, init) => {
      const body = new ReadableStream({
        start(controller) {
          init?.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
        },
      });
      return new Response(body, { headers: { "Content-Type": "application/json" } });
    },
  });
  await assert.rejects(api.session(), Offline);
});

test("a long batch is given the time a slow line needs", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {AbortSignal[]} */
  const signals = [];
  const api = createApi({
    timeout: 1000,
    fetch: (_url, init) => {
      signals.push(/** @type {AbortSignal} */ (init?.signal));
      return new Promise((_resolve, reject) =>
        init?.signal?.addEventListener("abort", () => reject(new Error())),
      );
    },
  });
  // Random, so that packing it gains nothing: 40 kB take ten seconds at the slowest.
  const note = randomBytes(40_000).toString("latin1");
  const pushing = api.push(TOKEN, { ...EMPTY, items: /** @type {any} */ ([{ note }]) }, "k");
  while (signals.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(10_000);
  assert.equal(signals[0].aborted, false);
  t.mock.timers.tick(10_000);
  assert.equal(signals[0].aborted, true);
  await assert.rejects(pushing, Offline);
});

test("each status has its own meaning, from our server and from a proxy", async () => {
  const html = { headers: { "Content-Type": "text/html" } };
  for (const [answer, kind] of /** @type {[Response, any][]} */ ([
    [fail(401, "signed_out", "x"), SignedOut],
    [fail(409, "other_account", "x"), SignedInAsOther],
    [fail(413, "too_large", "x"), TooLarge],
    [new Response("<html>", { status: 413, ...html }), TooLarge],
    [fail(429, "busy", "x"), TryLater],
    [fail(503, "busy", "x"), TryLater],
    [new Response("<html>", { status: 503, ...html }), TryLater],
    [fail(500, "fault", "x"), ServerFault],
    [new Response("<html>", { status: 502, ...html }), ServerFault],
    [fail(400, "malformed_json", "That was not JSON."), Refused],
    [fail(410, "cursor_gone", "x"), Refused],
    [json({ unexpected: true }), ServerFault],
    [json(null), ServerFault],
  ])) {
    await assert.rejects(answering(answer).session(), kind, `${answer.status}`);
  }
  await assert.rejects(
    answering(fail(400, "malformed_json", "That was not JSON.")).session(),
    /^Refused: That was not JSON\.$/,
  );
  await assert.rejects(answering(json([], { status: 400 })).session(), /What you have recorded is safe/);
});

test("Retry-After is read as seconds and as a date, and never for longer than an hour", async () => {
  const now = Date.parse("2026-05-03T10:00:00Z");
  for (const [header, wait] of /** @type {[string | null, number | null][]} */ ([
    ["30", 30_000],
    ["0", 0],
    ["Sun, 03 May 2026 10:01:00 GMT", 60_000],
    ["Sun, 03 May 2026 09:00:00 GMT", 0],
    ["86400000", 3_600_000],
    ["soon", null],
    [null, null],
  ])) {
    const headers = header === null ? undefined : { "Retry-After": header };
    const api = createApi({ now: () => now, fetch: async () => fail(503, "busy", "x", headers) });
    await assert.rejects(api.session(), (error) => {
      assert.ok(error instanceof TryLater);
      assert.equal(error.retryAfter, wait, String(header));
      return true;
    });
  }
});

test("a form token is fetched when it is needed, once, and again when it has expired, once", async () => {
  const server = new FakeServer();
  server.account = { id: "a-priya", name: "Priya", role: "health_visitor" };
  const api = createApi({ fetch: server.fetch });
  await api.registerDevice("d1", ABOUT);
  await api.registerDevice("d1", ABOUT);
  assert.equal(server.callsTo("/api/v1/session").length, 1);
  server.token = "token-2";
  await api.registerDevice("d1", ABOUT);
  assert.equal(server.callsTo("/api/v1/session").length, 2);
  server.before = ({ path }) => (path.includes("devices") ? fail(403, "csrf", "Open too long.") : null);
  await assert.rejects(api.registerDevice("d1", ABOUT), Refused);
  assert.equal(server.callsTo("/api/v1/session").length, 3);
});

test("what a tablet sends goes with its own token: no cookies, no session, nobody signed in", async () => {
  const server = new FakeServer();
  const api = createApi({ fetch: server.fetch });
  await api.push(TOKEN, EMPTY, "k");
  await api.confirm(TOKEN, { device_id: "d1", ranges: [] });
  await api.commandDone(TOKEN, "c1", { device_id: "d1", left: 0 });
  const { kept } = await api.keepDraft(TOKEN, "draft", { device_id: "d1", kid: "none", box: "" });
  assert.equal(kept, false);
  assert.equal(server.calls.length, 4);
  for (const { headers, credentials } of server.calls) {
    assert.equal(headers.get("Authorization"), `Tablet ${TOKEN}`);
    assert.deepEqual([credentials, headers.get("X-CSRFToken"), headers.get("HV-Sync")], ["omit", null, "1"]);
  }
  server.unknown.add("d1");
  await assert.rejects(api.push(TOKEN, EMPTY, "k"), (error) => {
    assert.ok(error instanceof UnknownTablet);
    assert.match(error.message, /safe on it\. Sign in, and it is sent/);
    return true;
  });
});

test("what every answer carries is handed out, as far as it has the right shape", async () => {
  const server = new FakeServer();
  const api = createApi({ fetch: server.fetch });
  const { common } = await api.push(TOKEN, EMPTY, "k");
  assert.deepEqual(Object.keys(common).sort(), [
    "commands",
    "epoch",
    "lease_days",
    "sealing_key",
    "server_time",
  ]);
  server.before = () => json({ results: [], epoch: 7, commands: "all", sealing_key: {}, lease_days: "7" });
  assert.deepEqual((await api.push(TOKEN, EMPTY, "k")).common, {});
});

test("a tablet taken out of use, and an app too old to fetch, are said as such", async () => {
  const where = { cursor: "", limit: 100, account_id: "a-priya", device_id: "d1" };
  const server = new FakeServer();
  server.account = { id: "a-priya", name: "Priya", role: "health_visitor" };
  server.revoked.add("d1");
  server.commands.set("d1", [wipeOrder("d1", "a-priya")]);
  await assert.rejects(createApi({ fetch: server.fetch }).changes(where), (error) => {
    assert.ok(error instanceof TabletRevoked);
    assert.equal(error.commands.length, 1);
    assert.match(error.message, /taken out of use.*is still sent/);
    return true;
  });
  const old = answering(fail(426, "update_needed", "x"));
  await assert.rejects(old.changes(where), /too old to fetch changes.*is still sent/);
});

test("unfinished visits that the service keeps are fetched and taken", async () => {
  const server = new FakeServer();
  server.account = { id: "a-priya", name: "Priya", role: "health_visitor" };
  server.drafts.set("d-1", { id: "d-1" });
  const api = createApi({ fetch: server.fetch });
  assert.deepEqual(await api.rescuedDrafts("a-priya"), [{ id: "d-1", draft: { id: "d-1" } }]);
  await assert.rejects(api.rescuedDrafts("a-tom"), SignedInAsOther);
  await api.draftTaken("d-1");
  assert.deepEqual(await api.rescuedDrafts("a-priya"), []);
});

test("another refusal with 403 is not taken for an expired token", async () => {
  const server = new FakeServer();
  server.before = ({ path }) =>
    path.includes("devices") ? fail(403, "not_yours", "Another visitor's tablet.") : null;
  const api = createApi({ fetch: server.fetch });
  await assert.rejects(api.registerDevice("d1", ABOUT), /Another visitor's tablet/);
  assert.equal(server.calls.filter(({ path }) => path.includes("devices")).length, 1);
});

test("signing in: wrong password is not the same as signed out, and the new token is used", async () => {
  const server = new FakeServer();
  const api = createApi({ fetch: server.fetch });
  await assert.rejects(api.signIn("priya@example.nhs.uk", "wrong"), (error) => {
    assert.ok(error instanceof Refused);
    assert.equal(error.message, "Email or password is wrong.");
    return true;
  });
  const { account } = await api.signIn("priya@example.nhs.uk", "right");
  assert.equal(account?.id, "a-priya");
  await api.registerDevice("d1", ABOUT);
  assert.equal(server.calls.filter(({ path }) => path === "/api/v1/session").length, 1);
});

test("the clock's offset is measured at the middle of the request", async () => {
  const server = new FakeServer();
  let tablet = 1_000_000;
  server.now = () => 1_000_000 + 90_000;
  server.before = () => {
    tablet += 400;
    return null;
  };
  const { clockOffset } = await createApi({ fetch: server.fetch, now: () => tablet }).session();
  assert.equal(clockOffset, 90_000 - 200);
});

const PACK = {
  questions: [{ field: { id: "q" }, html: "<p>$1</p>" }],
  forms: {
    "small.v1": { definition: { sections: [{ id: "a", fields: [0] }] }, html: "<div><!--0--></div>" },
  },
};

test("files of the app come by their hashed name; a missing one is said as offline", async () => {
  globals.document = {
    getElementById: () => ({
      textContent: '{"a.json": "/static/dist/a-0123456789.json", "forms.json": "/f"}',
    }),
  };
  /** @type {string[]} */
  const asked = [];
  let answer = () => new Response('{"rules": 1}');
  const api = createApi({
    fetch: async (url) => {
      asked.push(String(url));
      return answer();
    },
  });
  assert.deepEqual(await api.loadData("a.json"), { rules: 1 });
  answer = () => redirected(portal());
  await assert.rejects(api.loadForm("small.v1"), Offline);
  answer = () => new Response(JSON.stringify(PACK));
  const { definition, html, questions } = await api.loadForm("small.v1");
  assert.equal(html, "<div><!--0--></div>");
  assert.deepEqual([...questions], [["0", "<p>$1</p>"]]);
  assert.deepEqual(definition.sections, [{ id: "a", fields: [{ id: "q" }] }]);
  await assert.rejects(api.loadForm("large.v1"), /no form large\.v1/);
  assert.deepEqual(asked, ["/static/dist/a-0123456789.json", "/f", "/f"]);
  await assert.rejects(api.loadData("b.json"), /no asset called b\.json/);
  answer = () => new Response("", { status: 404 });
  await assert.rejects(api.loadData("a.json"), Offline);
});

test("visits travel packed, and open to what was sent", async () => {
  const server = new FakeServer();
  server.account = { id: "a-priya", name: "Priya", role: "health_visitor" };
  /** @type {any[]} */
  const bodies = [];
  const api = createApi({
    fetch: (url, init) => {
      bodies.push(init?.body);
      return server.fetch(url, init);
    },
  });
  const items = Array.from({ length: 100 }, (_, n) => ({
    rev_id: `r${n}`,
    payload: { feeding: "breast and formula" },
  }));
  server.take = async (_device, { rev_id }) => ({
    rev_id,
    result: "stored",
    message: "",
    flags: [],
    receipt: null,
    child_id: null,
  });
  await api.push(TOKEN, { ...EMPTY, items: /** @type {any} */ (items) }, "k");
  const [call] = server.callsTo("/sync/v1/push");
  assert.equal(call.headers.get("Content-Encoding"), "gzip");
  assert.deepEqual(call.body.items, items);
  assert.ok(bodies[0].byteLength * 5 < call.bytes);
});
