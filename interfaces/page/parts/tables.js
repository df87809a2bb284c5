// The lists beside the map. All text goes through Vue's interpolation, which escapes it.

import { kindOf, KINDS, laneKind, linkKind, stationKind } from "./looks.js";
import { age, isOpen, linkWord, linkWords, words } from "./words.js";

const ROWS_MAX = 250;

export const OrdersTable = {
  props: ["orders", "now", "selected"],
  emits: ["pick"],
  data: () => ({ sought: "" }),
  computed: {
    found() {
      const sought = this.sought.trim().toLowerCase();
      return this.orders.filter((o) => !sought ||
        `${o.id} ${o.container} ${o.vehicle} ${o.state}`.toLowerCase().includes(sought));
    },
    rows() {
      return this.found.slice(0, ROWS_MAX);
    },
  },
  methods: { age, words, isOpen },
  template: `
    <div class="bg-list">
      <input v-model="sought" class="bg-search" type="search" aria-label="Find orders"
        placeholder="Find order, container, AGV or state">
      <table data-testid="orders">
        <thead><tr><th>Order</th><th>Container</th><th>Way</th><th>State</th><th>AGV</th>
          <th class="bg-num">Age</th></tr></thead>
        <tbody>
          <tr v-for="o in rows" :key="o.id" :data-order="o.id" @click="$emit('pick', o.vehicle)"
            :class="{ 'bg-ended': !isOpen(o), 'bg-picked': o.vehicle && o.vehicle === selected }">
            <td :title="o.id" class="bg-id">{{ o.id }}</td>
            <td class="bg-mono">{{ o.container }}</td>
            <td class="bg-way">{{ o.from }}→{{ o.to }}</td>
            <td><span class="bg-pill" :data-state="o.state" :title="o.reason">
              {{ words(o.state) }}</span></td>
            <td class="bg-mono">{{ o.vehicle.replace(/^AGV-/, "") || "–" }}</td>
            <td class="bg-num">{{ age((isOpen(o) ? now : o.changed) - o.created) }}</td>
          </tr>
        </tbody>
      </table>
      <p v-if="!rows.length" class="bg-none">
        {{ sought ? "No order matches." : "No orders yet." }}</p>
      <p v-if="found.length > rows.length" class="bg-none">
        {{ found.length - rows.length }} more; narrow the search.</p>
    </div>`,
};

export const VehiclesTable = {
  props: ["vehicles", "selected"],
  emits: ["pick"],
  methods: {
    kindOf,
    linkKind,
    linkWord,
    linkWords,
    words,
    label(vehicle) {
      return KINDS.find(([kind]) => kind === kindOf(vehicle))[1];
    },
  },
  template: `
    <div class="bg-list">
      <table data-testid="vehicles">
        <thead><tr><th>AGV</th><th>State</th><th>Load</th><th class="bg-num">km/h</th>
          <th>Battery</th></tr></thead>
        <tbody>
          <tr v-for="v in vehicles" :key="v.id" :data-vehicle="v.id" @click="$emit('pick', v.id)"
            :class="{ 'bg-picked': v.id === selected }">
            <td class="bg-mono">{{ v.id.replace(/^AGV-/, "") }}</td>
            <td :title="v.fault || v.detail"><i class="bg-dot" :data-kind="kindOf(v)"></i>
              {{ kindOf(v) === "fault" || kindOf(v) === "silent" ? label(v) : words(v.state) }}
              <small v-if="v.service !== 'in'">{{ v.service }}</small>
              <small v-if="v.link" class="bg-link" :data-kind="linkKind(v.link)"
                :title="linkWords(v.link)">{{ linkWord(v.link) }}</small></td>
            <td class="bg-mono">{{ v.container || "–" }}</td>
            <td class="bg-num">{{ v.speed_mps === null ? "–" : (v.speed_mps * 3.6).toFixed(0) }}</td>
            <td><span class="bg-bar" :data-low="v.battery_pct !== null && v.battery_pct < 20">
              <b :style="{ width: (v.battery_pct ?? 0) + '%' }"></b></span>
              <small>{{ v.battery_pct === null ? "–" : v.battery_pct.toFixed(0) + " %" }}</small>
            </td>
          </tr>
        </tbody>
      </table>
    </div>`,
};

export const StationsTable = {
  props: ["stations", "lanes", "sides"],
  data: () => ({ refused: "", asking: "" }),
  methods: {
    commands(lane) {
      const mode = lane.ordered ?? "open";
      const turns = lane.ordered_side !== null && lane.ordered_side !== lane.side;
      return [
        ["open", "Open", mode !== "open"],
        ["close", "Close", mode !== "closed"],
        ["reverse", "Reverse", mode !== "blocked" && !turns],
        ["block", "Block", mode !== "blocked"],
      ].filter(([, , possible]) => possible);
    },
    // The side is named, so that a request that is repeated does not turn the lane back.
    async command(lane, command) {
      const way = command === "reverse" ? `?from_side=${this.other(lane.side)}` : "";
      this.asking = lane.id;
      this.refused = "";
      const path = `/api/v1/lanes/${encodeURIComponent(lane.id)}/${command}${way}`;
      const answer = await fetch(path, { method: "POST" }).catch(() => null);
      this.asking = "";
      if (answer?.ok) return;
      const problem = await answer?.json().catch(() => null);
      this.refused = problem?.detail ?? `Lane ${lane.id}: the gate did not answer. Try again.`;
    },
    laneKind,
    linkKind,
    linkWord,
    linkWords,
    stationKind,
    words,
    other(side) {
      return this.sides.find((s) => s.name !== side)?.name ?? "?";
    },
  },
  template: `
    <div class="bg-list">
      <table data-testid="lanes">
        <thead><tr><th>Lane</th><th>Way</th><th>State</th><th>Detail</th><th></th></tr></thead>
        <tbody><tr v-for="l in lanes" :key="l.id" :data-lane="l.id">
          <td class="bg-mono">{{ l.id }}</td><td class="bg-way">{{ l.side }}→{{ other(l.side) }}</td>
          <td><i class="bg-dot" :data-kind="laneKind(l)"></i> {{ words(l.state) }}</td>
          <td>{{ l.detail || "–" }}</td>
          <td class="bg-commands"><button v-for="[name, title] in commands(l)" :key="name"
            :aria-label="title + ' lane ' + l.id" :disabled="asking === l.id"
            @click="command(l, name)">{{ title }}</button></td></tr></tbody>
      </table>
      <p v-if="refused" class="bg-refused" role="status">{{ refused }}</p>
      <table data-testid="stations">
        <thead><tr><th>Device</th><th>State</th><th>Does</th><th>Detail</th></tr></thead>
        <tbody><tr v-for="s in stations" :key="s.id" :data-station="s.id">
          <td class="bg-mono">{{ s.id }}</td>
          <td :title="s.fault"><i class="bg-dot" :data-kind="stationKind(s)"></i>
            {{ words(s.state) }}
            <small v-if="s.service !== 'in'">{{ s.service }}</small>
            <small v-if="s.link" class="bg-link" :data-kind="linkKind(s.link)"
              :title="linkWords(s.link)">{{ linkWord(s.link) }}</small></td>
          <td>{{ s.activity ? words(s.activity) : "–" }}
            <small v-if="s.activity && s.activity !== 'idle'">
              {{ (s.progress * 100).toFixed(0) }} %</small></td>
          <td>{{ s.detail || "–" }}</td></tr></tbody>
      </table>
    </div>`,
};
