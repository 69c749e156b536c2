/** The growth tables, opened once for every screen that asks for a centile. */

import { openGrowthTables } from "../growth/tables.js";
import { api } from "../sync/api.js";

/** @type {import("../growth/tables.js").GrowthTables | null} */
let tables = null;

/** @returns {Promise<import("../growth/tables.js").GrowthTables>} */
export async function growthTables() {
  tables ??= openGrowthTables(await api.loadData("growth/uk-who.json"));
  return tables;
}
