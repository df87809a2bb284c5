// Times, ages and the order of lists.

export const OPEN_STATES = [
  "queued", "assigned", "to_pickup", "loading", "carrying", "scanning", "crossing", "unloading",
];
const FINISHED_KEPT = 100;

export function isOpen(order) {
  return OPEN_STATES.includes(order.state);
}

export function clock(stamp_ms, offset_h) {
  return new Date(stamp_ms + offset_h * 3600e3).toISOString().slice(11, 19);
}

export function offset(offset_h) {
  const sign = offset_h < 0 ? "−" : "+";
  const minutes = Math.round(Math.abs(offset_h) * 60);
  const rest = minutes % 60 ? `:${String(minutes % 60).padStart(2, "0")}` : "";
  return `UTC${sign}${Math.floor(minutes / 60)}${rest}`;
}

export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

export function words(state) {
  return state.replaceAll("_", " ");
}

// A link that is worth a remark, in a word and in full.
export function linkWord(link) {
  return link.connected ? "refused" : "no link";
}

export function linkWords(link) {
  const counts = Object.entries(link.counts).map(([name, count]) => `${name}: ${count}`);
  const refusal = link.refusal && `refused ${age(link.refusal_age_s * 1000)} ago: ${link.refusal}`;
  return [link.connected ? "" : "not connected", refusal, ...counts].filter(Boolean).join("\n");
}

// Merges changed orders into those known: under way first, then queued, then the last finished.
export class OrderList {
  constructor() {
    this.known = new Map();
  }

  merge(changed) {
    for (const order of changed) this.known.set(order.id, order);
    const rank = (o) => (o.state === "queued" ? 1 : isOpen(o) ? 0 : 2);
    const sorted = [...this.known.values()].sort(
      (a, b) => rank(a) - rank(b) || (rank(a) === 2 ? b.changed - a.changed : a.created - b.created),
    );
    const kept = [];
    let finished = 0;
    for (const order of sorted) {
      if (isOpen(order) || finished++ < FINISHED_KEPT) kept.push(order);
      else this.known.delete(order.id);
    }
    return Object.freeze(kept);
  }
}
