/** The sections of a visit as a list of tasks. One that stays is changed where it stands, for somebody may be on it. */

import { fill, piece, slot } from "./dom.js";
import { tagOf } from "./people.js";

/** @typedef {import("./visit-model.js").SectionState} SectionState */

export class Tasks {
  /**
   * @param {HTMLElement} place
   * @param {(section: string) => void} open
   */
  constructor(place, open) {
    this.place = place;
    this.open = open;
    /** By section. @type {Map<string, HTMLElement>} */
    this.items = new Map();
  }

  /**
   * @param {SectionState[]} states
   * @param {string | null} here the section that is open
   */
  show(states, here) {
    const before = this.items;
    this.items = new Map(states.map((state) => [state.id, before.get(state.id) ?? this.newItem(state)]));
    const items = [...this.items.values()];
    const same = items.length === this.place.children.length;
    if (!same || items.some((item, at) => this.place.children[at] !== item))
      this.place.replaceChildren(...items);
    for (const state of states) showState(/** @type {HTMLElement} */ (this.items.get(state.id)), state, here);
  }

  /** @param {SectionState} state */
  newItem({ id, title }) {
    const item = fill(piece("task"), { name: title });
    slot(item, "name").addEventListener("click", (event) => {
      event.preventDefault();
      this.open(id);
    });
    return item;
  }
}

/**
 * @param {HTMLElement} item
 * @param {SectionState} state
 * @param {string | null} here
 */
function showState(item, { id, words, tag }, here) {
  const status = slot(item, "status");
  if (status.textContent !== words) status.replaceChildren(tag === null ? words : tagOf(words, tag));
  item.classList.toggle("nhsuk-task-list__item--current", id === here);
  if (id === here) slot(item, "name").setAttribute("aria-current", "true");
  else slot(item, "name").removeAttribute("aria-current");
}
