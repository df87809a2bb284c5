// Colours, and the words for what an AGV is doing. Every colour also has a word beside it.

export const KINDS = [
  ["loaded", "loaded"],
  ["empty", "under way empty"],
  ["charging", "charging"],
  ["idle", "free"],
  ["silent", "no signal"],
  ["fault", "fault"],
];

export const SIGNAL_AGE_MAX_S = 3;
const REFUSAL_NEW_S = 60;

export function linkKind(link) {
  if (!link.connected) return "lost";
  return link.refusal_age_s < REFUSAL_NEW_S ? "new" : "old";
}

export function kindOf(vehicle) {
  if (vehicle.fault || /fault|fail|emergency/i.test(vehicle.state)) return "fault";
  if (vehicle.x_m === null || vehicle.age_s > SIGNAL_AGE_MAX_S) return "silent";
  if (/starting|unknown|lost/i.test(vehicle.state)) return "silent";
  if (/charg/i.test(vehicle.state) || /charg/i.test(vehicle.detail)) return "charging";
  if (vehicle.container) return "loaded";
  if (vehicle.order || /driving|crossing|waiting/.test(vehicle.state) || Math.abs(vehicle.speed_mps) > 0.05) return "empty";
  return "idle";
}

export function stationKind(station) {
  if (station.fault || /fault|fail/i.test(station.state)) return "fault";
  if (/starting|unknown|lost/i.test(station.state)) return "silent";
  if (station.age_s !== null && station.age_s > SIGNAL_AGE_MAX_S) return "silent";
  if (station.activity && station.activity !== "idle") return "busy";
  return /idle|free|ready/i.test(station.state) ? "idle" : "busy";
}

export function laneKind(lane) {
  if (/fault|fail|blocked/i.test(lane.state)) return "fault";
  if (/starting|unknown|lost/i.test(lane.state)) return "silent";
  if (/closed|closing|drain|reversing/i.test(lane.state)) return "closed";
  return "open";
}

const NAMES = [
  "canvas", "pane", "road", "leg", "lane", "bay", "border", "text", "dim", "loaded", "empty",
  "charging", "idle", "silent", "fault", "busy", "box", "halo",
];

// The palette in force, read from the style sheet, which knows light and dark.
export function palette(element) {
  const style = getComputedStyle(element);
  return Object.fromEntries(NAMES.map((n) => [n, style.getPropertyValue(`--${n}`).trim()]));
}
