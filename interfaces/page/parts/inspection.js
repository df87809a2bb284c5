// An X-ray image with the boxes of its review, as the officer looks at it.

const KINDS = { density: "denser than declared", shape: "another shape", declared: "not as declared" };

export const InspectionView = {
  props: ["inspection"],
  data: () => ({ boxes: true, whole: true, size: null, over: -1, broken: false }),
  watch: {
    "inspection.consignment"() {
      Object.assign(this, { size: null, over: -1, broken: false });
    },
  },
  computed: {
    source() {
      const id = encodeURIComponent(this.inspection.consignment);
      return `/api/v1/inspections/${id}/image?boxes=false`;
    },
  },
  methods: {
    kind: (box) => KINDS[box.kind] ?? box.kind,
    loaded(event) {
      this.size = { width: event.target.naturalWidth, height: event.target.naturalHeight };
    },
  },
  template: `
    <section class="bg-inspection" data-testid="inspection">
      <div class="bg-tools">
        <b :data-verdict="inspection.scanned.reason">Review: {{ inspection.scanned.reason }}</b>
        <span></span>
        <button :aria-pressed="boxes" @click="boxes = !boxes">Boxes</button>
        <button :aria-pressed="!whole" @click="whole = !whole">Full size</button>
      </div>
      <div v-if="inspection.image && !broken" class="bg-xray" :data-whole="whole">
        <div>
          <img :src="source" :alt="'X-ray image of ' + inspection.container" @load="loaded"
            @error="broken = true">
          <svg v-if="size && boxes" :viewBox="'0 0 ' + size.width + ' ' + size.height">
            <rect v-for="(b, i) in inspection.boxes" :key="i" :x="b.left" :y="b.top"
              :width="b.right - b.left" :height="b.bottom - b.top" :data-kind="b.kind"
              :class="{ 'bg-over': over === i }"></rect>
          </svg>
        </div>
      </div>
      <p v-else class="bg-none" role="status">No image can be shown. Without one, nobody passes it.
      </p>
      <ol v-if="inspection.boxes.length" class="bg-boxes">
        <li v-for="(b, i) in inspection.boxes" :key="i" @mouseenter="over = i"
          @mouseleave="over = -1"><i class="bg-box" :data-kind="b.kind"></i>{{ kind(b) }}
          <b>{{ b.score.toFixed(1) }}</b></li>
      </ol>
      <p v-else-if="inspection.image" class="bg-none">The review marks nothing.</p>
    </section>`,
};
