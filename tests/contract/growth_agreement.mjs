/**
 * The tablet's side of tests/contract/test_growth_agreement.py.
 *
 *     node growth_agreement.mjs TABLES CASES > ANSWERS
 *
 * Answers every case, and gives back every decoded table so that it can be compared value by value.
 */

import { readFileSync } from "node:fs";
import { assess, derivedValue } from "../../static/src/growth/lms.js";
import { openGrowthTables } from "../../static/src/growth/tables.js";
import { ageText, correctedAgeText } from "../../static/src/lib/dates.js";

const [tablesFile, casesFile] = process.argv.slice(2);
const packed = JSON.parse(readFileSync(tablesFile, "utf8"));
const tables = openGrowthTables(packed);

const answers = JSON.parse(readFileSync(casesFile, "utf8")).map((measurement) => {
  const { birthDate, measuredOn, gestationDays } = measurement;
  const result = assess(measurement, tables);
  return {
    ...result,
    derived: derivedValue(result),
    ageText: ageText(birthDate, measuredOn),
    correctedAgeText: correctedAgeText(birthDate, gestationDays, measuredOn),
  };
});

const decoded = {};
for (const [kind, sexes] of Object.entries(packed.tables)) {
  for (const [sex, parts] of Object.entries(sexes)) {
    for (const part of Object.keys(parts)) {
      const table = tables.table(kind, sex, part);
      decoded[`${kind}/${sex}/${part}`] = Object.fromEntries(
        Object.entries(table).map(([column, values]) => [column, Array.from(values)]),
      );
    }
  }
}

process.stdout.write(JSON.stringify({ answers, decoded }));
