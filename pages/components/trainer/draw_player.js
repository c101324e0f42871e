// Plays one presentation of a picture. It asks for the film when it is in sight, once; then no
// request leaves the browser.
// `player_controls.js` is put before this file.

const TALL = 200; // height of a curve's own units
const LOW = -2; // thresholds: deeper inhibition is not shown, or the race could not be seen
const BRIGHT = 105; // grey of what has not spiked yet, of 255

const players = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".player");
  if (!root || !component.data) return;
  if (!players.has(root)) players.set(root, new SpikePlayer(root));
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

function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

async function picture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

class SpikePlayer extends Transport {
  constructor(root) {
    super(root);
    this.el.box.addEventListener("click", (event) => this.clicked(event));
    this.el.pick.addEventListener("input", () => this.typed());
    this.el.pick.addEventListener("keydown", (event) => event.stopPropagation());
  }

  async load(data) {
    this.arrived();
    const text = JSON.stringify({ ...data, dark: null });
    this.root.classList.toggle("dark", data.dark);
    const recolour = this.dark !== data.dark;
    this.dark = data.dark;
    if (text === this.text) {
      if (recolour && this.data) this.show();
      return; // a rerun of the page with the same film goes on playing
    }
    this.text = text;
    this.stop();
    const [image, inputs, spikes, levels, votes, scores, weights] = await Promise.all(
      [data.image, data.inputs, data.spikes, data.levels, data.votes, data.scores, data.weights]
        .map(unpack));
    const sprite = await picture(data.tiles);
    if (text !== this.text) return; // another film came meanwhile
    const first = this.data === undefined;
    const network = this.data?.tiles !== data.tiles;
    Object.assign(this, {
      data,
      sprite,
      count: data.steps,
      image: new Uint8Array(image),
      bits: new Uint8Array(inputs),
      spikes: new Int32Array(spikes), // step, place, row, column, class of each
      levels: new Float32Array(levels),
      votes: new Float32Array(votes),
      scores: new Float32Array(scores),
      weights: new Float32Array(weights),
    });
    this.el.slider.max = this.count - 1;
    if (network) this.selected = this.data.racers[0] ?? 0;
    this.build();
    if (first || this.calm.matches || !data.fresh) {
      this.go(this.count - 1); // the answer; nothing moves unasked
    } else {
      this.go(0);
      this.toggle();
    }
  }

  build() {
    const { data, el } = this;
    const [height, width] = data.shape;
    for (const name of ["retina", "map"]) {
      Object.assign(el[name], { height, width });
      el[name].style.aspectRatio = `${width} / ${height}`;
    }
    for (const name of ["map", "mapWords"]) el[name].hidden = !data.conv;
    const rows = Math.ceil(data.labels.length / data.columns);
    this.pixels = Math.max(1, Math.ceil(16 / data.tile[0])); // small filters are drawn larger
    const [tall, wide] = data.tile.map((side) => side * this.pixels + 1);
    Object.assign(el.fields, { height: rows * tall, width: data.columns * wide });
    el.fields.style.aspectRatio = `${data.columns * wide} / ${rows * tall}`;
    this.grid = { rows, tall, wide };
    el.pickWords.textContent = data.conv ? "Look at filter" : "Look at neuron";
    Object.assign(el.pick, { min: data.shown[0], max: data.shown[data.shown.length - 1] });
    el.race.replaceChildren();
    const head = make("div", el.race, { className: "head" });
    for (const text of ["", "Vote", "Readout"]) make("span", head, { textContent: text });
    this.rows = data.names.map((name) => {
      const row = make("div", el.race, { className: "row" });
      const label = make("span", row, { className: "name", textContent: name, title: name });
      const bars = ["vote", "score"].map((kind) => {
        const bar = make("span", row, { className: `bar ${kind}` });
        make("i", bar);
        return bar;
      });
      return { label, vote: bars[0], score: bars[1] };
    });
    this.most = Math.max(1e-9, ...this.votes);
    this.lowest = Math.min(...this.scores);
    this.highest = Math.max(this.lowest + 1e-9, ...this.scores);
    this.first = new Int32Array(this.count + 1); // where the spikes of each step begin
    for (let k = 0; k < this.spikes.length; k += 5) this.first[this.spikes[k] + 1] += 1;
    for (let t = 0; t < this.count; t++) this.first[t + 1] += this.first[t];
    el.curves.replaceChildren();
    this.cursors = [];
    if (data.racers.length) this.plotPotentials();
    this.plotOutputs();
    this.plotInputs();
    this.showNeuron();
  }

  x(step) {
    return (1000 * (step + 0.5)) / this.count;
  }

