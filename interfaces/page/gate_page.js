// The operator page: one element, one `update` a tick with everything that moves or changed.

import {
  age, clock, GateMap, kindOf, KINDS, linkWords, offset, OPEN_STATES, OrderList, OrdersTable,
  StationsTable, VehiclesTable, words,
} from "bordergate-page";

const LOST_AFTER_MS = 2500;
const THEME = "bordergate-theme";

export default {
  props: { hasDesk: Boolean },
  components: { OrdersTable, StationsTable, VehiclesTable },
  data: () => ({
    site: null,
    failure: "",
    frame: null,
    orders: [],
    second: 0,
    view: "overview",
    tab: "orders",
    selected: "",
    lost: false,
    theme: localStorage.getItem(THEME) ??
      (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"),
  }),
  computed: {
    views() {
      const [west, east] = this.site.sides;
      return [["overview", "Overview"], ["west", `${west.name} yard`], ["road", "Road"],
        ["east", `${east.name} yard`], ["all", "All to scale"]];
    },
    kinds() {
      const counts = Object.fromEntries(KINDS.map(([kind]) => [kind, 0]));
      for (const vehicle of this.frame?.vehicles ?? []) counts[kindOf(vehicle)] += 1;
      return KINDS.map(([kind, name]) => ({ kind, name, count: counts[kind] }));
    },
    states() {
      const counts = this.frame?.orders.by_state ?? {};
      return OPEN_STATES.map((state) => ({ state, count: counts[state] ?? 0 }));
    },
    open() {
      return this.states.reduce((sum, { count }) => sum + count, 0);
    },
    ended() {
      const counts = this.frame?.orders.by_state ?? {};
      return (counts.failed ?? 0) + (counts.cancelled ?? 0);
    },
    vehicle() {
      return this.frame?.vehicles.find((v) => v.id === this.selected);
    },
  },
  watch: {
    theme(theme) {
      localStorage.setItem(THEME, theme);
      this.$nextTick(() => this.map?.draw());
    },
  },
  async mounted() {
    window.bordergate = { vehicles: {}, stamp: 0, connected: false };
    this.list = new OrderList();
    this.heard = performance.now();
    this.watchdog = setInterval(() => this.check(), 500);
    const answer = await fetch("/api/v1/site").catch(() => null);
    if (!answer?.ok) {
      this.failure = "The site could not be read. Reload the page to try again.";
      return;
    }
    this.site = Object.freeze(await answer.json());
    await this.$nextTick();
    const { host, ground, traffic } = this.$refs;
    this.map = new GateMap(host, ground, traffic, this.site, (id) => this.pick(id));
    if (this.frame) this.map.update(this.frame);
  },
  unmounted() {
    clearInterval(this.watchdog);
    this.map?.close();
  },
  methods: {
    age, clock, linkWords, offset, words,
    // Called by the server once a tick; the answer tells it that the page has kept up.
    update(news) {
      this.heard = performance.now();
      this.frame = Object.freeze(news.frame);
      if (news.orders.length) this.orders = this.list.merge(news.orders);
      this.second = Math.floor(news.frame.stamp / 1000) * 1000;
      this.check();
      window.bordergate.stamp = news.frame.stamp;
      window.bordergate.vehicles = Object.fromEntries(news.frame.vehicles.map((v) => [v.id, v]));
      this.map?.update(news.frame);
      return true;
    },
    check() {
      this.lost = performance.now() - this.heard > LOST_AFTER_MS;
      window.bordergate.connected = !this.lost && this.frame !== null;
    },
    show(view) {
      this.view = view;
      this.map.show(view);
    },
    pick(id) {
      this.selected = this.selected === id ? "" : id;
      this.map?.select(this.selected);
    },
  },
  template: `
  <div class="bg-page" :data-theme="theme" :class="{ 'bg-lost': lost }">
    <header v-if="site">
      <div class="bg-brand"><h1>{{ site.title }}</h1><p>{{ site.road }}</p></div>
      <div class="bg-clocks" v-if="frame">
        <div v-for="s in site.sides" :key="s.name"><b>{{ clock(second, s.utc_offset_h) }}</b>
          <small>{{ s.name }} {{ offset(s.utc_offset_h) }}</small></div>
      </div>
      <span class="bg-live" data-testid="connection" :data-live="!lost && !!frame">
        {{ lost ? "Connection lost" : frame ? "Live" : "Connecting" }}</span>
      <a v-if="hasDesk" class="bg-button" href="/desk">Desk</a>
      <button class="bg-theme" @click="theme = theme === 'dark' ? 'light' : 'dark'">
        {{ theme === "dark" ? "Light" : "Dark" }}</button>
    </header>
    <div v-if="failure || lost" class="bg-banner" role="alert">
      {{ failure || "Connection to the gate lost. What is shown is old" +
        (frame ? ": " + clock(second, 0) + " UTC." : ".") }}
    </div>
    <main v-if="site">
      <section class="bg-map">
        <nav>
          <button v-for="[name, title] in views" :key="name" @click="show(name)"
            :aria-pressed="view === name">{{ title }}</button>
          <span></span>
          <button @click="map.zoom(1.4)" aria-label="Zoom in">+</button>
          <button @click="map.zoom(1 / 1.4)" aria-label="Zoom out">−</button>
        </nav>
        <div ref="host" class="bg-host" data-testid="map">
          <canvas ref="ground"></canvas><canvas ref="traffic"></canvas>
          <dl v-if="vehicle" class="bg-card" data-testid="card">
            <dt>{{ vehicle.id }}</dt><dd>{{ words(vehicle.state) }} {{ vehicle.detail }}</dd>
            <dt>Order</dt><dd>{{ vehicle.order || "none" }}</dd>
            <dt>Load</dt><dd>{{ vehicle.container || "none" }}</dd>
            <template v-if="vehicle.x_m !== null">
              <dt>Speed</dt><dd>{{ vehicle.speed_mps.toFixed(1) }} m/s</dd>
              <dt>Battery</dt><dd>{{ vehicle.battery_pct.toFixed(0) }} %</dd>
              <dt>Position</dt>
              <dd>{{ vehicle.x_m.toFixed(1) }}, {{ vehicle.y_m.toFixed(1) }} m</dd>
              <dt>Signal</dt><dd>{{ vehicle.age_s.toFixed(1) }} s old</dd>
            </template>
            <template v-if="vehicle.service !== 'in'">
              <dt>Service</dt><dd>{{ vehicle.service }}</dd></template>
            <template v-if="vehicle.fault"><dt>Fault</dt><dd>{{ vehicle.fault }}</dd></template>
            <template v-if="vehicle.link">
              <dt>Link</dt><dd class="bg-lines">{{ linkWords(vehicle.link) }}</dd></template>
          </dl>
        </div>
        <ul class="bg-legend">
          <li v-for="k in kinds" :key="k.kind" :data-count="k.count">
            <i class="bg-dot" :data-kind="k.kind"></i>{{ k.name }} <b>{{ k.count }}</b></li>
        </ul>
      </section>
      <aside>
        <div class="bg-tiles">
          <div><b data-testid="open">{{ open }}</b><small>open orders</small></div>
          <div><b data-testid="done">{{ frame ? frame.orders.done_today : 0 }}</b>
            <small>done today</small></div>
          <div><b>{{ ended }}</b><small>failed or cancelled</small></div>
        </div>
        <div class="bg-states">
          <div v-for="s in states" :key="s.state" :data-empty="!s.count">
            <span class="bg-pill" :data-state="s.state">{{ words(s.state) }}</span>
            <b>{{ s.count }}</b></div>
        </div>
        <div class="bg-tabs" role="tablist">
          <button v-for="[name, title] in [['orders', 'Orders'], ['vehicles', 'AGVs'],
            ['stations', 'Lanes, cranes, booths']]" :key="name" role="tab"
            :aria-selected="tab === name" @click="tab = name">{{ title }}</button>
        </div>
        <OrdersTable v-if="tab === 'orders'" :orders="orders" :now="second" :selected="selected"
          @pick="pick"></OrdersTable>
        <VehiclesTable v-else-if="tab === 'vehicles'" :vehicles="frame ? frame.vehicles : []"
          :selected="selected" @pick="pick"></VehiclesTable>
        <StationsTable v-else :stations="frame ? frame.stations : []" :sides="site.sides"
          :lanes="frame ? frame.lanes : []"></StationsTable>
      </aside>
    </main>
  </div>`,
};
