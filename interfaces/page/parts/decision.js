// The officer's words: every one with a reason, under an id that makes trying again safe.

import { decides, isMine } from "./consignments.js";
import { say } from "./gate_api.js";
import { words } from "./words.js";

const HOLDS = [
  "identity", "image", "sample", "papers", "quarantine", "fee", "security", "other_side",
];
const FATES = ["seized", "returned", "diverted"];

export const DecisionForm = {
  props: ["consignment", "me"],
  emits: ["said"],
  data: () => ({
    reason: "", hold: HOLDS[0], fate: FATES[0], number: "", channel: "",
    plate: "", container: "", seal: "", weight_kg: null,
    asking: false, refused: "", done: "", id: "", body: "", holds: HOLDS, fates: FATES,
  }),
  watch: {
    "consignment.id"() {
      Object.assign(this, this.$options.data());
    },
  },
  computed: {
    mine() {
      return this.consignment.awaits.filter((entry) => isMine(entry, this.me));
    },
    others() {
      return this.consignment.awaits.filter((entry) => !isMine(entry, this.me));
    },
    has_reason() {
      return this.reason.trim() !== "";
    },
    is_officer() {
      return decides(this.me);
    },
  },
  methods: {
    words,
    title(entry) {
      return entry.how === "lift" ? `Lift hold: ${words(entry.what)}` : words(entry.what);
    },
    needs_reason: (entry) => entry.what !== "gated_in",
    say_awaited(entry) {
      const consignment = this.consignment.id;
      if (entry.how === "lift") return this.say_hold("lift", entry.what);
      if (entry.what === "gated_in") {
        const { plate, container, seal, weight_kg } = this;
        return this.send("/trucks/", { consignment, plate, container, seal, weight_kg });
      }
      const more = entry.what === "registered"
        ? { number: this.number.trim(), channel: this.channel.trim() } : {};
      return this.decide(entry.what, more);
    },
    decide(what, more = {}) {
      return this.send("/decisions/", {
        what, consignment: this.consignment.id, reason: this.reason.trim(), ...more,
      });
    },
    say_hold(action, kind) {
      return this.send("/holds/", {
        consignment: this.consignment.id, kind, action, reason: this.reason.trim(),
      });
    },
    // The same words go under the same id until they are answered: they never count twice.
    async send(path, body) {
      const text = path + JSON.stringify(body);
      if (this.body !== text) Object.assign(this, { body: text, id: crypto.randomUUID() });
      Object.assign(this, { asking: true, refused: "", done: "" });
      const about = this.consignment.id;
      const refused = await say(path + this.id, body);
      if (about !== this.consignment.id) return; // another one is looked at by now
      Object.assign(this, { asking: false, refused });
      if (refused) return;
      Object.assign(this, { done: "Noted.", reason: "", body: "" });
      this.$emit("said");
    },
  },
  template: `
    <form class="bg-decision" data-testid="decision" @submit.prevent>
      <p v-for="entry in others" :key="entry.how + entry.what" class="bg-dim">
        {{ title(entry) }}: waits for {{ words(entry.role) }} of {{ entry.side }}.</p>
      <p v-if="!consignment.ended && !consignment.awaits.length" class="bg-dim">
        Nothing waits for an officer{{ consignment.next ? ": next is " + words(consignment.next)
        : "" }}.</p>
      <template v-if="is_officer && !consignment.ended">
        <template v-for="entry in mine" :key="entry.how + entry.what">
          <div v-if="entry.what === 'registered'" class="bg-fields">
            <label>Declaration number <input v-model="number" maxlength="35"></label>
            <label>Channel, as told <input v-model="channel" maxlength="4"
              placeholder="by risk profile"></label>
          </div>
          <div v-if="entry.what === 'gated_in'" class="bg-fields">
            <label>Plate read <input v-model="plate" maxlength="20"></label>
            <label>Container read <input v-model="container" maxlength="20"></label>
            <label>Seal read <input v-model="seal" maxlength="35"></label>
            <label>Weight [kg] <input v-model.number="weight_kg" type="number" min="0"></label>
          </div>
        </template>
        <label class="bg-reason">Reason
          <textarea v-model="reason" rows="2" maxlength="500" data-testid="reason"
            placeholder="Goes on record with your name"></textarea></label>
        <div class="bg-row">
          <button v-for="entry in mine" :key="entry.how + entry.what" class="bg-main"
            :data-word="entry.what" @click="say_awaited(entry)"
            :disabled="asking || (needs_reason(entry) && !has_reason)">{{ title(entry) }}</button>
        </div>
        <div class="bg-row">
          <select v-model="hold" aria-label="Kind of hold"><option v-for="kind in holds"
            :key="kind" :value="kind">{{ words(kind) }}</option></select>
          <button :disabled="asking || !has_reason" @click="say_hold('put', hold)">Put hold</button>
          <span></span>
          <button :disabled="asking || !has_reason" @click="decide('set_down')">Set down</button>
          <select v-model="fate" aria-label="How it ends"><option v-for="name in fates"
            :key="name" :value="name">{{ words(name) }}</option></select>
          <button :disabled="asking || !has_reason" @click="decide(fate)">End it</button>
        </div>
      </template>
      <p v-if="!is_officer && !consignment.ended" class="bg-dim">
        {{ me.name ? me.name + " is " + words(me.role) + (me.side === "*" ? " of no one side" : "")
          + " and decides nothing here."
        : "You only read: no token. Open the link that the gate printed when it started." }}</p>
      <p v-if="refused" class="bg-refused" role="alert">{{ refused }}</p>
      <p v-if="done" class="bg-noted" role="status">{{ done }}</p>
    </form>`,
};
