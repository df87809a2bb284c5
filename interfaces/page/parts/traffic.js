// What moves or changes state: AGVs, cranes, booths, and the directions of lanes.

import { kindOf, laneKind, stationKind } from "./looks.js";

// Labels of one pane that lie on none drawn before them; what is left out appears on zooming in.
export class Labels {
  constructor() {
    this.taken = [];
  }

  claim(left, top, wide, high) {
    const free = this.taken.every(([l, t, w, h]) =>
      left >= l + w || l >= left + wide || top >= t + h || t >= top + high);
    if (free) this.taken.push([left, top, wide, high]);
    return free;
  }
}

const VEHICLE_PX = [10, 4.5]; // drawn no smaller than this

export function drawVehicle(context, pane, vehicle, ground, colors, labels, marked) {
  const kind = kindOf(vehicle);
  const [px, py] = pane.toScreen(vehicle.x_m, vehicle.y_m);
  const cos = Math.cos(vehicle.heading_rad) * pane.sx;
  const sin = Math.sin(vehicle.heading_rad) * pane.sy;
  const long = Math.max(ground.length * Math.hypot(cos, sin), VEHICLE_PX[0]);
  const wide = Math.max(ground.width * pane.sx, VEHICLE_PX[1]);
  const color = colors[kind];
  context.save();
  context.translate(px, py);
  context.rotate(-Math.atan2(sin, cos));
  if (marked) {
    context.strokeStyle = colors.text;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(0, 0, long / 2 + 7, 0, 2 * Math.PI);
    context.stroke();
  }
  context.beginPath();
  context.roundRect(-long / 2, -wide / 2, long, wide, Math.min(wide / 3, 4));
  context.lineWidth = 1.2;
  context.strokeStyle = colors.halo;
  context.stroke();
  context.fillStyle = kind === "silent" ? colors.pane : color;
  context.fill();
  if (kind === "silent") {
    context.strokeStyle = color;
    context.setLineDash([3, 2]);
    context.stroke();
    context.setLineDash([]);
  }
  if (vehicle.container && wide > 6) {
    // The container on its back, with the ribs of its side.
    context.fillStyle = colors.box;
    context.fillRect(-long * 0.42, -wide * 0.3, long * 0.74, wide * 0.6);
  }
  context.fillStyle = colors.halo; // the front
  const nose = Math.min(long * 0.1, wide * 0.5);
  context.beginPath();
  context.moveTo(long / 2, 0);
  context.lineTo(long / 2 - nose - 1, -wide / 2);
  context.lineTo(long / 2 - nose - 1, wide / 2);
  context.closePath();
  context.globalAlpha = 0.55;
  context.fill();
  context.restore();
  if (pane.sx < 3.2 && !marked) return;
  const above = Math.abs(sin) * ground.length * 0.5 + Math.abs(cos) * ground.width * 0.5;
  vehicleLabel(context, px, py - Math.max(above, 8) - 2, vehicle, colors, marked ? null : labels);
}

function vehicleLabel(context, px, py, vehicle, colors, labels) {
  const number = vehicle.id.replace(/^AGV-/, "");
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "left";
  const wide = context.measureText(number).width + 26;
  const left = px - wide / 2, top = py - 15;
  if (labels && !labels.claim(left - 3, top, wide + 6, 15)) return;
  context.fillStyle = colors.canvas;
  context.globalAlpha = 0.82;
  context.beginPath();
  context.roundRect(left - 3, top, wide + 6, 15, 4);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = colors.text;
  context.fillText(number, left, top + 11.5);
  const battery = Math.max(0, Math.min(100, vehicle.battery_pct)) / 100;
  context.strokeStyle = colors.dim;
  context.lineWidth = 1;
  context.strokeRect(left + wide - 21.5, top + 4.5, 20, 6);
  context.fillStyle = battery < 0.2 ? colors.fault : battery < 0.35 ? colors.loaded : colors.empty;
  context.fillRect(left + wide - 20.5, top + 5.5, 18 * battery, 4);
}

