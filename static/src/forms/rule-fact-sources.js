/**
 * The facts that clinical rules count for a form, each with the fields it is counted from.
 * `hvapp/domain/forms/rule_fact_sources.py` lists the same.
 */

export const ASQ_AREAS = ["communication", "gross_motor", "fine_motor", "problem_solving", "personal_social"];

/**
 * @param {import("./definition.js").Field[]} fields
 * @returns {[string, string[]][]}
 */
export function ruleFactSources(fields) {
  const only = (/** @type {string[]} */ ...ids) =>
    ids.filter((id) => fields.some((field) => field.id === id));
  const measured = (/** @type {string} */ kind, atBirth = false) =>
    fields.find(({ measure }) => measure?.kind === kind && (measure.at_birth === true) === atBirth)?.id;
  const started = only("started_at");
  const pregnancy = only("gestation_days", "gestation_weeks");
  const [weight, head, height] = ["weight", "ofc", "height"].map((kind) => measured(kind));
  const birth = measured("weight", true);
  /** @type {[string, string[]][]} */
  const sources = [["contact_window", [...started, ...only("edd")]]];
  if (weight) {
    const from = [weight, ...(birth ? [birth] : []), ...started, ...pregnancy];
    sources.push(["weight_fall_spaces", from], ["growth_falter", from]);
    sources.push(["weighed_too_soon", [weight, ...started]], ["next_weighing_from", [weight, ...started]]);
  }
  if (head) sources.push(["head_rise_spaces", [head, ...started, ...pregnancy]]);
  if (weight && height) sources.push(["sds.bmi", [weight, height, ...started, ...pregnancy]]);
  if (only("imm_decision").length) {
    const from = [...only("imm_decision", "imm_history"), ...started];
    sources.push(["immunisations_on_record", []]);
    sources.push(["immunisations_overdue", from], ["immunisations_due", from]);
  }
  if (only("asq_interval").length) {
    const areas = fields
      .filter(({ id }) => ASQ_AREAS.some((area) => id === `asq_${area}`))
      .map(({ id }) => id);
    for (const name of ["asq_refer", "asq_unconfirmed"]) sources.push([name, ["asq_interval", ...areas]]);
    sources.push(["asq_interval_due", [...started, ...pregnancy]]);
    sources.push(["asq_interval_fits", ["asq_interval", ...started, ...pregnancy]]);
  }
  return sources;
}
