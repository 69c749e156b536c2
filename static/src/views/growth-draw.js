/** A growth chart on the page: the picture, and the same measurements as a table. */

import { readDecimal } from "../forms/answers.js";
import { sdsText } from "../forms/wording.js";
import { layOut } from "../growth/chart.js";
import { ageText, formatDate } from "../lib/dates.js";
import { el } from "./dom.js";
import { measured } from "./words.js";

/**
 * @typedef {import("../growth/chart-points.js").ChartPoint} ChartPoint
 * @typedef {Omit<Parameters<typeof layOut>[0], "width" | "height">} Asked
 */

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 40;
const RIGHT = 46;
const TOP = 26;
const BOTTOM = 44;
const LEAST_WIDTH = 240;
const SHAPE = 0.72;
const HEIGHTS = [280, 560];
const TICK = 4;
const LABEL = 18;
const TITLE = 38;
const ARM = 4.5;

/**
 * @param {Asked} asked
 * @param {object} drawing
 * @param {number} drawing.room pixels across
 * @param {string} drawing.label what the picture shows, in words
 * @param {string} drawing.measure what is measured and its unit, along the upright axis
 * @param {boolean} drawing.joined whether one measurement is joined to the next
 */
export function drawChart(asked, { room, label, measure, joined }) {
  const across = Math.max(room, LEAST_WIDTH);
  const down = Math.round(Math.min(Math.max(across * SHAPE, HEIGHTS[0]), HEIGHTS[1]));
  const width = across - LEFT - RIGHT;
  const height = down - TOP - BOTTOM;
  const chart = layOut({ ...asked, width, height });
  const plot = svg("svg", { x: LEFT, y: TOP, width, height, "aria-hidden": "true" });
  plot.append(
    ...chart.lines.map(({ d, dashed }) =>
      svg("path", { d, class: dashed ? "app-chart__line app-chart__line--dashed" : "app-chart__line" }),
    ),
    ...chart.changes.map((x) => svg("path", { d: `M${x} 0V${height}`, class: "app-chart__change" })),
    ...(joined ? [svg("path", { d: chart.joined, class: "app-chart__joined" })] : []),
    ...chart.points.flatMap(mark),
  );
  const axes = [
    svg("path", { d: `M${LEFT} ${TOP}V${TOP + height}H${LEFT + width}`, class: "app-chart__axis" }),
    ...chart.ageTicks.flatMap(({ x, label: words }) => ageTick(LEFT + x, TOP + height, words)),
    ...chart.valueTicks.map(({ y, label: words }) => text(LEFT - 6, TOP + y + 4, words, "end")),
    ...chart.names.map(({ x, y, text: words }) => text(LEFT + x + 4, TOP + y + 4, words, "start")),
    text(2, 14, measure, "start"),
  ];
  if (chart.gestation) axes.push(text(LEFT, TOP + height + TITLE, "Weeks of gestation", "start"));
  axes.push(text(across - RIGHT, TOP + height + TITLE, "Age", "end"));
  const picture = svg("svg", {
    viewBox: `0 0 ${across} ${down}`,
    class: "app-chart",
    role: "img",
    "aria-label": label,
  });
  picture.append(plot, ...axes);
  return picture;
}

/** @param {import("../growth/chart.js").Chart["points"][number]} point a dot at the age from birth, a cross at the corrected age */
function mark({ dot, cross }) {
  const marks = [];
  if (dot && cross) {
    marks.push(svg("path", { d: `M${dot.x} ${dot.y}L${cross.x} ${cross.y}`, class: "app-chart__link" }));
  }
  if (dot) marks.push(svg("circle", { cx: dot.x, cy: dot.y, r: 4, class: "app-chart__dot" }));
  if (cross) {
    const d = `M${cross.x - ARM} ${cross.y - ARM}l${2 * ARM} ${2 * ARM}m0 ${-2 * ARM}l${-2 * ARM} ${2 * ARM}`;
    marks.push(svg("path", { d, class: "app-chart__cross" }));
  }
  return marks;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} words none at a small tick
 */
function ageTick(x, y, words) {
  const tick = svg("path", { d: `M${x} ${y}v${words ? 2 * TICK : TICK}`, class: "app-chart__axis" });
  return words ? [tick, text(x, y + LABEL + 4, words, "middle")] : [tick];
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} words
 * @param {"start" | "middle" | "end"} anchor
 */
function text(x, y, words, anchor) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * Newest first.
 * @param {ChartPoint[]} points
 * @param {string} birthDate
 */
export function pointTable(points, birthDate) {
  const head = ["Date", "Measured", "Age", "Corrected age", "Centile", "SDS"];
  const rows = [...points].reverse().map((point) => {
    const { on, days, result } = point;
    const band = result.band.charAt(0).toUpperCase() + result.band.slice(1);
    return el(
      "tr",
      {},
      el("td", {}, `${formatDate(on)}${point.unsent ? ", this visit" : ""}`),
      el("td", { class: "app-nowrap" }, valueWords(point)),
      el("td", {}, days === 0 ? "At birth" : ageText(birthDate, on)),
      el("td", {}, correctedWords(point)),
      el("td", {}, band || `No reference: ${result.noReference}`),
      el("td", { class: "app-nowrap" }, sdsWords(result.sds)),
    );
  });
  return el(
    "table",
    { class: "app-table" },
    el("thead", {}, el("tr", {}, ...head.map((words) => el("th", { scope: "col" }, words)))),
    el("tbody", {}, ...rows),
  );
}

/** @param {ChartPoint} point */
function correctedWords({ correctedText, days, result }) {
  if (correctedText !== null) return correctedText;
  if (result.correctedAgeDays === null) return "Not known";
  return result.correctedAgeDays === days ? "The same" : "Not used";
}

/** @param {number | null} sds */
function sdsWords(sds) {
  const number = sds === null ? null : readDecimal(sds.toFixed(12));
  return number === null ? "" : sdsText(number);
}

/** @param {ChartPoint} point */
export function valueWords({ kind, value }) {
  return measured(kind, kind === "bmi" ? Number(value).toFixed(1) : value);
}
