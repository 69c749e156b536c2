/**
 * One page, one URL: the part after # names the screen and nothing else. Which child or visit it shows travels in
 * history.state, so back and forward work and no id ever stands in an address.
 */

/**
 * @typedef {Record<string, any>} Place what a screen needs to know: ids, section, scroll
 * @typedef {{title: string, update?: (place: Place) => boolean | Promise<boolean>, leave?: () => unknown,
 *   refresh?: () => unknown, sync?: () => unknown, form?: boolean, alone?: boolean, flush?: () => Promise<void>,
 *   subject?: () => import("./people.js").Subject | null}} Screen
 *   alone: only what is on it leads away from it, no swipe
 * @typedef {(main: HTMLElement, place: Place) => Promise<Screen> | Screen} Opener
 */

export class Router {
  /**
   * @param {HTMLElement} main
   * @param {Record<string, Opener>} routes
   * @param {{home: string, onShow: (name: string, screen: Screen) => void,
   *   onFail: (error: unknown) => void}} options
   */
  constructor(main, routes, options) {
    this.main = main;
    this.routes = routes;
    this.options = options;
    /** @type {Screen | null} */
    this.screen = null;
    this.name = "";
    this.turn = 0;
    this.started = false;
    /** @type {{state: any, hash: string} | null} */
    this.held = null;
    window.addEventListener("popstate", () => {
      if (this.held) history.pushState(this.held.state, "", this.held.hash);
      else if (this.started) this.open(history.state ?? {});
    });
    if ("scrollRestoration" in history) history.scrollRestoration = "manual";
  }

  /** Opens the place in the address, or home. */
  async start() {
    this.started = true;
    this.held = null;
    if (!this.routes[routeName()]) history.replaceState({}, "", `#/${this.options.home}`);
    await this.open(history.state ?? {});
  }

  /** Locked, or shown to a parent: a swipe back must neither take down the form beneath nor show anything else. */
  hold() {
    this.held = { state: history.state, hash: location.hash };
  }

  release() {
    this.held = null;
  }

  /** Closes the screen and takes no more moves until started again. */
  stop() {
    this.started = false;
    this.turn += 1;
    this.screen?.leave?.();
    this.screen = null;
    this.name = "";
    this.main.replaceChildren();
  }

  /**
   * @param {string} name
   * @param {Place} [place]
   * @param {{replace?: boolean}} [options]
   */
  async go(name, place = {}, { replace = false } = {}) {
    this.keepScroll();
    if (replace) history.replaceState(place, "", `#/${name}`);
    else history.pushState(place, "", `#/${name}`);
    await this.open(place);
  }

  /** Remembers how far down this screen was, so that back returns to the same row. */
  keepScroll() {
    const scroll = window.scrollY;
    // Writing history is slow, and most screens are left where they were opened.
    if (!this.started || scroll === (history.state?.scroll ?? 0)) return;
    history.replaceState({ ...history.state, scroll }, "");
  }

  /** @param {Place} place */
  async open(place) {
    const name = routeName();
    const opener = this.routes[name] ?? this.routes[this.options.home];
    const turn = ++this.turn;
    try {
      if (name === this.name && (await this.screen?.update?.(place))) {
        this.options.onShow(name, /** @type {Screen} */ (this.screen));
        return;
      }
      if (turn !== this.turn) return;
      await this.screen?.leave?.();
      this.screen = null;
      this.name = name;
      const stage = document.createElement("div");
      const screen = await opener(stage, place);
      // Someone has moved on while this screen was being read from the tablet.
      if (turn !== this.turn) {
        screen.leave?.();
        return;
      }
      this.screen = screen;
      if (screen.alone) this.hold();
      this.main.replaceChildren(stage);
      this.options.onShow(name, screen);
      focusHeading(this.main);
      window.scrollTo(0, place.scroll ?? 0);
    } catch (error) {
      if (turn === this.turn) this.options.onFail(error);
    }
  }
}

function routeName() {
  return location.hash.replace(/^#\//, "");
}

/**
 * A new screen begins at its heading, for the eye and for the screen reader.
 * @param {HTMLElement} root
 */
export function focusHeading(root) {
  const heading = root.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
