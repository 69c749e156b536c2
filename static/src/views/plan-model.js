/** A day's plan as a value: each change gives a new one, so that the one before is there to go back to. */

/**
 * @typedef {import("../store/plan.js").Plan} Plan
 * @typedef {import("../store/plan.js").Stop} Stop
 */

const MINUTE_MS = 60_000;

/**
 * Adds somebody at the end, or changes the time of who is planned already.
 * @param {Plan} plan
 * @param {string} id
 * @param {{at: string | null, minutes: number}} when
 * @returns {Plan}
 */
export function addStop(plan, id, { at, minutes }) {
  if (plan.stops.some((stop) => stop.id === id)) return changeStop(plan, id, { at, minutes });
  const stop = { id, at, minutes, riskSeen: null, arrived: null, left: null };
  return { ...plan, stops: [...plan.stops, stop] };
}

/**
 * @param {Plan} plan
 * @param {string} id
 * @param {Partial<Stop>} edit
 * @returns {Plan}
 */
export function changeStop(plan, id, edit) {
  return { ...plan, stops: plan.stops.map((stop) => (stop.id === id ? { ...stop, ...edit } : stop)) };
}

/**
 * @param {Plan} plan
 * @param {string} id
 * @returns {Plan}
 */
export function removeStop(plan, id) {
  return { ...plan, stops: plan.stops.filter((stop) => stop.id !== id) };
}

/**
 * @param {Plan} plan
 * @param {string} id
 * @param {-1 | 1} by up or down; nothing at the end of the list
 * @returns {Plan}
 */
export function moveStop(plan, id, by) {
  const from = plan.stops.findIndex((stop) => stop.id === id);
  return from < 0 ? plan : placeStop(plan, id, from + by);
}

/**
 * @param {Plan} plan
 * @param {string} id
 * @param {number} to where it then is; nothing for a place that there is not
 * @returns {Plan}
 */
export function placeStop(plan, id, to) {
  const stop = plan.stops.find((one) => one.id === id);
  if (!stop || to < 0 || to >= plan.stops.length) return plan;
  const { stops } = removeStop(plan, id);
  stops.splice(to, 0, stop);
  return { ...plan, stops };
}

/**
 * Where a row that is dragged falls: it has passed another once its edge is beyond the other's middle.
 * @param {{top: number, height: number}[]} boxes of all rows as they lie, from the top
 * @param {number} from which one is dragged
 * @param {number} shift how far down
 */
export function dropIndex(boxes, from, shift) {
  const top = boxes[from].top + shift;
  const bottom = top + boxes[from].height;
  const middles = boxes.map((box) => box.top + box.height / 2);
  const below = middles.slice(from + 1).filter((middle) => middle < bottom).length;
  return from + below - middles.slice(0, from).filter((middle) => middle > top).length;
}

/**
 * Whole minutes there, and whether that is longer than planned; null before arriving and after leaving.
 * @param {Stop} stop
 * @param {number} now
 */
export function timeThere({ arrived, left, minutes }, now) {
  if (!arrived || left) return null;
  const there = Math.max(0, Math.floor((now - Date.parse(arrived)) / MINUTE_MS));
  return { minutes: there, over: there > minutes };
}

/**
 * What has to be read before going in: read once, it has to be read again when it has changed.
 * @param {Stop} stop
 * @param {string | null} risk
 */
export function mustReadRisk({ riskSeen }, risk) {
  return risk !== null && riskSeen !== risk;
}

/** Whether a visit is going on, so that the time there has to be told again. @param {{plan: Plan}} of */
export function isVisiting({ plan }) {
  return plan.stops.some(({ arrived, left }) => arrived && !left);
}
