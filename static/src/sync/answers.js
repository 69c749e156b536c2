/**
 * What an answer means. It counts when it came from our service itself: not redirected, and JSON. Anything else is
 * a captive portal or a broken line, and means Offline.
 */

import { assetUrl } from "../lib/assets.js";
import {
  Offline,
  Refused,
  ServerFault,
  SignedInAsOther,
  SignedOut,
  TabletRevoked,
  TooLarge,
  TryLater,
  UnknownTablet,
  UpdateNeeded,
} from "./errors.js";

/** @typedef {import("../types.js").Common} Common */

const LONGEST_WAIT = 60 * 60_000;

/**
 * @param {typeof globalThis.fetch} fetch
 * @param {string} name
 */
export async function file(fetch, name) {
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
export async function read(response, now) {
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
  if (status === 401 && code === "unknown_tablet") throw new UnknownTablet();
  if (status === 401 && code !== "wrong_credentials") throw new SignedOut();
  if (status === 403 && code === "tablet_revoked") {
    throw new TabletRevoked(status, code, commonOf(body).commands ?? []);
  }
  if (status === 426) throw new UpdateNeeded();
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
export function gzip(text) {
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
export function isOurs(error) {
  return [Offline, Refused, ServerFault, SignedOut, TooLarge, TryLater, UnknownTablet].some(
    (kind) => error instanceof kind,
  );
}

/**
 * What every answer carries, as far as this one does.
 * @param {any} body
 * @returns {Common}
 */
export function commonOf(body) {
  const { server_time, epoch, sealing_key: key, commands, lease_days } = body ?? {};
  return {
    ...(typeof server_time === "string" ? { server_time } : {}),
    ...(typeof epoch === "string" ? { epoch } : {}),
    ...(typeof key?.kid === "string" && typeof key.key === "string" ? { sealing_key: key } : {}),
    ...(Array.isArray(commands) ? { commands } : {}),
    ...(typeof lease_days === "number" ? { lease_days } : {}),
  };
}
