/** Dragging a planned visit to its place with a finger, a pen or the mouse. The buttons beside it do the same. */

import { announce } from "./frame.js";
import { dropIndex } from "./plan-model.js";

/** Moved this near to the top or foot of the window, the row takes the page along by so much a frame. */
const EDGE_PX = 110;
const STEP_PX = 8;
/** To be taken hold of near an edge is no wish to go there. */
const MEANT_PX = 12;

/** Whether a row is held: to draw the list anew would take it out of the hand. @param {HTMLElement} root */
export function isDragging(root) {
  return root.querySelector(".app-row--held") !== null;
}

/**
 * @param {HTMLElement} handle the part of the row that is taken hold of
 * @param {HTMLElement} row its list holds rows of the same kind only
 * @param {string} name
 * @param {(to: number | null) => unknown} drop null: it stays where it was
 */
export function letDrag(handle, row, name, drop) {
  handle.addEventListener("pointerdown", (event) => {
    if (event.button || !event.isPrimary) return;
    event.preventDefault();
    drag(event, handle, row, name, drop);
  });
}

/**
 * @param {PointerEvent} began
 * @param {HTMLElement} handle
 * @param {HTMLElement} row
 * @param {string} name
 * @param {(to: number | null) => unknown} drop
 */
function drag(began, handle, row, name, drop) {
  const list = /** @type {HTMLElement} */ (row.parentElement);
  const rows = /** @type {HTMLElement[]} */ ([...list.children]);
  const boxes = rows.map((one) => one.getBoundingClientRect());
  const from = rows.indexOf(row);
  const { top, bottom, height } = boxes[from];
  const start = began.clientY + scrollY;
  const over = new AbortController();
  let y = began.clientY;
  let to = from;
  let frame = 0;

  const follow = () => {
    // Another screen was opened, or the tablet locked.
    if (!row.isConnected) return end(false);
    // Beyond its list it would only make the page longer.
    const highest = boxes[0].top - top;
    const lowest = boxes[boxes.length - 1].bottom - bottom;
    const shift = Math.min(Math.max(y + scrollY - start, highest), lowest);
    const moved = y - began.clientY;
    if (y > innerHeight - EDGE_PX && moved > MEANT_PX && shift < lowest) scrollBy(0, STEP_PX);
    if (y < EDGE_PX && moved < -MEANT_PX && shift > highest) scrollBy(0, -STEP_PX);
    const next = dropIndex(boxes, from, shift);
    rows.forEach((one, index) => {
      const past = Number(index < from && index >= next) - Number(index > from && index <= next);
      one.style.transform = `translateY(${one === row ? shift : past * height}px)`;
    });
    if (next !== to) announce(placeWords(name, next, rows.length));
    to = next;
    frame = requestAnimationFrame(follow);
  };

  /** @param {boolean} dropped */
  const end = (dropped) => {
    over.abort();
    cancelAnimationFrame(frame);
    list.classList.remove("app-rows--sorting");
    row.classList.remove("app-row--held");
    for (const one of rows) one.style.transform = "";
    if (!dropped) announce(`${name} was not moved`);
    else if (to !== from) list.insertBefore(row, rows[to > from ? to + 1 : to] ?? null);
    if (row.isConnected) drop(dropped && to !== from ? to : null);
  };

  /**
   * @param {EventTarget} target
   * @param {string} type
   * @param {(event: any) => unknown} hear
   */
  const hear = (target, type, hear) => target.addEventListener(type, hear, { signal: over.signal });
  hear(handle, "pointermove", (event) => {
    y = event.clientY;
  });
  hear(handle, "pointerup", (event) => {
    y = event.clientY;
    follow();
    if (!over.signal.aborted) end(true);
  });
  hear(handle, "lostpointercapture", () => end(false));
  hear(document, "keydown", (event) => event.key === "Escape" && end(false));
  handle.setPointerCapture(began.pointerId);
  list.classList.add("app-rows--sorting");
  row.classList.add("app-row--held");
  follow();
}

/**
 * @param {string} name
 * @param {number} index
 * @param {number} length
 */
export function placeWords(name, index, length) {
  return `${name} is now ${index + 1} of ${length}`;
}
