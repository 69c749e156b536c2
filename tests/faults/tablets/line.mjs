/**
 * A tablet's line to the server: fetch, as its browser offers it, with the browser's cookies. Every request is
 * numbered for the whole existence of the tablet, so that what happens to it can be drawn from its number.
 */

const LABELS = /** @type {[RegExp, string][]} */ ([
  [/\/sync\/v1\/push$/, "push"],
  [/\/sync\/v1\/confirm$/, "confirm"],
  [/\/sync\/v1\/changes\?/, "changes"],
  [/\/sync\/v1\/devices\//, "device"],
  [/\/sync\/v1\/commands\//, "command"],
  [/\/sync\/v1\/drafts/, "rescued draft"],
  [/\/api\/v1\/session$/, "session"],
  [/\/api\/v1\/sign-in$/, "sign in"],
]);

/** @param {string} path */
function labelOf(path) {
  return LABELS.find(([shape]) => shape.test(path))?.[1] ?? "other request";
}

export class Line {
  /** @type {Map<string, string>} */
  cookies = new Map();
  requests = 0;

  /** @param {string} tablet @param {string} base */
  constructor(tablet, base) {
    this.tablet = tablet;
    this.base = base;
  }

  /**
   * The fetch of one life of the browser. Once that life has ended, nothing is ever heard of a request again.
   * @param {{dead: () => boolean, step: (step: {phase: "before" | "after", label: string}) => void,
   *   sent: (label: string) => Promise<void>}} life
   */
  fetchFor(life) {
    return async (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) => {
      const label = `${labelOf(path)} request`;
      if (life.dead()) return silence();
      life.step({ phase: "before", label });
      if (life.dead()) return silence();
      this.requests += 1;
      const headers = new Headers(init.headers);
      const withCookies = init.credentials !== "omit";
      if (withCookies && this.cookies.size)
        headers.set("Cookie", [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; "));
      headers.set("X-Tablet", this.tablet);
      headers.set("X-Number", String(this.requests));
      /** @type {Response} */
      let answer;
      try {
        answer = await fetch(new URL(path, this.base), { ...init, headers, redirect: "manual" });
        if (withCookies) this.#take(answer);
        answer = whole(answer, await answer.arrayBuffer());
      } catch (error) {
        if (life.dead()) return silence();
        throw error;
      }
      if (life.dead()) return silence();
      await life.sent(label);
      life.step({ phase: "after", label });
      return life.dead() ? silence() : answer;
    };
  }

  /** @param {Response} answer */
  #take(answer) {
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair] = cookie.split(";");
      const at = pair.indexOf("=");
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
  }
}

/**
 * The answer as a browser shows it: one that leads elsewhere is opaque.
 * @param {Response} answer
 * @param {ArrayBuffer} body
 */
function whole(answer, body) {
  if (answer.status >= 300 && answer.status < 400) {
    const opaque = Response.error();
    Object.defineProperty(opaque, "type", { value: "opaqueredirect" });
    return opaque;
  }
  const empty = answer.status === 204 || answer.status === 304;
  return new Response(empty ? null : body, { status: answer.status, headers: answer.headers });
}

/** @returns {Promise<never>} */
function silence() {
  return new Promise(() => {});
}
