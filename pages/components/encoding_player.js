// Plays spikes that have been sent once. No request leaves the browser. `player_controls.js` is put
// before this file.

const players = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".player");
  if (!root || !component.data) return;
  if (!players.has(root)) players.set(root, new SpikePlayer(root));
  players.get(root).load(component.data);
}

// 256 colours between the stops.
function ramp(stops) {
  const colours = stops.map(rgb);
  const table = [];
  for (let k = 0; k < 256; k++) {
    const place = (k / 255) * (colours.length - 1);
    const low = Math.min(colours.length - 2, Math.floor(place));
    const part = place - low;
    table.push(colours[low].map((c, i) => Math.round(c + part * (colours[low + 1][i] - c))));
  }
  return table;
}

class SpikePlayer extends Transport {
  async load(data) {
    const text = JSON.stringify(data);
    if (text === this.text) return; // a rerun of the page with the same spikes goes on playing
    this.text = text;
    this.stop();
    const slots = await Promise.all(data.slots.map(async (slot) => ({
      ...slot,
      frames: new Int16Array(await unpack(slot.frames)),
      raster: new Int8Array(await unpack(slot.raster)),
      read: new Uint8Array(await unpack(slot.read)),
      counts: new Int32Array(data.height * data.width),
      counted: -1, // the last frame in `counts`
    })));
    if (text !== this.text) return; // other spikes came meanwhile
    this.data = data;
    this.slots = slots;
    this.count = Math.ceil(data.steps / data.group);
    this.colours = ramp(data.colours);
    this.up = rgb(data.dark ? "#E69F00" : "#0072B2");
    this.down = rgb("#B85C90");
    this.paper = data.dark ? [26, 33, 43] : [243, 246, 249];
    this.root.classList.toggle("dark", data.dark);
    this.el.slider.max = this.count - 1;
    this.build();
    // Something is to be seen at once: the first time not the empty start.
    this.at ??= Math.floor(this.count / 4);
    this.go(this.at);
  }

  build() {
    const { height, width } = this.data;
    const make = (tag, parent, settings = {}) => {
      const element = Object.assign(document.createElement(tag), settings);
      parent.append(element);
      return element;
    };
    this.el.slots.replaceChildren();
    for (const slot of this.slots) {
      const box = make("section", this.el.slots, { className: "slot" });
      make("h4", box, { textContent: `${slot.letter}: ${slot.title}` });
      const trio = make("div", box, { className: "trio" });
      slot.views = {};
      for (const name of ["now", "sum", "back"]) {
        const figure = make("figure", trio);
        const canvas = make("canvas", figure, { width, height });
        canvas.setAttribute("role", "img");
        canvas.style.aspectRatio = `${width} / ${height}`;
        const words = make("figcaption", figure);
        const context = canvas.getContext("2d");
        const image = context.createImageData(width, height);
        image.data.fill(255);
        slot.views[name] = { canvas, words, context, image };
      }
      const raster = make("div", box, { className: "raster" });
      this.drawRaster(slot, make("canvas", raster, { width: this.count, height: slot.rows }));
      slot.cursor = make("div", raster, { className: "cursor" });
      this.scrubbing(raster);
    }
  }

  drawRaster(slot, canvas) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Raster of ${slot.title}: time to the right`);
    const context = canvas.getContext("2d");
    const image = context.createImageData(this.count, slot.rows);
    for (let f = 0; f < this.count; f++) {
      for (let row = 0; row < slot.rows; row++) {
        this.paint(image, row * this.count + f, this.ink(slot.raster[f * slot.rows + row], 1));
      }
    }
    context.putImageData(image, 0, 0);
  }

  paint(image, pixel, colour) {
    for (let k = 0; k < 3; k++) image.data[4 * pixel + k] = colour[k];
    image.data[4 * pixel + 3] = 255;
  }

  // Spikes on paper: the more at once, the stronger.
  ink(value, most) {
    if (value === 0) return this.paper;
    const strength = 0.45 + 0.55 * Math.min(1, Math.abs(value) / most);
    const full = value > 0 ? this.up : this.down;
    return this.paper.map((p, k) => Math.round(p + strength * (full[k] - p)));
  }

  show() {
    const { el, at, data } = this;
    const { steps, group } = data;
    const done = Math.min((at + 1) * group, steps);
    const which = group > 1 ? `Steps ${at * group + 1} to ${done}` : `Step ${done}`;
    this.showPlace(`${which} of ${steps}`);
    const words = this.slots.map((slot) => this.showSlot(slot, done));
    el.words.textContent = `Read back so far: ${words.join("; ")}.`;
  }

  showSlot(slot, done) {
    const { at } = this;
    const size = slot.counts.length;
    const { now, sum, back } = slot.views;
    let spikes = 0;
    for (let p = 0; p < size; p++) {
      const value = slot.frames[at * size + p];
      spikes += Math.abs(value);
      this.paint(now.image, p, this.ink(value, slot.brightest));
    }
    this.put(now, `Now: ${spikes.toLocaleString("en")}${spikes === 1 ? " spike" : " spikes"}`);
    let most = 0;
    const counts = this.countTo(slot, at);
    for (let p = 0; p < size; p++) {
      most = Math.max(most, counts[p]);
      this.paint(sum.image, p, this.colours[Math.round((255 * counts[p]) / Math.max(1, slot.most))]);
    }
    this.put(sum, `So far: 0 to ${most.toLocaleString("en")} each`);
    const moment = slot.after.findLastIndex((step) => step <= done);
    let words = "nothing yet";
    if (moment >= 0) {
      words = slot.psnr[moment] === null ? "perfect" : `${slot.psnr[moment].toFixed(1)} dB`;
    }
    for (let p = 0; p < size; p++) {
      const grey = moment < 0 ? 128 : slot.read[moment * size + p];
      this.paint(back.image, p, [grey, grey, grey]);
    }
    const when = moment < 0 || slot.after[moment] === done ? "" : ` (step ${slot.after[moment]})`;
    this.put(back, `Read back: ${words}${when}`);
    slot.cursor.style.left = `${(100 * (at + 0.5)) / this.count}%`;
    return `${slot.letter} ${words}`;
  }

  put(view, words) {
    view.context.putImageData(view.image, 0, 0);
    view.words.textContent = words;
    view.canvas.setAttribute("aria-label", words);
  }

  // Spikes of either sign at each pixel up to and with this frame.
  countTo(slot, frame) {
    const { counts, frames } = slot;
    if (frame < slot.counted) {
      counts.fill(0);
      slot.counted = -1;
    }
    const size = counts.length;
    for (let f = slot.counted + 1; f <= frame; f++) {
      for (let p = 0; p < size; p++) counts[p] += Math.abs(frames[f * size + p]);
    }
    slot.counted = frame;
    return counts;
  }
}
