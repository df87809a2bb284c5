// The map: panes on two canvases, one for the ground and one for the traffic on it.

import { Ground } from "./ground.js";
import { laneKind, palette } from "./looks.js";
import { drawLane, drawObstacle, drawPlaceOut, drawStation, drawVehicle, Labels } from "./traffic.js";
import { Pane } from "./viewport.js";

const LANE_PX = 13; // in the overview, lanes lie at least so far apart
const HIT_PX = 14;

export class GateMap {
  constructor(host, ground, traffic, site, picked) {
    this.host = host;
    this.canvases = [ground, traffic];
    this.ground = new Ground(site);
    this.site = site;
    this.picked = picked; // called with an AGV's id, or null
    this.frame = null;
    this.selected = "";
    this.laneStates = new Map();
    const [west, east] = site.sides;
    this.west = new Pane("west", `${west.name} yard – ${west.title}`, this.ground.west);
    this.road = new Pane("road", site.road, this.ground.road);
    this.east = new Pane("east", `${east.name} yard – ${east.title}`, this.ground.east);
    this.whole = new Pane("whole", site.title, this.ground.all);
    this.show("overview");
    this.#listen();
    this.watch = new ResizeObserver(() => this.layout());
    this.watch.observe(host);
  }

  close() {
    this.watch.disconnect();
  }

  show(view) {
    this.view = view;
    const one = { west: this.west, road: this.road, east: this.east, all: this.whole }[view];
    this.panes = one ? [one] : [this.west, this.road, this.east];
    for (const pane of this.panes) pane.moved = false;
    this.layout();
  }