export function drawStation(context, pane, station, box, colors, labels) {
  const kind = stationKind(station);
  const [x0, y0] = pane.toScreen(box[0], box[3]);
  const [x1, y1] = pane.toScreen(box[2], box[1]);
  const wide = x1 - x0, high = y1 - y0;
  const color = kind === "idle" ? colors.dim : colors[kind];
  context.fillStyle = color;
  context.globalAlpha = station.kind === "booth" ? 0.22 : 0.12;
  context.fillRect(x0, y0, wide, high);
  context.globalAlpha = 1;
  context.strokeStyle = color;
  context.lineWidth = kind === "idle" ? 1.2 : 2;
  context.strokeRect(x0, y0, wide, high);
  if (station.kind === "crane" && high > 8) {
    const girder = y0 + high * 0.42; // across all bays
    context.lineWidth = 3;
    context.beginPath();
    context.moveTo(x0 - 3, girder);
    context.lineTo(x1 + 3, girder);
    context.stroke();
  }
  if (kind === "busy" && station.progress !== null) {
    context.fillStyle = colors.busy;
    context.fillRect(x0, y1 + 2, wide * Math.max(0, Math.min(1, station.progress)), 3);
  }
  if (wide > 14) {
    context.fillStyle = kind === "idle" ? colors.dim : color;
    context.font = "600 11px system-ui, sans-serif";
    context.textAlign = "center";
    const below = pane.toScreen(0, box[1])[1] > pane.top + pane.height / 2 + 8;
    const name = station.id.replace(/^[A-Z]{2}-/, "");
    const label = below ? y1 + 15 : y0 - 5;
    if (labels.claim((x0 + x1) / 2 - 9, label - 10, 18, 12)) {
      context.fillText(name, (x0 + x1) / 2, label);
    }
  }
}

// What is not ours on the road, and zones blocked by hand.
export function drawObstacle(context, pane, obstacle, ground, colors, ratio) {
  context.save();
  pane.transform(context, ratio);
  context.strokeStyle = colors.fault;
  context.globalAlpha = 0.45;
  context.lineCap = "butt";
  context.lineWidth = Math.max(3, 3 / pane.sx);
  for (const zone of obstacle.zones) {
    if (ground.zones.has(zone)) context.stroke(ground.zones.get(zone));
  }
  if (obstacle.outline) {
    const { x_m, y_m, heading_rad, length_m, width_m } = obstacle.outline;
    context.globalAlpha = 1;
    context.fillStyle = colors.fault;
    context.translate(x_m, y_m);
    context.rotate(heading_rad);
    context.fillRect(-length_m / 2, -width_m / 2, length_m, width_m);
  }
  context.restore();
}

// A place to which no AGV is sent: crossed out.
export function drawPlaceOut(context, pane, place, ground, colors) {
  const [px, py] = pane.toScreen(place.x_m, place.y_m);
  const long = ground.length * pane.sx, wide = (ground.width * pane.sx) / 2;
  context.save();
  context.translate(px, py);
  context.rotate(-place.heading_rad);
  context.strokeStyle = colors.fault;
  context.lineWidth = 1.3;
  context.beginPath();
  context.moveTo(0, -wide); context.lineTo(-long, wide);
  context.moveTo(0, wide); context.lineTo(-long, -wide);
  context.stroke();
  context.restore();
}

export function drawLane(context, pane, lane, chain, eastward, colors) {
  const kind = laneKind(lane);
  const [ax, ay] = pane.toScreen(...chain[0]);
  const [bx, by] = pane.toScreen(...chain.at(-1));
  const from = Math.max(ax, pane.left + 30), to = Math.min(bx, pane.left + pane.width - 30);
  if (to <= from) return;
  context.strokeStyle = kind === "open" ? colors.dim : colors[kind] ?? colors.fault;
  context.lineWidth = 1.3;
  const step = 90, tip = eastward ? 4 : -4;
  context.beginPath();
  for (let px = from + step / 2; px < to; px += step) {
    const py = ay + ((by - ay) * (px - ax)) / Math.max(bx - ax, 1);
    if (kind === "closed" || kind === "fault") {
      context.moveTo(px - 3, py - 3); context.lineTo(px + 3, py + 3);
      context.moveTo(px - 3, py + 3); context.lineTo(px + 3, py - 3);
    } else {
      context.moveTo(px - tip, py - 3); context.lineTo(px, py); context.lineTo(px - tip, py + 3);
    }
  }
  context.stroke();
  if (pane.sy * 6 < 9 || ax < pane.left) return;
  context.fillStyle = colors.dim;
  context.font = "600 10px system-ui, sans-serif";
  context.textAlign = "right";
  context.fillText(lane.id, ax - 5, ay + 3.5);
}
