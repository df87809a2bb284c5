// The border desk: consignments, what is known of one of them, its image, and the officer's words.

import {
  age, clock, ConsignmentsTable, decides, DecisionForm, InspectionView, offset, read, words,
} from "bordergate-page";

const POLL_MS = 2000;
const LIST = "/consignments?limit=500";
const THEME = "bordergate-theme";

export default {
  components: { ConsignmentsTable, DecisionForm, InspectionView },
  data: () => ({
    site: null,
    me: { name: "", role: "viewer", side: "" },
    consignments: [],
    filter: "open",
    selected: decodeURIComponent(location.hash.slice(1)),
    whole: null,
    inspection: null,
    failure: "",
    theme: localStorage.getItem(THEME) ??
      (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"),
  }),
  watch: {
    theme(theme) {
      localStorage.setItem(THEME, theme);
    },
  },
  computed: {
    facts() {
      const { goods, number, declared_by, custody, order } = this.whole;
      return [
        ["Way", `${goods.from_side} → ${goods.to_side}`],
        ["Goods", `HS ${goods.hs} of ${goods.origin}${goods.perishable ? ", perishable" : ""}`],
        ["Container", [goods.container, goods.twin_container, goods.size_type]
          .filter(Boolean).join(" ")],
        ["Seal", goods.seal],
        ["Weight", `${goods.weight_kg.toLocaleString("en")} kg`],
        ["Truck", goods.plate],
        ["Number", number ?? "none yet"],
        ["Declared by", declared_by || "an enterprise of the other side"],
        ["Custody", custody ?? "nobody at the gate"],
        ["Order", order ?? "none"],
      ];
    },
  },
  async mounted() {
    try {
      [this.site, this.me] = await Promise.all([read("/site"), read("/me")]);
    } catch (error) {
      this.failure = `${error.message} Reload the page.`;
      return;
    }
    if (decides(this.me)) this.filter = "mine";
    this.poll();
  },
  unmounted() {
    clearTimeout(this.timer);
    this.ended = true;
  },
  methods: {
    age, clock, offset, words,
    // Rounds follow each other: a slow gate is not asked twice at a time.
    async poll() {
      await this.refresh();
      if (!this.ended) this.timer = setTimeout(() => this.poll(), POLL_MS);
    },
    async refresh() {
      try {
        const page = await read(LIST);
        this.consignments = Object.freeze(page.items);
        await this.look();
        this.failure = "";
      } catch (error) {
        this.failure = error.message;
      }
    },
    async look() {
      const id = this.selected;
      if (!id) return;
      const path = encodeURIComponent(id);
      const [whole, inspection] = await Promise.all(
        [read(`/consignments/${path}`), read(`/inspections/${path}`)]);
      if (id !== this.selected) return; // another one was picked meanwhile
      this.whole = whole && Object.freeze(whole);
      this.inspection = inspection && Object.freeze(inspection);
    },
    async pick(id) {
      Object.assign(this, { selected: id, whole: null, inspection: null });
      history.replaceState(null, "", `#${encodeURIComponent(id)}`);
      await this.look().catch((error) => (this.failure = error.message));
    },
    local(at, side) {
      const hours = this.site.sides.find((s) => s.name === side)?.utc_offset_h ?? 0;
      return `${clock(Date.parse(at), hours)} ${offset(hours)}`;
    },
    both(at) {
      return this.site.sides.map((s) => `${s.name} ${clock(Date.parse(at), s.utc_offset_h)}`)
        .join(", ");
    },
  },
  template: `
  <div class="bg-page bg-desk" :data-theme="theme">
    <header v-if="site">
      <div class="bg-brand"><h1>Border desk</h1><p>{{ site.title }}</p></div>
      <span data-testid="me">{{ me.name ? me.name + ", " + words(me.role) +
        (me.side === "*" ? "" : " of " + me.side) : "reading only" }}</span>
      <a class="bg-button" href="/">Map</a>
      <button class="bg-theme" @click="theme = theme === 'dark' ? 'light' : 'dark'">
        {{ theme === "dark" ? "Light" : "Dark" }}</button>
    </header>
    <div v-if="failure" class="bg-banner" role="alert">{{ failure }}</div>
    <main v-if="site">
      <aside>
        <ConsignmentsTable :consignments="consignments" :me="me" :selected="selected"
          :filter="filter" @pick="pick" @filter="filter = $event"></ConsignmentsTable>
      </aside>
      <article v-if="whole" data-testid="consignment">
        <div class="bg-title"><h2>{{ whole.id }}</h2>
          <span class="bg-tag"><i class="bg-channel" :data-channel="whole.channel"></i>
            {{ whole.channel ?? "no channel" }}</span>
          <span class="bg-tag" data-testid="state">{{ words(whole.ended ?? whole.state) }}</span>
        </div>
        <ul v-if="whole.holds.length" class="bg-holds" data-testid="holds">
          <li v-for="h in whole.holds" :key="h.side + h.kind"><b>{{ words(h.kind) }}</b>
            {{ h.reason }} <small>by {{ h.by }} ({{ words(h.role) }} of {{ h.side }}),
            {{ local(h.since, h.side) }}; {{ words(h.owner) }} lifts it</small></li>
        </ul>
        <DecisionForm :consignment="whole" :me="me" @said="refresh"></DecisionForm>
        <InspectionView v-if="inspection" :inspection="inspection"></InspectionView>
        <div class="bg-columns">
          <dl class="bg-facts"><template v-for="[name, value] in facts" :key="name">
            <dt>{{ name }}</dt><dd>{{ value }}</dd></template></dl>
          <ol class="bg-history" data-testid="history">
            <li v-for="h in [...whole.history].reverse()" :key="h.side + h.what">
              <b>{{ words(h.what) }}</b> <small :title="both(h.at)">{{ local(h.at, h.side) }},
              {{ h.role === "system" ? "the gate" : h.by + ", " + words(h.role) }} of {{ h.side }}
              </small><span v-if="h.reason">{{ h.reason }}</span></li>
          </ol>
        </div>
      </article>
      <article v-else class="bg-none">{{ selected ? "There is no consignment " + selected + "."
        : "Pick a consignment." }}</article>
    </main>
  </div>`,
};
