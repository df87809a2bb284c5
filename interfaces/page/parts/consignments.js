// The list of consignments beside the officer's desk.

import { words } from "./words.js";

const ROWS_MAX = 250;

export const FILTERS = [
  ["mine", "Waits for me"], ["held", "Held"], ["open", "Open"], ["ended", "Ended"],
];

// Whether this caller's word is awaited: his role's, on his side.
export function isMine(entry, me) {
  return entry.role === me.role && entry.side === me.side;
}

// Whether the caller is an officer of one side: others decide about no consignment.
export function decides(me) {
  return !["viewer", "engineer", "enterprise"].includes(me.role) && me.side !== "*";
}

export const ConsignmentsTable = {
  props: ["consignments", "me", "selected", "filter"],
  emits: ["pick", "filter"],
  data: () => ({ sought: "", filters: FILTERS }),
  computed: {
    found() {
      const sought = this.sought.trim().toLowerCase();
      return this.consignments.filter((c) => this.passes(c, this.filter) && (!sought ||
        `${c.id} ${c.goods.container} ${c.goods.plate} ${c.number ?? ""} ${c.state ?? ""}`
          .toLowerCase().includes(sought)));
    },
    rows() {
      return this.found.slice(0, ROWS_MAX);
    },
  },
  methods: {
    words,
    passes(c, filter) {
      switch (filter) {
        case "mine": return c.awaits.some((entry) => isMine(entry, this.me));
        case "held": return c.holds.length > 0 && !c.ended;
        case "ended": return c.ended !== null;
        default: return c.ended === null;
      }
    },
    count(filter) {
      return this.consignments.filter((c) => this.passes(c, filter)).length;
    },
    waits(c) {
      if (c.ended) return c.ended;
      if (c.holds.length) return `held: ${c.holds.map((h) => words(h.kind)).join(", ")}`;
      return c.next ? words(c.next) : "–";
    },
  },
  template: `
    <div class="bg-tabs" role="tablist">
      <button v-for="[name, title] in filters" :key="name" role="tab"
        :aria-selected="filter === name" @click="$emit('filter', name)">{{ title }}
        <small>{{ count(name) }}</small></button>
    </div>
    <div class="bg-list">
      <input v-model="sought" class="bg-search" type="search" aria-label="Find consignments"
        placeholder="Find consignment, container, plate, number">
      <table data-testid="consignments">
        <thead><tr><th>Consignment</th><th>Way</th><th>Waits for</th></tr></thead>
        <tbody>
          <tr v-for="c in rows" :key="c.id" :data-consignment="c.id" @click="$emit('pick', c.id)"
            @keydown.enter="$emit('pick', c.id)" tabindex="0"
            :class="{ 'bg-ended': c.ended, 'bg-picked': c.id === selected }">
            <td class="bg-two"><b>{{ c.id }}</b>
              <small class="bg-mono">{{ c.goods.container }}</small></td>
            <td class="bg-two">{{ c.goods.from_side }}→{{ c.goods.to_side }}
              <small><i class="bg-channel" :data-channel="c.channel"></i>
                {{ c.channel ?? "no channel" }}</small></td>
            <td class="bg-wrap" :data-held="c.holds.length > 0 && !c.ended">{{ waits(c) }}</td>
          </tr>
        </tbody>
      </table>
      <p v-if="!rows.length" class="bg-none">
        {{ sought ? "No consignment matches." : "None at this moment." }}</p>
      <p v-if="found.length > rows.length" class="bg-none">
        {{ found.length - rows.length }} more; narrow the search.</p>
    </div>`,
};
