/**
 * A growth reference anyone can check by hand: SDS = (value - middle) / spread, and a tenth more for each whole fortnight
 * before term where that is corrected for.
 * @param {{[kind: string]: [number, number]}} reference
 * @returns {import("../../../static/src/forms/facts.js").Assess}
 */
export function standInGrowth(reference) {
  return ({ kind, value, measuredOn, birthDate, sex, gestationDays = null, method = "digital" }) => {
    const ageDays = Math.round((Date.parse(measuredOn) - Date.parse(birthDate)) / 86_400_000);
    const known = sex === "male" || sex === "female";
    const [middle, spread] = reference[kind];
    const early = gestationDays === null || method === "paper" ? 0 : Math.floor((280 - gestationDays) / 14);
    return {
      sds: known ? (Number(value) - middle) / spread + early / 10 : null,
      centile: known ? 50.3 : null,
      band: known ? "on the 50th centile" : "",
      method: gestationDays === null ? "chronological" : method,
      ageDays,
      correctedAgeDays: gestationDays === null ? null : ageDays - (280 - gestationDays),
      reference: "stand-in",
      noReference: known ? null : "No reference",
      engine: "stand-in 1",
    };
  };
}
