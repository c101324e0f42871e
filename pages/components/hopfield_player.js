// Plays the way of one probe. It asks for the film when it is in sight, once for each recall; then
// no request leaves the browser.
// `player_controls.js` is put before this file.

const MARK = "#D55E00"; // of marked pixels, as in the rows of pictures
const TALL = 200; // height of a curve's own units
const OVER = 1.25; // thresholds: a potential above is not shown, or the race below could not be seen

const players = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".player");
  if (!root || !component.data) return;
  if (!players.has(root)) players.set(root, new RecallPlayer(root));
  const player = players.get(root);
  const ask = (name) => component.setStateValue("wanted", name);
  if (component.data.wait) player.wait(component.data, ask);
  else player.load(component.data);
}

function make(tag, parent, settings = {}) {
  const element = Object.assign(document.createElement(tag), settings);
  parent.append(element);
  return element;
}

function short(value) {
  const digits = Math.abs(value) >= 1000 ? 0 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits }).replace("-", "−");
}

class RecallPlayer extends Transport {
  constructor(root) {
    super(root);
    this.el.mark.addEventListener("change", () => this.data && this.show());
  }

  wait(data, ask) {
    if (!this.data) {
      for (const name of ["stored", "given", "now"]) {
        this.el[name].style.aspectRatio = `${data.width} / ${data.height}`;
      }
    }
    super.wait(data, ask);
  }

  async load(data) {
    this.arrived();
    const text = JSON.stringify({ ...data, dark: null });
    this.dark = data.dark;
    this.root.classList.toggle("dark", data.dark);
    if (text === this.text) return; // a rerun of the page with the same recall goes on playing
    this.text = text;
    this.stop();
    const [frames, stored, given, known] = await Promise.all(
      [data.frames, data.stored, data.given, data.known].map(async (packed) =>
        new Uint8Array(await unpack(packed))));
    if (text !== this.text) return; // another recall came meanwhile
    const first = this.data === undefined;
    Object.assign(this, { data, frames, known, count: data.steps.length });
    this.pictures = { stored, given };
    this.el.slider.max = this.count - 1;
    if (first && this.count < 20) this.el.speed.value = "2"; // a few updates, one by one
    if (first && !data.binary) this.el.mark.value = "none"; // all grey levels change all the time
    if (first && this.calm.matches) this.slow();
    this.build();
    this.go(first ? 0 : this.at);
  }

  build() {
    const { data, el } = this;
    this.views = {};
    for (const name of ["stored", "given", "now"]) {
      const canvas = el[name];
      Object.assign(canvas, { height: data.height, width: data.width });
      canvas.style.aspectRatio = `${data.width} / ${data.height}`;
      const context = canvas.getContext("2d");
      const image = context.createImageData(data.width, data.height);
      image.data.fill(255);
      this.views[name] = { context, image };
    }
    this.paint("stored", (p) => this.colour(this.pictures.stored, p));
    this.paint("given", (p) => this.unknown(p) ?? this.colour(this.pictures.given, p));
    const unknown = this.known.reduce((sum, k) => sum + (k ? 0 : 1), 0);
    this.say("stored", `Stored: ${data.target}`);
    this.say("given", unknown ? `Input: chequered pixels are unknown` : "Input");
    el.curves.replaceChildren();
    this.cursors = [];
    const zero = data.overlap.some((v) => v < 0) || data.rivalOverlap.some((v) => v < 0);
    this.plot("Overlap", zero ? -1 : 0, 1, [
      { name: data.target, kind: "target", steps: data.steps, values: data.overlap },
      { name: data.rival, kind: "rival", steps: data.steps, values: data.rivalOverlap },
    ]);
    if (data.energy.length) {
      const [low, high] = [Math.min(...data.energy), Math.max(...data.energy)];
      this.plot("Energy (no unit)", low, high, [
        { name: "", kind: "target", steps: data.steps, values: data.energy },
      ]);
    }
    if (data.racers.length) {
      const lines = data.racers.map((r) => ({ ...r, kind: r.role })).reverse();
      const low = Math.min(0, ...lines.flatMap((line) => line.values));
      this.plot("Potential of the memory units", low, OVER, lines, { level: 1, at: data.decision });
    }
  }

  // A pixel that the input says nothing about: a chequer of two greys; null where it does.
  unknown(pixel) {
    if (this.known[pixel]) return null;
    const { width } = this.data;
    const level = (Math.floor(pixel / width) + (pixel % width)) % 2 ? 150 : 110;
    return [level, level, level];
  }

  colour(values, pixel) {
    if (this.data.channels === 3) return values.subarray(3 * pixel, 3 * pixel + 3);
    return [values[pixel], values[pixel], values[pixel]];
  }

