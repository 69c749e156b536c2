/**
 * Evaluates cases with the tablet's rules: `hvapp rules run` starts it.
 *
 *   node static/build/rules_run.mjs RULES.json TABLES.json < CASES > ANSWERS
 *
 * A case a line: {"rule": id, "inputs": {...}}; an answer a line: the rule's answer, or {"error": what went wrong}.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openGrowthTables } from "../src/growth/tables.js";
import { evaluate } from "../src/rules/evaluate.js";

const [book, packed] = process.argv.slice(2, 4).map((file) => JSON.parse(readFileSync(file, "utf8")));
const tables = openGrowthTables(packed);

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    const { rule, inputs } = JSON.parse(line);
    said = evaluate(rule, inputs, book, tables);
  } catch (error) {
    said = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
