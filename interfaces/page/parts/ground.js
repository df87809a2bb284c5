// What does not move: roads, lanes, places, stations' outlines, the boundary.

export const BODY_M = 15;

export function boundsOf(points, margin = 0) {
  let x0 = Infinity, y0 = Infinity, x1 = -Infinity, y1 = -Infinity;
  for (const [x, y] of points) {
    x0 = Math.min(x0, x); x1 = Math.max(x1, x);
    y0 = Math.min(y0, y); y1 = Math.max(y1, y);
  }
  return [x0 - margin, y0 - margin, x1 + margin, y1 + margin];
}

export class Ground {
  constructor(site) {
    this.site = site;
    this.length = site.vehicle_length_m;
    this.width = site.vehicle_width_m;
    this.places = site.map.places;
    const stops = new Set();
    const nodes = site.map.nodes;
    const at = new Map(Object.entries(nodes).map(([name, p]) => [p.join(), name]));
    for (const place of this.places) stops.add(at.get([place.x_m, place.y_m].join()));
    this.zones = new Map(); // zone -> the roads in it
    this.roads = new Path2D();
    this.legs = new Path2D();
    this.lanes = new Map(); // lane -> its middle line from west to east
    const lanePoints = [];
    for (const edge of site.map.edges) {
      const zone = this.zones.get(edge.zone) ?? new Path2D();
      edge.points.forEach(([x, y], i) => (i ? zone.lineTo(x, y) : zone.moveTo(x, y)));
      this.zones.set(edge.zone, zone);
      if (edge.lane) {
        const chain = this.lanes.get(edge.lane) ?? [];
        chain.push(...edge.points);
        this.lanes.set(edge.lane, chain);
        lanePoints.push(...edge.points);
      } else {
        const path = stops.has(edge.start) || stops.has(edge.end) ? this.legs : this.roads;
        edge.points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
      }
    }
    for (const chain of this.lanes.values()) chain.sort((a, b) => a[0] - b[0]);
    this.lanePaths = new Map([...this.lanes].map(([lane, chain]) => {
      const path = new Path2D();
      chain.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
      return [lane, path];
    }));
    this.all = boundsOf(Object.values(nodes), 12);
    const road = boundsOf(lanePoints.length ? lanePoints : Object.values(nodes));
    const ys = [...this.lanes.values()].map((chain) => chain[0][1]).sort((a, b) => a - b);
    this.laneGap = Math.min(...ys.slice(1).map((y, i) => y - ys[i]).filter((d) => d > 0.5), 12);
    this.road = [road[0] - 25, road[1] - 8, road[2] + 25, road[3] + 8];
    this.west = [this.all[0], this.all[1], road[0] + 45, this.all[3]];
    this.east = [road[2] - 45, this.all[1], this.all[2], this.all[3]];
    this.stations = this.#stations();
  }

  #stations() {
    const found = new Map();
    for (const place of this.places) {
      if (!place.station) continue;
      const corners = found.get(place.station) ?? [];
      const bx = place.x_m - this.length * Math.cos(place.heading_rad);
      const by = place.y_m - this.length * Math.sin(place.heading_rad);
      corners.push([place.x_m, place.y_m], [bx, by]);
      found.set(place.station, corners);
    }
    return new Map([...found].map(([id, corners]) => [id, boundsOf(corners, 2.4)]));
  }

  draw(context, pane, colors, ratio, laneStates) {
    const line = (px) => px / Math.min(pane.sx, pane.sy);
    context.save();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.beginPath();
    context.rect(pane.left, pane.top, pane.width, pane.height);
    context.fillStyle = colors.pane;
    context.fill();
    context.clip();
    pane.transform(context, ratio);
    context.lineJoin = context.lineCap = "round";
    context.strokeStyle = colors.leg;
    context.lineWidth = Math.max(2.2, line(0.8));
    context.stroke(this.legs);
    context.strokeStyle = colors.road;
    context.lineWidth = Math.max(4, line(1.6));
    context.stroke(this.roads);
    for (const [lane, path] of this.lanePaths) {
      context.strokeStyle = laneStates.get(lane) === "closed" ? colors.leg : colors.lane;
      context.lineWidth = pane.sy > pane.sx * 1.2 ? 4.2 : Math.max(4, line(1.6));
      if (pane.sy > pane.sx * 1.2) context.lineCap = "butt";
      context.stroke(path);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#places(context, pane, colors);
    this.#border(context, pane, colors);
    context.restore();
  }

  #places(context, pane, colors) {
    const long = this.length * pane.sx, wide = (this.width + 0.6) * pane.sx;
    if (wide < 1.5) return;
    for (const place of this.places) {
      if (!pane.sees(place.x_m, place.y_m)) continue;
      const [px, py] = pane.toScreen(place.x_m, place.y_m);
      context.save();
      context.translate(px, py);
      context.rotate(-place.heading_rad);
      context.strokeStyle = place.kind === "charger" ? colors.charging : colors.bay;
      context.globalAlpha = place.kind === "charger" ? 0.75 : 1;
      context.lineWidth = 1;
      context.strokeRect(-long, -wide / 2, long, wide);
      context.restore();
    }
  }

  #border(context, pane, colors) {
    const border = this.site.map.border;
    if (!border || !pane.sees(border[0], pane.cy, 0)) return;
    const [px] = pane.toScreen(border[0], border[1]);
    context.strokeStyle = colors.border;
    context.setLineDash([7, 5]);
    context.lineWidth = 1.6;
    context.beginPath();
    context.moveTo(px, pane.top + 24);
    context.lineTo(px, pane.top + pane.height - 16);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = colors.border;
    context.font = "600 11px system-ui, sans-serif";
    context.textAlign = "center";
    const [west, east] = this.site.sides;
    context.fillText(`${west.name} | km 0 | ${east.name}`, px, pane.top + pane.height - 4);
  }
}