  paint(name, colour) {
    const { context, image } = this.views[name];
    for (let p = 0; p < image.data.length / 4; p++) {
      [image.data[4 * p], image.data[4 * p + 1], image.data[4 * p + 2]] = colour(p);
    }
    context.putImageData(image, 0, 0);
  }

  say(name, words) {
    this.el[`${name}Words`].textContent = words;
    this.el[name].setAttribute("aria-label", words);
  }

  x(step) {
    return (1000 * step) / Math.max(1, this.data.steps[this.count - 1]);
  }

  // Curves from `from` to `to`; `race` has the threshold and the step of the decision.
  plot(title, from, to, lines, race = null) {
    const drawn = lines.filter((line) => line.values.length);
    if (!(to > from)) [from, to] = [from - 0.5, to + 0.5];
    const box = make("div", this.el.curves);
    const heads = make("div", box, { className: "heads" });
    make("span", heads, { textContent: title });
    const keys = make("span", heads);
    for (const line of drawn) {
      if (line.kind === "other" || !line.name) continue;
      keys.append(keys.childNodes.length ? ", " : "");
      make("span", keys, { className: `key ${line.kind}`, textContent: line.name });
    }
    const plot = make("div", box, { className: "plot" });
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 1000 ${TALL}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${title}, from ${short(from)} to ${short(to)}`);
    plot.append(svg);
    const path = (kind, d) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
      element.setAttribute("class", kind);
      element.setAttribute("d", d);
      svg.append(element);
      return element;
    };
    const pad = 0.04 * (to - from);
    const y = (value) => ((to + pad - value) / (to - from + 2 * pad)) * TALL;
    for (const line of drawn) {
      const points = line.values.map(
        (v, k) => `${this.x(line.steps[k]).toFixed(1)} ${y(v).toFixed(1)}`);
      path(line.kind, `M${points.join("L")}`);
    }
    if (race) path("mark", `M0 ${y(race.level)}H1000`);
    if (race?.at) path("mark", `M${this.x(race.at)} 0V${TALL}`);
    this.cursors.push(path("cursor", ""));
    make("span", plot, { className: "tag top", textContent: race ? "" : short(to) });
    make("span", plot, { className: "tag bottom", textContent: short(from) });
    if (race) {
      const tag = make("span", plot, { className: "tag line", textContent: "threshold" });
      tag.style.top = `${(100 * y(race.level)) / TALL}%`;
    }
    this.scrubbing(plot, (share) => this.nearest(share * this.data.steps[this.count - 1]));
  }

  nearest(step) {
    let best = 0;
    this.data.steps.forEach((s, k) => {
      if (Math.abs(s - step) < Math.abs(this.data.steps[best] - step)) best = k;
    });
    return best;
  }

  show() {
    const { data, at, el } = this;
    const last = data.steps[this.count - 1];
    this.showPlace(`Step ${data.steps[at]} of ${last}`);
    for (const cursor of this.cursors) {
      cursor.setAttribute("d", `M${this.x(data.steps[at])} 0V${TALL}`);
    }
    this.showNow();
    const wrong = Math.round((1 - data.right[at]) * data.numbers);
    const parts = [
      `${(100 * data.right[at]).toFixed(wrong ? 1 : 0)} % of the pixels right` +
        (wrong ? ` (${wrong.toLocaleString("en")} wrong)` : ""),
      `overlap ${data.overlap[at].toFixed(2).replace("-", "−")}`,
    ];
    if (at > 0) parts.push(`${data.flips[at].toLocaleString("en")} changed since the frame before`);
    if (data.energy.length) parts.push(`energy ${short(data.energy[at])}`);
    if (data.decision) {
      const decided = data.steps[at] >= data.decision;
      parts.push(decided ? `decided at step ${data.decision}` : "undecided");
    }
    el.words.textContent = `${parts.join("; ")}.`;
  }

  showNow() {
    const { data, at } = this;
    const size = this.pictures.stored.length;
    const now = this.frames.subarray(at * size, (at + 1) * size);
    const before = this.frames.subarray(Math.max(0, at - 1) * size, Math.max(1, at) * size);
    const other = { changed: before, wrong: this.pictures.stored, none: now }[this.el.mark.value];
    const far = (a, b) => (data.binary ? a > 127 !== b > 127 : Math.abs(a - b) > data.near);
    const marked = (p) => {
      for (let k = p * data.channels; k < (p + 1) * data.channels; k++) {
        if (far(now[k], other[k])) return true;
      }
      return false;
    };
    const ink = rgb(MARK);
    this.paint("now", (p) => {
      const colour = this.colour(now, p);
      return marked(p) ? ink.map((v, c) => Math.round(0.75 * v + 0.25 * colour[c])) : colour;
    });
    const words = at === 0 ? "the input" : `after step ${data.steps[at].toLocaleString("en")}`;
    this.say("now", `Now: ${words}`);
  }
}
