/** The tablet's rules, gathered for bench/rules.py to time in a browser. */

import { assess } from "../static/src/growth/lms.js";
import { openGrowthTables } from "../static/src/growth/tables.js";
import { nextContact } from "../static/src/rules/contacts.js";
import { interval } from "../static/src/rules/development.js";
import { fall, tooSoon } from "../static/src/rules/growth.js";
import { workOut } from "../static/src/rules/immunisations.js";

/** @type {any} */
let kept;

/** @param {any} data {rules, tables, children, today} */
export function prepare(data) {
  kept = { ...data, tables: openGrowthTables(data.tables) };
}

/** Milliseconds for every rule and due date of every child, as after a day has passed. */
export function everyChild() {
  const { rules, tables, children, today } = kept;
  const begun = performance.now();
  let found = 0;
  for (const child of children) {
    const { birthDate, sex, gestationDays, history, weights, done } = child;
    const [atBirth, last] = [weights[0], weights.at(-1)].map(({ value, on: measuredOn }) => {
      const measurement = { kind: "weight", value, measuredOn, birthDate, sex, gestationDays };
      return assess(/** @type {any} */ (measurement), tables).sds;
    });
    const given = {
      date_of_birth: birthDate,
      on: today,
      age_days: 400,
      gestation_weeks: Math.floor(gestationDays / 7),
      gestation_days: gestationDays % 7,
      last_weighed_on: weights.at(-1).on,
      history,
    };
    if (nextContact({ birthDate, done, today }, rules.contacts)) found += 1;
    found += workOut(given, rules.immunisations).doses.length;
    if (atBirth !== null && last !== null && fall(atBirth, last, rules.limits.G7)) found += 1;
    if (tooSoon(given, rules.limits.G8)) found += 1;
    if (interval(given, rules.limits.D2, rules.asq)) found += 1;
  }
  return { took: performance.now() - begun, found };
}

/** Milliseconds for one growth result, the mean of each child's last weight. */
export function oneGrowthResult() {
  const { tables, children } = kept;
  const begun = performance.now();
  for (const { birthDate, sex, gestationDays, weights } of children) {
    const { value, on: measuredOn } = weights.at(-1);
    assess({ kind: "weight", value, measuredOn, birthDate, sex, gestationDays }, tables);
  }
  return (performance.now() - begun) / children.length;
}
