/**
 * The only place that talks to the network. An answer counts when it came from our service itself: not
 * redirected, and JSON. Anything else is a captive portal or a broken line, and means Offline.
 */

import { assetUrl } from "../lib/assets.js";
import { admitFragment } from "../lib/trusted.js";
import { Offline, Refused, ServerFault, SignedInAsOther, SignedOut, TooLarge, TryLater } from "./errors.js";

export { Offline, Refused, ServerFault, SignedOut, TooLarge, TryLater };

/** @typedef {import("../types.js").Account} Account */
/** @typedef {import("../types.js").Revision} Revision */
/** @typedef {import("../types.js").PushResult} PushResult */
/** @typedef {import("../types.js").ChangesPage} ChangesPage */

/**
 * `clockOffset` is what to add to this tablet's clock to get the server's, in milliseconds.
 * @typedef {{account: Account | null, serverTime: string, appVersion: string, clockOffset: number | null}} Session
 */

/** @typedef {ReturnType<typeof createApi>} Api */

const LEAST_TIMEOUT = 30_000;
/** Below this many bytes a second there is no useful connection. */
const SLOWEST_LINE = 4_000;
const LONGEST_WAIT = 60 * 60_000;

/**
 * @param {{fetch?: typeof globalThis.fetch, now?: () => number, timeout?: number}} [options]
 */
