/**
 * The UK-WHO growth tables, as `static/build/growth_tables.py` writes them. Nothing is decoded until a table is
 * first asked for, so opening the app costs no more than parsing the file.
 */

const FORMAT = 1;

/**
 * @typedef {{by: number, order: number, ints: number[]}} Column whole numbers over one divisor, as differences
 * @typedef {{rows: number, age: number, L: Column, M: Column, S: Column}} PackedTable
 * @typedef {{format: number, reference: string, source: string, ages: Column[],
 *   tables: Record<string, Record<string, Record<string, PackedTable>>>}} PackedTables
 * @typedef {{ages: Float64Array, l: Float64Array, m: Float64Array, s: Float64Array}} LmsTable
 * @typedef {"uk90_preterm" | "who_infant" | "who_child" | "uk90_child"} Part
 * @typedef {{reference: string, source: string,
 *   table: (kind: string, sex: string, part: Part) => LmsTable | null}} GrowthTables
 */

/**
 * @param {PackedTables} packed
 * @returns {GrowthTables}
 */
export function openGrowthTables(packed) {
  if (packed.format !== FORMAT) throw new Error(`growth tables of format ${packed.format}, not ${FORMAT}`);
  /** @type {Map<string, LmsTable | null>} */
  const decoded = new Map();
  return {
    reference: packed.reference,
    source: packed.source,
    table(kind, sex, part) {
      const key = `${kind}/${sex}/${part}`;
      let table = decoded.get(key);
      if (table === undefined) {
        table = decode(packed, packed.tables[kind]?.[sex]?.[part]);
        decoded.set(key, table);
      }
      return table;
    },
  };
}

/**
 * @param {PackedTables} packed
 * @param {PackedTable | undefined} table
 * @returns {LmsTable | null}
 */
function decode(packed, table) {
  if (table === undefined) return null;
  const { rows } = table;
  return {
    ages: values(packed.ages[table.age], rows),
    l: values(table.L, rows),
    m: values(table.M, rows),
    s: values(table.S, rows),
  };
}

/**
 * Running totals undo the differences, last pass first. The totals stay whole numbers below 2^53 and one division
 * makes each value, so it is the very double the reference was published as.
 * @param {Column} column
 * @param {number} rows
 */
function values({ by, order, ints }, rows) {
  const column = new Float64Array(rows);
  column.set(ints);
  for (let start = order - 1; start >= 0; start -= 1) {
    for (let row = start + 1; row < rows; row += 1) column[row] += column[row - 1];
  }
  return column.map((whole) => whole / by);
}