  layout() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height) return;
    this.ratio = window.devicePixelRatio || 1;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    const gap = 8;
    const [x0, y0, x1, y1] = this.ground.road;
    const widening = Math.max(1, LANE_PX / this.ground.laneGap / ((width - 28) / (x1 - x0)));
    if (this.panes.length === 1) {
      this.panes[0].place(0, 0, width, height);
    } else {
      const wanted = 56 + ((y1 - y0) * widening * (width - 28)) / (x1 - x0);
      const road = Math.min(Math.max(wanted, 90), height * 0.34);
      const yard = (height - road - 2 * gap) / 2;
      this.west.place(0, 0, width, yard);
      this.road.place(0, yard + gap, width, road);
      this.east.place(0, yard + road + 2 * gap, width, yard);
    }
    for (const pane of this.panes) if (!pane.moved) pane.fit(pane === this.road ? widening : 1);
    this.draw();
  }

  update(frame) {
    this.frame = frame;
    const states = new Map(frame.lanes.map((lane) => [lane.id, laneKind(lane)]));
    const same = frame.lanes.every((lane) => this.laneStates.get(lane.id) === states.get(lane.id));
    this.laneStates = states;
    if (same) this.drawTraffic();
    else this.draw();
  }

  select(id) {
    this.selected = id;
    this.drawTraffic();
  }

  draw() {
    this.colors = palette(this.host);
    const context = this.canvases[0].getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = this.colors.canvas;
    context.fillRect(0, 0, this.canvases[0].width, this.canvases[0].height);
    for (const pane of this.panes) {
      this.ground.draw(context, pane, this.colors, this.ratio, this.laneStates);
      this.#caption(context, pane);
    }
    this.drawTraffic();
  }

  drawTraffic() {
    const context = this.canvases[1].getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvases[1].width, this.canvases[1].height);
    if (!this.frame) return;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    for (const pane of this.panes) {
      context.save();
      context.beginPath();
      context.rect(pane.left, pane.top, pane.width, pane.height);
      context.clip();
      this.#traffic(context, pane);
      context.restore();
    }
  }

  #traffic(context, pane) {
    const [west] = this.site.sides;
    const labels = new Labels();
    for (const lane of this.frame.lanes) {
      const chain = this.ground.lanes.get(lane.id);
      if (chain) drawLane(context, pane, lane, chain, lane.side === west.name, this.colors);
    }
    for (const station of this.frame.stations) {
      const box = this.ground.stations.get(station.id);
      if (box && pane.sees(box[0], box[1], 60)) {
        drawStation(context, pane, station, box, this.colors, labels);
      }
    }
    for (const obstacle of this.frame.obstacles) {
      drawObstacle(context, pane, obstacle, this.ground, this.colors, this.ratio);
    }
    const out = new Set(this.frame.places_out);
    for (const place of this.ground.places) {
      if (out.has(place.id) && pane.sees(place.x_m, place.y_m)) {
        drawPlaceOut(context, pane, place, this.ground, this.colors);
      }
    }
    const last = [];
    for (const vehicle of this.frame.vehicles) {
      if (vehicle.x_m === null || !pane.sees(vehicle.x_m, vehicle.y_m)) continue;
      if (vehicle.id === this.selected) last.push(vehicle);
      else drawVehicle(context, pane, vehicle, this.ground, this.colors, labels, false);
    }
    for (const vehicle of last) {
      drawVehicle(context, pane, vehicle, this.ground, this.colors, labels, true);
    }
  }

  #caption(context, pane) {
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = this.colors.text;
    context.font = "600 13px system-ui, sans-serif";
    context.textAlign = "left";
    context.fillText(pane.title, pane.left + 12, pane.top + 19);
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].find((m) => m * pane.sx > 60);
    if (!step) return;
    const right = pane.left + pane.width - 14, y = pane.top + 18;
    context.strokeStyle = context.fillStyle = this.colors.dim;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(right - step * pane.sx, y - 4);
    context.lineTo(right - step * pane.sx, y);
    context.lineTo(right, y);
    context.lineTo(right, y - 4);
    context.stroke();
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "right";
    const wider = pane.sy / pane.sx;
    const note = wider > 1.2 ? `road drawn ${wider.toFixed(0)}× wider · ` : "";
    context.fillText(`${note}${step} m`, right - step * pane.sx - 7, y);
  }

  nearest(px, py) {
    const pane = this.panes.find((p) => p.holds(px, py));
    if (!pane || !this.frame) return null;
    let best = null, least = HIT_PX;
    for (const vehicle of this.frame.vehicles) {
      if (vehicle.x_m === null) continue;
      const [vx, vy] = pane.toScreen(vehicle.x_m, vehicle.y_m);
      const reach = Math.max(0, (this.ground.length * pane.sx) / 2 - HIT_PX);
      const distance = Math.hypot(vx - px, vy - py) - reach;
      if (distance < least) [best, least] = [vehicle, distance];
    }
    return best;
  }

  zoom(factor) {
    for (const pane of this.panes) {
      pane.zoom(factor, pane.left + pane.width / 2, pane.top + pane.height / 2 + 8);
    }
    this.draw();
  }

  #listen() {
    const top = this.canvases[1];
    const at = (event) => {
      const box = top.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    let held = null, travelled = 0;
    top.addEventListener("pointerdown", (event) => {
      held = this.panes.find((p) => p.holds(...at(event)));
      travelled = 0;
      top.setPointerCapture(event.pointerId);
    });
    top.addEventListener("pointermove", (event) => {
      if (!held) {
        top.style.cursor = this.nearest(...at(event)) ? "pointer" : "grab";
        return;
      }
      travelled += Math.abs(event.movementX) + Math.abs(event.movementY);
      held.pan(event.movementX, event.movementY);
      this.draw();
    });
    top.addEventListener("pointerup", (event) => {
      if (held && travelled < 4) this.picked(this.nearest(...at(event))?.id ?? "");
      held = null;
    });
    top.addEventListener("pointercancel", () => (held = null));
    top.addEventListener("wheel", (event) => {
      event.preventDefault();
      const [px, py] = at(event);
      const pane = this.panes.find((p) => p.holds(px, py));
      if (!pane) return;
      pane.zoom(Math.exp(-event.deltaY * 0.0015), px, py);
      this.draw();
    }, { passive: false });
    top.addEventListener("dblclick", () => this.show(this.view));
  }
}
