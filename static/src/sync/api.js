/** The only place that talks to the network; answers.js says what came back. */

import { unpack } from "../forms/pack.js";
import { admitFragment } from "../lib/trusted.js";
import { commonOf, file, gzip, isOurs, read } from "./answers.js";
import { Offline, Refused, ServerFault } from "./errors.js";

export {
  Offline,
  Refused,
  ServerFault,
  SignedOut,
  TabletRevoked,
  TooLarge,
  TryLater,
  UnknownTablet,
} from "./errors.js";

/** @typedef {import("../types.js").Account} Account */
/** @typedef {import("../types.js").Common} Common */
/** @typedef {import("../types.js").Draft} Draft */
/** @typedef {import("../types.js").Envelope} Envelope */
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
/** The protocol this version speaks; the server goes by it. */
const PROTOCOL = "1";

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
  /** The file of all forms, read once. @type {Promise<import("../forms/pack.js").Pack> | undefined} */
  let pack;

  /**
   * @param {string} method
   * @param {string} url
   * @param {{body?: string | ArrayBuffer, headers?: Record<string, string>, tablet?: string}} [options]
   *   tablet: its own token, in the place of a signed-in visitor's cookies
   * @returns {Promise<any>}
   */
  async function once(method, url, { body, headers = {}, tablet } = {}) {
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
          ...(url.startsWith("/sync/") ? { "HV-Sync": PROTOCOL } : {}),
          ...(tablet === undefined ? {} : { Authorization: `Tablet ${tablet}` }),
          ...headers,
        },
        credentials: tablet === undefined ? "same-origin" : "omit",
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
     * Makes the tablet known, by the visitor who is signed in. The token answered is what it sends with.
     * @param {string} deviceId
     * @param {{name: string, storage_persisted: boolean | null, account_id: string}} about
     * @returns {Promise<{token: string | null, common: Common}>}
     */
    async registerDevice(deviceId, about) {
      const url = `/sync/v1/devices/${encodeURIComponent(deviceId)}`;
      const answer = await send("PUT", url, JSON.stringify(about));
      const given = typeof answer?.token === "string" ? answer.token : null;
      return { token: given, common: commonOf(answer) };
    },

    /**
     * @param {{cursor: string, limit: number, account_id: string, device_id: string}} where whose changes:
     *   another's are refused
     * @returns {Promise<ChangesPage & {common: Common}>}
     */
    async changes({ cursor, limit, account_id, device_id }) {
      const query = new URLSearchParams({ cursor, limit: String(limit), account_id, device_id });
      const page = await once("GET", `/sync/v1/changes?${query}`);
      if (!Array.isArray(page?.items) || typeof page.cursor !== "string") throw new ServerFault(200);
      return { ...page, common: commonOf(page) };
    },

    /**
     * @param {string} tablet its token
     * @param {{device_id: string, items: Envelope[]}} batch
     * @param {string} key the same for every attempt at the same batch
     * @returns {Promise<{results: PushResult[], common: Common}>}
     */
    async push(tablet, batch, key) {
      const answer = await once("POST", "/sync/v1/push", {
        body: await gzip(JSON.stringify(batch)),
        headers: { "Idempotency-Key": key, "Content-Encoding": "gzip" },
        tablet,
      });
      if (!Array.isArray(answer?.results)) throw new ServerFault(200);
      return { results: answer.results, common: commonOf(answer) };
    },

    /**
     * Asks whether the server holds what it acknowledged. Without ranges it only hears what the server has to say.
     * @param {string} tablet its token
     * @param {{device_id: string, ranges: {from: number, to: number, digest: string}[]}} asked
     * @returns {Promise<{ranges: {from: number, to: number, held: boolean}[], common: Common}>}
     */
    async confirm(tablet, asked) {
      const answer = await once("POST", "/sync/v1/confirm", { body: JSON.stringify(asked), tablet });
      if (!Array.isArray(answer?.ranges)) throw new ServerFault(200);
      return { ranges: answer.ranges, common: commonOf(answer) };
    },

    /**
     * Hands over the sealed copy of an unfinished visit.
     * @param {string} tablet its token
     * @param {string} draftId
     * @param {{device_id: string, kid: string, box: string}} sealed
     * @returns {Promise<{kept: boolean, common: Common}>}
     */
    async keepDraft(tablet, draftId, sealed) {
      const url = `/sync/v1/drafts/${encodeURIComponent(draftId)}`;
      const answer = await once("PUT", url, { body: JSON.stringify(sealed), tablet });
      return { kept: answer?.result === "kept", common: commonOf(answer) };
    },

    /**
     * Hands over a piece of a photo's box from `first` on; with none, only asks how much is there.
     * @param {string} tablet its token
     * @param {string} sha256 of the whole box
     * @param {{first: number, total: number, piece: ArrayBuffer | null}} part
     * @returns {Promise<{result: string, held: number}>}
     */
    async putPiece(tablet, sha256, { first, total, piece }) {
      const range = piece?.byteLength ? `${first}-${first + piece.byteLength - 1}` : "*";
      const answer = await once("PUT", `/sync/v1/blob/${sha256}`, {
        body: piece ?? undefined,
        headers: { "Content-Range": `bytes ${range}/${total}`, "Content-Type": "application/octet-stream" },
        tablet,
      });
      if (!Number.isSafeInteger(answer?.held)) throw new ServerFault(200);
      return answer;
    },

    /**
     * Reports an order as carried out.
     * @param {string} tablet its token
     * @param {string} commandId
     * @param {{device_id: string, left: number}} report left: items that could not be sent
     */
    async commandDone(tablet, commandId, report) {
      const url = `/sync/v1/commands/${encodeURIComponent(commandId)}/done`;
      await once("POST", url, { body: JSON.stringify(report), tablet });
    },

    /**
     * The unfinished visits that the service keeps for this visitor, for `importDraft`. Refused when somebody else is
     * signed in: another's unfinished visit must not come into this vault.
     * @param {string} accountId
     * @returns {Promise<{id: string, draft: Draft}[]>}
     */
    async rescuedDrafts(accountId) {
      const answer = await once("GET", `/sync/v1/drafts?${new URLSearchParams({ account_id: accountId })}`);
      if (!Array.isArray(answer?.drafts)) throw new ServerFault(200);
      return answer.drafts;
    },

    /** @param {string} draftId put back on a tablet, and not to be offered any more */
    async draftTaken(draftId) {
      await send("POST", `/sync/v1/drafts/${encodeURIComponent(draftId)}/taken`, "{}");
    },

    /**
     * A data file of this version of the app, from the worker's store when there is no network.
     * @param {string} name as in the manifest, "rules/contact_windows.json"
     * @returns {Promise<any>}
     */
    async loadData(name) {
      return (await file(fetch, name)).json();
    },

    /** The markup that screens are made of, for `toFragment`. */
    async loadPieces() {
      const html = await (await file(fetch, "pieces.html")).text();
      admitFragment(html);
      return html;
    },

    /** The file that holds every form, read once. */
    readForms() {
      pack ??= file(fetch, "forms.json").then((answer) => answer.json());
      // A failed read is tried again next time.
      pack.catch(() => {
        pack = undefined;
      });
      return pack;
    },

    /**
     * A form of this version of the app; its markup is for `toFragment`.
     * @param {string} key "new_birth_visit.v2"
     */
    async loadForm(key) {
      const form = unpack(await this.readForms(), key);
      if (!form) throw new Error(`this version of the app has no form ${key}`);
      for (const html of [form.html, ...form.questions.values()]) admitFragment(html);
      return form;
    },
  };
}

/** The page's one connection: everything that sends shares its token. */
export const api = createApi();