  // An empty plot with a title; `add` puts paths into it.
  plot(title, label) {
    const box = make("div", this.el.curves);
    const heads = make("div", box, { className: "heads" });
    make("span", heads, { textContent: title });
    const plot = make("div", box, { className: "plot" });
    const canvas = make("canvas", plot, { hidden: true });
    canvas.setAttribute("aria-hidden", "true"); // the label stands on the drawing over it
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 1000 ${TALL}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
    plot.append(svg);
    const add = (kind, d) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("class", kind);
      path.setAttribute("d", d);
      svg.append(path);
      return path;
    };
    this.scrubbing(plot);
    return { plot, canvas, add, done: () => this.cursors.push(add("cursor", "")) };
  }

  plotPotentials() {
    const { data } = this;
    const many = data.racers.length;
    const name = "Potentials of the leading neurons";
    const drawn = this.plot(name, `${name}, in units of their thresholds`);
    const low = Math.max(LOW, Math.min(0, ...this.levels));
    const high = 1.3;
    const y = (value) => ((high - Math.max(low, Math.min(high, value))) / (high - low)) * TALL;
    for (let r = many - 1; r >= 0; r--) {
      const points = Array.from({ length: this.count }, (_, t) =>
        `${this.x(t).toFixed(1)} ${y(this.levels[t * many + r]).toFixed(1)}`);
      drawn.add(r === 0 ? "winner" : "other", `M${points.join("L")}`);
    }
    drawn.add("mark", `M0 ${y(1)}H1000`);
    const tag = make("span", drawn.plot, { className: "tag line", textContent: "threshold" });
    tag.style.top = `${(100 * y(1)) / TALL}%`;
    const who = data.names[data.labels[data.racers[0]]] ?? "no class";
    make("span", drawn.plot, {
      className: "tag bottom",
      textContent: `thick: neuron ${data.shown[data.racers[0]]} (${who})`,
    });
    drawn.done();
  }

  // A lane for each class: who spikes votes for its class.
  plotOutputs() {
    const { data } = this;
    const name = `Output spikes (${this.spikes.length / 5}), by the class they vote for`;
    const drawn = this.plot(name, name);
    const lanes = data.names.length;
    const y = (lane) => (TALL * (lane + 0.5)) / lanes;
    const half = Math.min(8, (0.4 * TALL) / lanes);
    data.names.forEach((_, lane) => drawn.add("lane", `M0 ${y(lane)}H1000`));
    let d = "";
    for (let k = 0; k < this.spikes.length; k += 5) {
      const lane = this.spikes[k + 4];
      if (lane < 0) continue;
      d += `M${this.x(this.spikes[k]).toFixed(1)} ${(y(lane) - half).toFixed(1)}v${2 * half}`;
    }
    drawn.add("ticks", d);
    if (lanes <= 12) {
      data.names.forEach((text, lane) => {
        const tag = make("span", drawn.plot, { className: "lanes", textContent: text });
        tag.style.top = `${(100 * y(lane)) / TALL}%`;
      });
    }
    drawn.done();
  }

  plotInputs() {
    const cells = this.data.maps * this.data.shape[0] * this.data.shape[1];
    const name = `Input spikes of all ${cells.toLocaleString("en")} cells`;
    const drawn = this.plot(name, name);
    drawn.canvas.hidden = false;
    // 1568 rows do not fit: some cells share a row.
    const rows = Math.min(cells, 196);
    Object.assign(drawn.canvas, { height: rows, width: this.count });
    this.raster = { canvas: drawn.canvas, rows, cells };
    drawn.done();
  }

  drawRaster() {
    const { canvas, rows, cells } = this.raster;
    const context = canvas.getContext("2d");
    const image = context.createImageData(this.count, rows);
    const ink = rgb(this.dark ? "#e69f00" : "#0072b2");
    for (let t = 0; t < this.count; t++) {
      for (let i = 0; i < cells; i++) {
        if (!this.spiked(t, i)) continue;
        const p = 4 * (Math.floor((i * rows) / cells) * this.count + t);
        image.data.set([...ink, 255], p);
      }
    }
    context.putImageData(image, 0, 0);
    this.painted = this.dark;
  }

  // Whether input cell i spikes at step t.
  spiked(t, i) {
    const cells = this.data.maps * this.data.shape[0] * this.data.shape[1];
    const bit = t * cells + i;
    return this.bits[bit >> 3] & (128 >> (bit & 7));
  }

  show() {
    const { data, at, el } = this;
    const { names } = data;
    const ms = ((at + 1) * data.dt).toFixed(data.dt % 1 ? 1 : 0);
    this.showPlace(`Step ${at + 1} of ${this.count} · ${ms} ms`);
    if (this.painted !== this.dark || this.film !== this.text) this.drawRaster();
    this.film = this.text;
    for (const cursor of this.cursors) cursor.setAttribute("d", `M${this.x(at)} 0V${TALL}`);
    const inputs = this.showRetina();
    const now = this.showLayer();
    this.showRace();
    const parts = [count(inputs, "input spike")];
    if (!now.length) parts.push(`no ${data.conv ? "filter" : "neuron"} reaches its threshold`);
    else if (data.conv) parts.push(`${count(now.length, "win")} of filters, at their places`);
    else {
      const [place, label] = now[0];
      const who = place < 0 ? "a neuron that is not shown" : `neuron ${data.shown[place]}`;
      parts.push(`${who} spikes` + (label < 0 ? "" : ` and votes for ${names[label]}`));
    }
    el.words.textContent = `${parts.join("; ")}.`;
    const settled = at >= data.settled;
    el.settled.textContent = settled
      ? `Settled: ${names[data.answer]}, in the lead of the readout since step ${data.settled + 1}.`
      : `Not settled yet: the readout leads with ${names[this.leader(this.scores)]}.`;
  }

  leader(values) {
    const classes = this.data.names.length;
    const now = values.subarray(this.at * classes, (this.at + 1) * classes);
    return now.indexOf(Math.max(...now));
  }

  // The picture in grey, cells that spike at this step lit up; how many do.
  showRetina() {
    const { data, at, el } = this;
    const size = data.shape[0] * data.shape[1];
    const inks = [rgb("#f29e38"), rgb("#4ba3e3")];
    const context = el.retina.getContext("2d");
    const image = context.createImageData(data.shape[1], data.shape[0]);
    let spikes = 0;
    for (let p = 0; p < size; p++) {
      const grey = 0.45 * this.image[p];
      let colour = [grey, grey, grey];
      for (let m = 0; m < data.maps; m++) {
        if (!this.spiked(at, m * size + p)) continue;
        colour = inks[m];
        spikes += 1;
      }
      image.data.set([...colour, 255], 4 * p);
    }
    context.putImageData(image, 0, 0);
    const cells = data.maps === 2 ? "cells that spike now (orange ON, blue OFF)" : "cells that spike now";
    el.retinaWords.textContent = `What the network sees, and the ${cells}`;
    el.retina.setAttribute("aria-label", `The picture; ${count(spikes, "input spike")} at this step`);
    if (data.conv) this.showMap();
    return spikes;
  }

  // Places where a filter has won so far; those of this step in orange.
  showMap() {
    const { data, at, el } = this;
    const size = data.shape[0] * data.shape[1];
    const wins = new Float32Array(size);
    const now = new Set();
    for (let k = 0; k < this.first[at + 1]; k++) {
      const place = this.spikes[5 * k + 2] * data.shape[1] + this.spikes[5 * k + 3];
      wins[place] += 1;
      if (this.spikes[5 * k] === at) now.add(place);
    }
    const most = Math.max(1, ...wins);
    const context = el.map.getContext("2d");
    const image = context.createImageData(data.shape[1], data.shape[0]);
    for (let p = 0; p < size; p++) {
      const grey = (255 * wins[p]) / most;
      image.data.set(now.has(p) ? [230, 159, 0, 255] : [grey, grey, grey, 255], 4 * p);
    }
    context.putImageData(image, 0, 0);
    el.mapWords.textContent = "Where filters have won so far; orange: now";
    el.map.setAttribute("aria-label", `Map of ${this.first[at + 1]} wins so far`);
  }

  // All fields, the brighter the more often they have spiked; [place, class] of those of this step.
  showLayer() {
    const { data, at, el, grid } = this;
    const spikes = new Uint16Array(data.labels.length);
    const now = [];
    for (let k = 0; k < this.first[at + 1]; k++) {
      const place = this.spikes[5 * k + 1];
      if (place >= 0) spikes[place] += 1;
      if (this.spikes[5 * k] === at) now.push([place, this.spikes[5 * k + 4]]);
    }
    const most = Math.max(1, ...spikes);
    const context = el.fields.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.globalAlpha = 1;
    context.fillStyle = "#5a5a5a";
    context.fillRect(0, 0, el.fields.width, el.fields.height);
    const lit = new Set(now.map(([place]) => place));
    spikes.forEach((n, place) => {
      const [row, column] = [Math.floor(place / data.columns), place % data.columns];
      const to = [column * grid.wide, row * grid.tall, grid.wide - 1, grid.tall - 1];
      context.globalAlpha = 1;
      context.fillStyle = "#000";
      context.fillRect(...to);
      const level = lit.has(place) ? 255 : n ? BRIGHT + 50 + (100 * n) / most : BRIGHT;
      context.globalAlpha = level / 255;
      context.drawImage(
        this.sprite, column * data.tile[1], row * data.tile[0], data.tile[1], data.tile[0], ...to);
    });
    context.globalAlpha = 1;
    const active = spikes.reduce((sum, n) => sum + (n > 0), 0);
    const what = data.conv ? "filters" : "neurons";
    const part = data.units > data.labels.length
      ? `the ${data.labels.length} busiest of ${data.units.toLocaleString("en")}`
      : data.units.toLocaleString("en");
    const words = `What each of ${part} ${what} looks for; ` +
      `bright: has ${data.conv ? "won" : "spiked"} (${active} so far). Click on one.`;
    el.layerWords.textContent = words;
    el.fields.setAttribute("aria-label", words);
    this.place(el.flash, now.length && !data.conv ? now[0][0] : -1);
    el.flash.replaceChildren();
    if (now.length && now[0][1] >= 0) {
      make("b", el.flash, { textContent: data.names[now[0][1]].slice(0, 12) });
    }
    this.place(el.chosen, this.selected);
    return now;
  }

  // Puts a frame around a field; none for -1.
  place(frame, place) {
    frame.hidden = place < 0;
    if (place < 0) return;
    const { data, grid } = this;
    const [row, column] = [Math.floor(place / data.columns), place % data.columns];
    Object.assign(frame.style, {
      left: `${(100 * column) / data.columns}%`,
      top: `${(100 * row) / grid.rows}%`,
      width: `${100 / data.columns}%`,
      height: `${100 / grid.rows}%`,
    });
  }

  showRace() {
    const { data, at } = this;
    const classes = data.names.length;
    const best = { vote: this.leader(this.votes), score: this.leader(this.scores) };
    this.rows.forEach((row, c) => {
      const vote = this.votes[at * classes + c];
      const score = this.scores[at * classes + c];
      const share = { vote: vote / this.most,
        score: (score - this.lowest) / (this.highest - this.lowest) };
      for (const kind of ["vote", "score"]) {
        row[kind].firstChild.style.width = `${(100 * share[kind]).toFixed(1)}%`;
        row[kind].classList.toggle("lead", best[kind] === c && (kind === "score" || vote > 0));
      }
      row.vote.title = `${vote.toFixed(2)} spikes a neuron`;
      row.score.title = `score ${score.toFixed(2)}`;
      row.label.classList.toggle("first", best.score === c);
    });
  }

  clicked(event) {
    if (!this.data) return;
    const box = this.el.fields.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * this.data.columns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * this.grid.rows);
    const place = row * this.data.columns + column;
    if (place >= 0 && place < this.data.labels.length) this.choose(place);
  }

  typed() {
    const place = this.data ? this.data.shown.indexOf(Number(this.el.pick.value)) : -1;
    if (place >= 0 && this.el.pick.value !== "") this.choose(place);
  }

  choose(place) {
    this.selected = place;
    this.place(this.el.chosen, place);
    this.showNeuron();
  }

  showNeuron() {
    const { data, el, selected } = this;
    const { names } = data;
    const [tall, wide] = data.tile;
    Object.assign(el.big, { height: tall, width: wide });
    const [row, column] = [Math.floor(selected / data.columns), selected % data.columns];
    el.big.getContext("2d").drawImage(
      this.sprite, column * wide, row * tall, wide, tall, 0, 0, wide, tall);
    el.pick.value = data.shown[selected];
    let spikes = 0;
    for (let k = 1; k < this.spikes.length; k += 5) spikes += this.spikes[k] === selected;
    const what = `${data.conv ? "Filter" : "Neuron"} ${data.shown[selected]}`;
    el.big.setAttribute("aria-label", `Receptive field of ${what.toLowerCase()}`);
    const label = data.labels[selected];
    const stands = data.conv ? "" : label < 0 ? ", which stands for no class" : `, which stands for ${names[label]}`;
    const won = data.conv ? count(spikes, "win") : count(spikes, "spike");
    const classes = names.length;
    const weights = Array.from(this.weights.subarray(selected * classes, (selected + 1) * classes));
    const far = weights.indexOf(Math.max(...weights));
    el.facts.textContent = `${what}${stands}: ${won} at this picture. ` +
      `What it adds to the readout's score of each class (most to ${names[far]}):`;
    el.bars.replaceChildren();
    const most = Math.max(1e-9, ...weights.map(Math.abs));
    weights.forEach((weight, c) => {
      const cell = make("div", el.bars, { textContent: names[c], title: `${names[c]}: ${weight.toFixed(3)}` });
      const bar = make("i", cell, { className: weight < 0 ? "minus" : "" });
      const size = (2 * Math.abs(weight)) / most;
      bar.style.height = `${size}rem`;
      bar.style.top = weight < 0 ? "2.1rem" : `${2.1 - size}rem`;
    });
    el.bars.setAttribute("aria-label",
      weights.map((weight, c) => `${names[c]} ${weight.toFixed(2)}`).join(", "));
  }
}
