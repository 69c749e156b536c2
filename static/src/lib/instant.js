/**
 * An instant as the record writes it, with the offset of the place: "2026-05-03T10:05:00+01:00".
 * @param {Date} instant
 */
export function isoWithOffset(instant) {
  const east = -instant.getTimezoneOffset();
  const local = new Date(instant.getTime() + east * 60_000).toISOString().slice(0, 19);
  const size = Math.abs(east);
  return `${local}${east < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}
