/**
 * Overdue immunisations, worked out on the tablet: they change with the day though nothing arrives. Loaded after the first
 * screen, which does not wait for the schedule.
 */

import { doseName, workOut } from "../rules/immunisations.js";

/** @type {WeakMap<object, {day: string, names: string[]}>} a record's answer holds for the day */
const known = new WeakMap();

/**
 * The doses that are overdue, by name. None where the service has not told what is on record.
 * @param {Record<string, any>} child
 * @param {string} day
 * @param {import("../rules/immunisations.js").Schedule} schedule
 * @returns {string[]}
 */
export function overdueDoses(child, day, schedule) {
  if (!child.immunisations || !child.birth_date || child.deceased_on || day < child.birth_date) return [];
  const found = known.get(child);
  if (found?.day === day) return found.names;
  const given = { date_of_birth: child.birth_date, on: day, history: child.immunisations };
  const names = workOut(given, schedule)
    .doses.filter(({ state }) => state === "overdue")
    .map(doseName);
  known.set(child, { day, names });
  return names;
}
