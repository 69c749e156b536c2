/**
 * The server at the edge of fetch, in memory: it keeps revisions once by id and hash, numbers changes, and can
 * be told to fail. It is strict about what the tablet sends.
 */

import { gunzipSync } from "node:zlib";
import { sha256Hex } from "../../../static/src/lib/canonical.js";

/** @typedef {{method: string, path: string, query: URLSearchParams, headers: Headers, body: any, bytes: number}} Call */
/** @typedef {(call: Call) => Response | null | Promise<Response | null>} Fault */

export class FakeServer {
  constructor() {
    /** @type {{id: string, name: string, role: string} | null} */
    this.account = null;
    /** @type {Map<string, {rev: any, receipt: any}>} the records, by revision id */
    this.stored = new Map();
    /** @type {{seq: number, type: string, id: string, body: any}[]} */
    this.changes = [];
    this.epoch = "e1";
    /** @type {Map<string, any>} */
    this.devices = new Map();
    /** @type {Call[]} */
    this.calls = [];
    this.token = "token-1";
    this.now = () => Date.now();
    /** Looked at before the request is handled; a Response stands in for it. @type {Fault} */
    this.before = () => null;
    /** Looked at after it was handled: what happened has happened, the answer may be lost. @type {Fault} */
    this.after = () => null;
    /** @type {(revision: any) => {result: string, message?: string} | null} */
    this.judge = () => null;
    this.fetch = this.fetch.bind(this);
  }

  /** @param {string} path */
  callsTo(path) {
    return this.calls.filter((call) => call.path === path);
  }

  /** @param {string} type @param {string} id @param {any} body */
  change(type, id, body) {
    this.changes.push({ seq: this.changes.length + 1, type, id, body });
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
  async fetch(input, init = {}) {
    const url = new URL(String(input), "https://hv.example");
    const text =
      init.body instanceof ArrayBuffer ? gunzipSync(init.body).toString() : String(init.body ?? "");
    /** @type {Call} */
    const call = {
      method: init.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init.headers),
      body: text ? JSON.parse(text) : null,
      bytes: Buffer.byteLength(text),
    };
    this.calls.push(call);
    init.signal?.throwIfAborted();
    const instead = await this.before(call);
    if (instead) return instead;
    const answer = await this.handle(call);
    return (await this.after(call)) ?? answer;
  }

  /** @param {Call} call */
  async handle(call) {
    if (call.method !== "GET" && call.headers.get("X-CSRFToken") !== this.token) {
      return fail(403, "csrf", "The page was open too long.");
    }
    if (call.path === "/api/v1/session") return this.session();
    if (call.path === "/api/v1/sign-in") {
      if (call.body.password !== "right")
        return fail(401, "wrong_credentials", "Email or password is wrong.");
      this.account = { id: "a-priya", name: "Priya", role: "health_visitor" };
      this.token = "token-after-sign-in";
      return this.session();
    }
    if (call.path === "/api/v1/sign-out") return json({});
    if (!this.account) return fail(401, "signed_out", "Signed out.");
    const whose = call.body?.account_id ?? call.query.get("account_id");
    if (whose !== null && whose !== this.account.id) return fail(409, "other_account", "Someone else's.");
    if (call.path.startsWith("/sync/v1/devices/")) {
      this.devices.set(call.path.slice("/sync/v1/devices/".length), call.body);
      return json({ device_id: call.path.slice("/sync/v1/devices/".length) });
    }
    if (call.path === "/sync/v1/push") return this.push(call);
    if (call.path === "/sync/v1/changes") return this.page(call);
    return fail(404, "not_found", "No such page.");
  }

  session() {
    return json({
      account: this.account,
      csrf_token: this.token,
      server_time: new Date(this.now()).toISOString(),
      app_version: "9",
    });
  }

  /** @param {Call} call */
  async push(call) {
    const { device_id: device, items } = call.body;
    if (items.length > 100 || call.bytes > 1024 * 1024) return fail(413, "too_large", "Too large.");
    if (!call.headers.get("Idempotency-Key")) return fail(400, "malformed_json", "No key.");
    const results = [];
    for (const rev of items) {
      const { sha256, ...rest } = rev;
      if (sha256 !== (await sha256Hex(rest)) || rev.device_id !== device) {
        results.push({
          rev_id: rev.rev_id,
          result: "rejected:malformed",
          message: "?",
          flags: [],
          receipt: null,
        });
        continue;
      }
      const judged = this.judge(rev);
      if (judged) {
        results.push({ rev_id: rev.rev_id, message: "", flags: [], receipt: null, ...judged });
        continue;
      }
      const known = this.stored.get(rev.rev_id);
      const receipt = known?.receipt ?? {
        seq: this.stored.size + 1,
        received_at: new Date(this.now()).toISOString(),
        mac: `mac-${rev.rev_id}`,
      };
      if (!known) this.stored.set(rev.rev_id, { rev, receipt });
      const same = !known || known.rev.sha256 === rev.sha256;
      results.push({
        rev_id: rev.rev_id,
        result: same ? (known ? "duplicate" : "stored") : "rejected:hash",
        message: "",
        flags: [],
        receipt: same ? receipt : null,
      });
    }
    return json({ results, server_time: new Date(this.now()).toISOString() });
  }

  /** @param {Call} call */
  page(call) {
    const cursor = call.query.get("cursor") ?? "";
    const [epoch, seq] = cursor ? cursor.split(".") : [this.epoch, "0"];
    if (epoch !== this.epoch) return fail(410, "cursor_gone", "Start again.");
    const after = this.changes.filter((change) => change.seq > Number(seq));
    const items = after.slice(0, Number(call.query.get("limit")));
    const reached = items.length ? items[items.length - 1].seq : Number(seq);
    return json({
      items,
      cursor: `${this.epoch}.${reached}`,
      more: items.length < after.length,
      remaining: after.length - items.length,
      server_time: new Date(this.now()).toISOString(),
    });
  }
}

/** @param {unknown} body @param {ResponseInit} [init] */
export function json(body, init = {}) {
  return new Response(JSON.stringify(body), {
    ...init,
    headers: { "Content-Type": "application/json", ...init.headers },
  });
}

/** @param {number} status @param {string} code @param {string} message @param {Record<string, string>} [headers] */
export function fail(status, code, message, headers = {}) {
  return json({ error: { code, message } }, { status, headers });
}

/** What a captive portal answers to everything. */
export function portal() {
  return new Response("<!doctype html><title>Free Wi-Fi</title>", {
    headers: { "Content-Type": "text/html; charset=utf-8" },
  });
}

/** @param {Response} response what fetch gives after following a redirect, or for one it may not follow */
export function redirected(response, type = "basic") {
  Object.defineProperties(response, {
    redirected: { value: type === "basic" },
    type: { value: type },
  });
  return response;
}
