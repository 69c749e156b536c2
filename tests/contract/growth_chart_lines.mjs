/**
 * The tablet's side of tests/contract/test_growth_chart_lines.py: every centile line of every chart.
 *
 *     node growth_chart_lines.mjs TABLES STEP > LINES
 */

import { readFileSync } from "node:fs";
import { centileLines, stretches } from "../../static/src/growth/chart.js";
import { CHARTS } from "../../static/src/growth/chart-points.js";
import { openGrowthTables } from "../../static/src/growth/tables.js";

const [tablesFile, step] = process.argv.slice(2);
const tables = openGrowthTables(JSON.parse(readFileSync(tablesFile, "utf8")));
const lines = [];
for (const kind of CHARTS) {
  for (const sex of ["male", "female"]) {
    const parts = stretches({ sex, gestationDays: 200 }, kind, tables);
    for (const line of centileLines(parts, [-200, 8000], Number(step))) lines.push({ kind, sex, ...line });
  }
}
process.stdout.write(JSON.stringify(lines));
