// A pane shows a stretch of the map in a rectangle of the canvas; x to the east, y to the north.
// sx and sy are pixels a metre. They differ only where a long road is drawn wider than it is.

export class Pane {
  constructor(name, title, bounds) {
    this.name = name;
    this.title = title;
    this.bounds = bounds; // [x0, y0, x1, y1] in metres
    this.left = this.top = this.width = this.height = 0;
    this.cx = (bounds[0] + bounds[2]) / 2;
    this.cy = (bounds[1] + bounds[3]) / 2;
    this.sx = this.sy = 1;
    this.moved = false; // by the user: keeps its centre and scale when the window changes
  }

  place(left, top, width, height) {
    Object.assign(this, { left, top, width, height });
  }

  fit(widening = 1) {
    const [x0, y0, x1, y1] = this.bounds;
    const room = 14;
    const sx = Math.max(this.width - 2 * room, 20) / Math.max(x1 - x0, 1);
    const sy = Math.max(this.height - 2 * room - 22, 20) / Math.max(y1 - y0, 1);
    this.sx = widening > 1 ? sx : Math.min(sx, sy);
    this.sy = widening > 1 ? Math.min(sy, sx * widening) : this.sx;
    this.cx = (x0 + x1) / 2;
    this.cy = (y0 + y1) / 2;
    this.moved = false;
  }

  toScreen(x, y) {
    return [
      this.left + this.width / 2 + (x - this.cx) * this.sx,
      this.top + this.height / 2 + 8 - (y - this.cy) * this.sy,
    ];
  }

  toMap(px, py) {
    return [
      this.cx + (px - this.left - this.width / 2) / this.sx,
      this.cy - (py - this.top - this.height / 2 - 8) / this.sy,
    ];
  }

  holds(px, py) {
    return px >= this.left && px < this.left + this.width &&
      py >= this.top && py < this.top + this.height;
  }

  sees(x, y, margin_m = 20) {
    const [px, py] = this.toScreen(x, y);
    const mx = margin_m * this.sx, my = margin_m * this.sy;
    return px > this.left - mx && px < this.left + this.width + mx &&
      py > this.top - my && py < this.top + this.height + my;
  }

  pan(dx, dy) {
    this.cx -= dx / this.sx;
    this.cy += dy / this.sy;
    this.moved = true;
  }

  zoom(factor, px, py) {
    const widening = this.sy / this.sx;
    const sx = Math.min(Math.max(this.sx * factor, 0.05), 40);
    const [x, y] = this.toMap(px, py);
    // Zoomed in far enough, nothing needs to be drawn wider than it is.
    this.sx = sx;
    this.sy = Math.max(sx, Math.min(sx * widening, this.sy));
    const [qx, qy] = this.toScreen(x, y);
    this.pan(px - qx, py - qy);
  }

  transform(context, ratio) {
    const [ox, oy] = this.toScreen(0, 0);
    context.setTransform(this.sx * ratio, 0, 0, -this.sy * ratio, ox * ratio, oy * ratio);
  }
}