export function createApi({
  fetch = (...request) => globalThis.fetch(...request),
  now = Date.now,
  timeout = LEAST_TIMEOUT,
} = {}) {
  /** Lives as long as the page: tokens expire, so none is ever stored. @type {string | null} */
  let token = null;

  /**
   * @param {string} method
   * @param {string} url
   * @param {{body?: string | ArrayBuffer, headers?: Record<string, string>}} [options]
   * @returns {Promise<any>}
   */
  async function once(method, url, { body, headers = {} } = {}) {
    const stop = new AbortController();
    // The timer covers the body too: a line that dies half-way must not hold the queue.
    const size = typeof body === "string" ? body.length : (body?.byteLength ?? 0);
    const allowed = timeout + (size / SLOWEST_LINE) * 1000;
    const timer = setTimeout(() => stop.abort(), allowed);
    try {
      const response = await fetch(url, {
        method,
        body,
        headers: {
          Accept: "application/json",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
        signal: stop.signal,
      });
      return await read(response, now);
    } catch (error) {
      throw isOurs(error) ? error : new Offline(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {string | ArrayBuffer} body
   * @param {Record<string, string>} [extra]
   */
  async function send(method, url, body, extra = {}) {
    if (token === null) await session();
    try {
      return await once(method, url, { body, headers: { ...extra, "X-CSRFToken": token ?? "" } });
    } catch (error) {
      if (!(error instanceof Refused && error.status === 403 && error.code === "csrf")) throw error;
      await session();
      return once(method, url, { body, headers: { ...extra, "X-CSRFToken": token ?? "" } });
    }
  }

  /** @returns {Promise<Session>} */
  async function session() {
    const asked = now();
    return keep(await once("GET", "/api/v1/session"), asked);
  }

  /**
   * @param {any} body
   * @param {number} asked
   * @returns {Session}
   */
  function keep(body, asked) {
    if (typeof body?.csrf_token !== "string") throw new ServerFault(200);
    token = body.csrf_token;
    const middle = (asked + now()) / 2;
    const offset = Date.parse(body.server_time) - middle;
    return {
      account: body.account ?? null,
      serverTime: body.server_time,
      appVersion: body.app_version,
      clockOffset: Number.isFinite(offset) ? Math.round(offset) : null,
    };
  }

  return {
    session,

    /**
     * @param {string} email
     * @param {string} password
     */
    async signIn(email, password) {
      const asked = now();
      return keep(await send("POST", "/api/v1/sign-in", JSON.stringify({ email, password })), asked);
    },

    async signOut() {
      await send("POST", "/api/v1/sign-out", "{}");
      token = null;
    },

    /**
     * @param {string} deviceId
     * @param {{name: string, storage_persisted: boolean | null, account_id?: string}} about
     */
    async registerDevice(deviceId, about) {
      await send("PUT", `/sync/v1/devices/${encodeURIComponent(deviceId)}`, JSON.stringify(about));
    },

    /**
     * @param {{cursor: string, limit: number, account_id: string}} where whose changes: another's are refused
     * @returns {Promise<ChangesPage>}
     */
    async changes({ cursor, limit, account_id }) {
      const query = new URLSearchParams({ cursor, limit: String(limit), account_id });
      const page = await once("GET", `/sync/v1/changes?${query}`);
      if (!Array.isArray(page?.items) || typeof page.cursor !== "string") throw new ServerFault(200);
      return page;
    },

    /**
     * @param {{device_id: string, account_id: string, items: Revision[]}} batch
     * @param {string} key the same for every attempt at the same batch
     * @returns {Promise<PushResult[]>}
     */
    async push(batch, key) {
      const body = await gzip(JSON.stringify(batch));
      const answer = await send("POST", "/sync/v1/push", body, {
        "Idempotency-Key": key,
        "Content-Encoding": "gzip",
      });
      if (!Array.isArray(answer?.results)) throw new ServerFault(200);
      return answer.results;
    },

    /**
     * A data file of this version of the app, from the worker's store when there is no network.
     * @param {string} name as in the manifest, "rules/contact_windows.json"
     * @returns {Promise<any>}
     */
    async loadData(name) {
      return (await file(fetch, name)).json();
    },

    /**
     * The text of a fragment of this version of the app, for `toFragment`.
     * @param {string} name
     */
    async loadFragment(name) {
      const html = await (await file(fetch, name)).text();
      admitFragment(html);
      return html;
    },
  };
}

/** The page's one connection: everything that sends shares its token. */
export const api = createApi();

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {string} name
 */
async function file(fetch, name) {
  const url = assetUrl(name);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", redirect: "error" });
  } catch (error) {
    throw new Offline(error);
  }
  if (!response.ok || response.redirected) throw new Offline(new Error(`${url} answered ${response.status}`));
  return response;
}

/**
 * @param {Response} response
 * @param {() => number} now
 * @returns {Promise<any>}
 */
async function read(response, now) {
  const { status } = response;
  // 511 is what a captive portal may say of itself.
  if (response.type === "opaqueredirect" || response.redirected || status === 511) throw new Offline();
  // These three come from proxies as well, in HTML, and mean the same from them.
  if (status === 429 || status === 503)
    throw new TryLater(retryAfter(response.headers.get("Retry-After"), now));
  if (status === 413) throw new TooLarge();
  if (status >= 500) throw new ServerFault(status);
  if (status === 204) return null;
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get("Content-Type") ?? ""))
    throw new Offline();
  const body = await response.json();
  if (response.ok) return body;
  const { code = "", message = "" } = body?.error ?? {};
  if (status === 409 && code === "other_account") throw new SignedInAsOther();
  if (status === 401 && code !== "wrong_credentials") throw new SignedOut();
  throw new Refused(
    status,
    code,
    message || "The service did not accept that. What you have recorded is safe.",
  );
}

/**
 * Answers are repetitive: packed, a day's visits go through a slow line in a fifth of the time.
 * @param {string} text
 */
function gzip(text) {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(packed).arrayBuffer();
}

/**
 * Milliseconds to wait, at most an hour; null when the header is absent or unreadable.
 * @param {string | null} header seconds or a date
 * @param {() => number} now
 */
function retryAfter(header, now) {
  if (!header) return null;
  const wait = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0), LONGEST_WAIT) : null;
}

/** @param {unknown} error */
function isOurs(error) {
  return [Offline, Refused, ServerFault, SignedOut, TooLarge, TryLater].some((kind) => error instanceof kind);
}
