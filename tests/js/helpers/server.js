/**
 * The server at the edge of fetch, in memory: it opens what is sealed to it, keeps revisions once by id and hash,
 * numbers changes, and can be told to fail or be restored from a backup. It is strict about what the tablet sends.
 */

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { sha256Hex } from "../../../static/src/lib/canonical.js";
import { newServerKey, openServerBox, publicPart, SERVER_KEY, tokenFor } from "./sealing.js";

/** @typedef {{method: string, path: string, query: URLSearchParams, headers: Headers, credentials: string,
 *   body: any, bytes: number}} Call */
/** @typedef {(call: Call) => Response | null | Promise<Response | null>} Fault */

export class FakeServer {
  constructor() {
    /** @type {{id: string, name: string, role: string} | null} */
    this.account = null;
    /** @type {Map<string, {rev: any, receipt: any}>} the records, by revision id */
    this.stored = new Map();
    /** @type {Map<string, any>} unfinished visits, opened, by id */
    this.drafts = new Map();
    /** @type {Map<string, Buffer>} boxes of photos as far as they have come, by account and hash */
    this.blobs = new Map();
    /** @type {{seq: number, type: string, id: string, body: any}[]} */
    this.changes = [];
    this.epoch = "e1";
    /** @type {Map<string, any>} */
    this.devices = new Map();
    /** Tablets whose token it does not accept. @type {Set<string>} */
    this.unknown = new Set();
    /** Tablets it gives no changes to. @type {Set<string>} */
    this.revoked = new Set();
    /** @type {Map<string, any[]>} orders, by tablet */
    this.commands = new Map();
    /** @type {{id: string, device: string, left: number}[]} orders reported as done */
    this.reports = [];
    /** The last is the one in use. */
    this.keys = [SERVER_KEY];
    this.leaseDays = 7;
    /** What the provider has decided. @type {any} */
    this.service = undefined;
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

  async rotateKey() {
    this.keys.push(await newServerKey());
  }

  /** What a backup would hold. */
  backup() {
    return { stored: new Map(this.stored), changes: [...this.changes], blobs: new Map(this.blobs) };
  }

  /** @param {{stored: Map<string, any>, changes: any[], blobs?: Map<string, Buffer>}} backup */
  restore({ stored, changes, blobs = new Map() }) {
    this.blobs = new Map(blobs);
    this.stored = new Map(stored);
    this.changes = [...changes];
    this.epoch = `e${Number(this.epoch.slice(1)) + 1}`;
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
  async fetch(input, init = {}) {
    const url = new URL(String(input), "https://hv.example");
    const raw = url.pathname.startsWith("/sync/v1/blob/");
    const packed = init.body instanceof ArrayBuffer ? Buffer.from(init.body) : null;
    const text = raw ? "" : packed ? gunzipSync(packed).toString() : String(init.body ?? "");
    /** @type {Call} */
    const call = {
      method: init.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      headers: new Headers(init.headers),
      credentials: init.credentials ?? "",
      body: raw ? packed : text ? JSON.parse(text) : null,
      bytes: raw ? (packed?.length ?? 0) : Buffer.byteLength(text),
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
    if (call.path.startsWith("/sync/") && call.headers.get("HV-Sync") !== "1")
      return fail(400, "protocol", "?");
    const byToken = this.byToken(call);
    if (byToken) return byToken;
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
      const device = call.path.slice("/sync/v1/devices/".length);
      if (this.revoked.has(device)) return this.revokes(device);
      this.devices.set(device, call.body);
      this.unknown.delete(device);
      const token = tokenFor(device, this.account.id);
      return json({ device_id: device, token, ...this.common(device) });
    }
    if (call.path === "/sync/v1/changes") return this.page(call);
    if (call.path === "/sync/v1/drafts") {
      const drafts = [...this.drafts].map(([id, draft]) => ({ id, draft }));
      return json({ drafts, ...this.common("") });
    }
    const taken = /^\/sync\/v1\/drafts\/(.+)\/taken$/.exec(call.path);
    if (taken) return json({ taken: this.drafts.delete(taken[1]) });
    return fail(404, "not_found", "No such page.");
  }

  /** What a tablet may do with its own token, which comes without cookies. @param {Call} call */
  byToken(call) {
    const draft = /^\/sync\/v1\/drafts\/([^/]+)$/.exec(call.path);
    const done = /^\/sync\/v1\/commands\/([^/]+)\/done$/.exec(call.path);
    const blob = /^\/sync\/v1\/blob\/([0-9a-f]{64})$/.exec(call.path);
    const asks = ["/sync/v1/push", "/sync/v1/confirm"].includes(call.path) || draft || done || blob;
    if (!asks) return null;
    const [device, account] = (call.headers.get("Authorization") ?? "").replace(/^Tablet /, "").split(".");
    const token = `Tablet ${tokenFor(device, account)}`;
    if (call.headers.get("Authorization") !== token || this.unknown.has(device)) {
      return fail(401, "unknown_tablet", "Not known.");
    }
    if (blob) return this.takePiece(device, account, blob[1], call);
    if (call.credentials !== "omit" || call.body.device_id !== device) return fail(400, "malformed", "?");
    if (call.path === "/sync/v1/push") return this.push(call);
    if (call.path === "/sync/v1/confirm") return this.confirm(call);
    if (draft) return this.keepDraft(draft[1], call);
    if (done) this.reports.push({ id: done[1], device, left: call.body.left });
    if (done && call.body.left === 0) this.commands.delete(device);
    return json(this.common(device));
  }

  /** @param {string} device @param {string} account @param {string} sha256 @param {Call} call */
  takePiece(device, account, sha256, { body, headers, credentials }) {
    const range = /^bytes (?:\*|(\d+)-(\d+))\/(\d+)$/.exec(headers.get("Content-Range") ?? "");
    const length = body?.length ?? 0;
    if (!range || credentials !== "omit" || length > 256 * 1024) return fail(422, "invalid", "?");
    if (range[1] ? length !== Number(range[2]) - Number(range[1]) + 1 : length)
      return fail(422, "invalid", "?");
    const [key, total] = [`${account}|${sha256}`, Number(range[3])];
    let held = this.blobs.get(key) ?? Buffer.alloc(0);
    if (body && held.length === Number(range[1])) held = Buffer.concat([held, body]);
    const whole = held.length === total;
    const good = createHash("sha256").update(held).digest("hex") === sha256;
    if (whole && !good) held = Buffer.alloc(0);
    this.blobs.set(key, held);
    const result = whole ? (good ? "complete" : "rejected:hash") : "more";
    return json({ result, held: held.length, ...this.common(device) });
  }

  /** @param {string} device */
  common(device) {
    return {
      server_time: new Date(this.now()).toISOString(),
      epoch: this.epoch,
      sealing_key: publicPart(this.keys[this.keys.length - 1]),
      commands: this.commands.get(device) ?? [],
      lease_days: this.leaseDays,
    };
  }

  /** @param {string} device */
  revokes(device) {
    const error = { code: "tablet_revoked", message: "Taken out of use." };
    return json({ error, commands: this.commands.get(device) ?? [] }, { status: 403 });
  }

  session() {
    return json({
      account: this.account,
      csrf_token: this.token,
      server_time: new Date(this.now()).toISOString(),
      app_version: "9",
    });
  }

  /**
   * @param {string} kind @param {string} id @param {string} deviceId @param {{kid: string, box: string}} sealed
   * @returns {Promise<any>} undefined when none of its keys opens it
   */
  async unseal(kind, id, deviceId, { kid, box }) {
    const key = this.keys.find((one) => one.kid === kid);
    return key && openServerBox(key, box, { kind, id, deviceId }).catch(() => undefined);
  }

  /** @param {Call} call */
  async push(call) {
    const { device_id: device, items } = call.body;
    if (items.length > 100 || call.bytes > 1024 * 1024) return fail(413, "too_large", "Too large.");
    if (!call.headers.get("Idempotency-Key")) return fail(400, "malformed_json", "No key.");
    const results = [];
    for (const item of items) results.push(await this.take(device, item));
    return json({ results, ...this.common(device) });
  }

  /** @param {string} device @param {any} item */
  async take(device, item) {
    const { rev_id, device_seq } = item;
    const answer = { rev_id, result: "stored", message: "", flags: [], receipt: null, child_id: null };
    const rev = await this.unseal("revision", rev_id, device, item);
    if (!rev) return { ...answer, result: "rejected:key" };
    const { sha256, ...rest } = rev;
    const same = [rev.rev_id, rev.device_seq, rev.device_id].join() === [rev_id, device_seq, device].join();
    if (!same || sha256 !== (await sha256Hex(rest))) return { ...answer, result: "rejected:malformed" };
    const judged = this.judge(rev);
    if (judged) return { ...answer, ...judged };
    const known = this.stored.get(rev_id);
    if (known && known.rev.sha256 !== sha256) return { ...answer, result: "rejected:hash" };
    const receipt = known?.receipt ?? {
      seq: this.stored.size + 1,
      received_at: new Date(this.now()).toISOString(),
      mac: `mac-${rev_id}`,
    };
    if (!known) this.stored.set(rev_id, { rev, receipt });
    return { ...answer, result: known ? "duplicate" : "stored", receipt };
  }

  /** @param {Call} call */
  confirm({ body: { device_id: device, ranges } }) {
    if (ranges.length > 200) return fail(400, "malformed", "Too many.");
    const held = [...this.stored.values()].map(({ rev }) => rev).filter((rev) => rev.device_id === device);
    const answers = ranges.map((/** @type {any} */ { from, to, digest }) => {
      const lines = held
        .filter(({ device_seq: seq }) => seq >= from && seq <= to)
        .sort((a, b) => a.device_seq - b.device_seq)
        .map((rev) => `${rev.device_seq} ${rev.rev_id} ${rev.sha256}\n`);
      return { from, to, held: createHash("sha256").update(lines.join("")).digest("hex") === digest };
    });
    return json({ ranges: answers, ...this.common(device) });
  }

  /** @param {string} id @param {Call} call */
  async keepDraft(id, { body }) {
    const draft = await this.unseal("draft", id, body.device_id, body);
    if (!draft) return json({ result: "rejected:key", ...this.common(body.device_id) });
    this.drafts.set(id, draft);
    return json({ result: "kept", ...this.common(body.device_id) });
  }

  /** @param {Call} call */
  page(call) {
    const device = call.query.get("device_id") ?? "";
    if (this.revoked.has(device)) return this.revokes(device);
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
      service: this.service,
      ...this.common(device),
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
