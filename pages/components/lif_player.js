// Plays a run that has been sent once. No request leaves the browser, and nothing is computed here
// but the few numbers that the equation of one step shows (`lif_player_words.js`, which is put before
// this file).

const PLAY = "M7 4v16l13-8z";
const PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";
const RIM = 60; // y of the bucket's rim and of its floor in the drawing
const FLOOR = 180;
const SPARK_MS = 250; // how long a spike stays visible while the run plays

const players = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".player");
  if (!root || !component.data) return;
  if (!players.has(root)) players.set(root, new Player(root));
  players.get(root).load(component.data);
}

function limits(values, also = []) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of [...values, ...also]) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) {
    low -= 0.5;
    high += 0.5;
  }
  return [low, high];
}

class Player extends Teller {
  constructor(root) {
    super();
    this.root = root;
    this.at = 0; // the step that is shown, from 0
    this.playing = false;
    // Who asked for less motion gets a slower start and no spark that comes and goes.
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.el = {};
    for (const element of root.querySelectorAll("[data-id]")) {
      this.el[element.dataset.id] = element;
    }
    if (this.calm) this.el.speed.value = "10";
    const on = (id, type, act) => this.el[id].addEventListener(type, act);
    on("toStart", "click", () => this.go(0));
    on("back", "click", () => this.go(this.at - 1));
    on("forward", "click", () => this.go(this.at + 1));
    on("play", "click", () => this.toggle());
    on("nextSpike", "click", () => this.toSpike());
    on("slider", "input", () => this.go(Number(this.el.slider.value)));
    for (const id of ["plot", "iBox"]) this.scrubbing(this.el[id]);
    root.addEventListener("keydown", (event) => this.key(event));
  }

  scrubbing(box) {
    const seek = (event) => {
      const place = box.getBoundingClientRect();
      const share = (event.clientX - place.left) / place.width;
      this.go(Math.floor(share * this.data.steps));
    };
    box.addEventListener("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      this.root.focus({ preventScroll: true });
      seek(event);
    });
    box.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) seek(event);
    });
  }

  key(event) {
    const tag = event.target.tagName;
    if (tag === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (tag === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    const far = event.shiftKey ? 10 : 1;
    const acts = {
      " ": () => this.toggle(),
      ArrowRight: () => this.go(this.at + far),
      ArrowLeft: () => this.go(this.at - far),
      Home: () => this.go(0),
      End: () => this.go(this.data.steps - 1),
      s: () => this.toSpike(),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  load(data) {
    const text = JSON.stringify({ ...data, dark: null });
    this.root.classList.toggle("dark", data.dark);
    if (text === this.text) return; // a rerun of the page with the same run goes on playing
    this.text = text;
    this.data = data;
    this.v = data.variables[0].values;
    this.unit = data.variables[0].unit;
    this.digits = Math.min(6, Math.max(1, Math.ceil(-Math.log10(data.dt) - 1e-9) + 1)); // of ms
    this.fine = Math.max(3, Math.min(5, this.digits + 1)); // of mV: a short step changes little
    this.spikesOf = new Map();
    data.spikes.steps.forEach((step, k) => {
      if (!this.spikesOf.has(step)) this.spikesOf.set(step, []);
      this.spikesOf.get(step).push(data.spikes.times[k]);
    });
    this.spikeSteps = [...this.spikesOf.keys()];
    this.silence();
    this.root.classList.toggle("plain", !data.lif);
    this.el.slider.max = data.steps - 1;
    this.el.nextSpike.disabled = this.spikeSteps.length === 0;
    this.draw();
    this.stop();
    this.go(Math.min(this.at, data.steps - 1));
  }

  time(step) {
    return (this.data.first + step) * this.data.dt;
  }

  // ms of each step, from its beginning, in which the lid is on.
  silence() {
    const { lif, spikes, dt, steps } = this.data;
    this.silent = new Float64Array(steps);
    if (!lif || lif.t_ref <= 0) return;
    let lastTime = spikes.last_time;
    let lastStep = spikes.last_step;
    const rest = Math.floor(lif.t_ref / dt + 0.5); // on the grid: whole steps
    for (let k = 0; k < steps; k++) {
      if (lif.grid) {
        if (lastStep !== null && k <= lastStep + rest) this.silent[k] = dt;
      } else if (lastTime !== null) {
        const left = lastTime + lif.t_ref - this.time(k);
        this.silent[k] = left < 1e-9 ? 0 : Math.min(dt, left);
      }
      const times = this.spikesOf.get(k);
      if (times) {
        lastTime = times[times.length - 1];
        lastStep = k;
      }
    }
  }

  draw() {
    const { data, el, v } = this;
    const name = data.variables[0].label;
    const level = data.level === null ? [] : [data.level];
    const [low, high] = limits(v, level);
    const pad = 0.06 * (high - low);
    this.vLow = low - pad;
    this.vHigh = high + 2 * pad;
    this.line(el.voltage, v, this.vLow, this.vHigh, 200);
    el.threshold.setAttribute(
      "d", level.length ? `M0 ${this.y(data.level)}H1000` : "");
    el.thTag.hidden = !level.length;
    el.thTag.textContent = `threshold ${plain(data.level ?? 0)}`;
    el.thTag.style.top = `${this.y(data.level ?? 0) / 2}%`;
    el.spikes.setAttribute(
      "d", this.spikeSteps.map((k) => `M${this.x(k)} 0V16`).join(""));
    const width = 1000 / data.steps;
    const shades = [];
    for (let k = 0; k < data.steps; k++) {
      if (this.silent[k] > 0) {
        const end = k + this.silent[k] / data.dt;
        shades.push(`M${k * width} 0H${end * width}V200H${k * width}z`);
      }
    }
    el.rests.setAttribute("d", shades.join(""));
    const [iLow, iHigh] = limits(data.current);
    const iPad = 0.08 * (iHigh - iLow);
    this.line(el.currentLine, data.current, iLow - iPad, iHigh + iPad, 60);
    el.vHead.textContent = `${name}${this.unit ? ` [${this.unit}]` : ""}`;
    el.iHead.textContent = "Current [nA]";
    el.vTop.textContent = plain(high, 2);
    el.vBottom.textContent = plain(low, 2);
    const flat = !(Math.max(...data.current) > Math.min(...data.current));
    el.iTop.textContent = plain(flat ? data.current[0] : iHigh, 3);
    el.iBottom.textContent = flat ? "" : plain(iLow, 3);
    const from = plain(this.time(0), 6);
    const to = plain(this.time(data.steps), 6);
    el.window.textContent = `${from} to ${to} ms`;
    el.vPlot.setAttribute("aria-label", `${name} from ${from} to ${to} ms`);
    el.iPlot.setAttribute("aria-label", `Current from ${from} to ${to} ms`);
    if (data.lif) this.drawBucket(low);
  }

  x(step) {
    return ((step + 0.5) * 1000) / this.data.steps;
  }

  y(value) {
    return (200 * (this.vHigh - value)) / (this.vHigh - this.vLow);
  }

  line(path, values, low, high, height) {
    const scale = height / (high - low);
    const points = [];
    for (let k = 0; k < values.length; k++) {
      points.push(`${this.x(k).toFixed(2)} ${((high - values[k]) * scale).toFixed(2)}`);
    }
    path.setAttribute("d", `M${points.join("L")}`);
  }

  drawBucket(low) {
    const { lif, current } = this.data;
    this.floor = Math.min(lif.v_rest, lif.v_reset, low);
    const span = lif.v_th - this.floor;
    this.floor -= 0.1 * (span > 0 ? span : 1); // the hole is a little above the floor
    this.mostCurrent = Math.max(1e-12, ...current.map(Math.abs));
    const rest = this.bucketY(lif.v_rest);
    const { el } = this;
    el.restMark.setAttribute("d", `M47 ${rest}h6`);
    el.restLabel.setAttribute("y", rest + 4);
    el.restLabel.textContent = lif.v_rest < lif.v_th ? `rest ${plain(lif.v_rest, 1)}` : "";
    el.thLabel.textContent = plain(lif.v_th, 1);
    el.hole.setAttribute("transform", `translate(0 ${rest - 168})`);
  }

  bucketY(v) {
    const share = (v - this.floor) / (this.data.lif.v_th - this.floor);
    return FLOOR - Math.max(0, Math.min(1, share)) * (FLOOR - RIM);
  }

  toggle() {
    if (this.playing) {
      this.stop();
      this.show();
      return;
    }
    if (this.at >= this.data.steps - 1) this.at = 0;
    this.playing = true;
    this.el.play.setAttribute("aria-label", "Pause");
    this.el.playIcon.setAttribute("d", PAUSE);
    this.el.words.setAttribute("aria-live", "off"); // nobody can listen to a hundred per second
    let before = performance.now();
    let due = 0;
    const frame = (now) => {
      if (!this.playing) return;
      if (!this.root.isConnected) return this.stop();
      due += ((now - before) / 1000) * Number(this.el.speed.value);
      before = now;
      const steps = Math.floor(Math.min(due, this.data.steps));
      due -= steps;
      if (steps > 0) {
        const to = Math.min(this.at + steps, this.data.steps - 1);
        for (let k = this.at + 1; k <= to; k++) if (this.spikesOf.has(k)) this.sparkAt = now;
        this.at = to;
        if (to === this.data.steps - 1) this.stop();
      }
      this.show();
      if (this.playing) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  stop() {
    this.playing = false;
    this.sparkAt = -Infinity;
    this.el.play.setAttribute("aria-label", "Play");
    this.el.playIcon.setAttribute("d", PLAY);
    this.el.words.setAttribute("aria-live", "polite");
  }

  // To a step by hand: whatever plays is paused.
  go(step) {
    if (this.playing) this.stop();
    this.at = Math.max(0, Math.min(this.data.steps - 1, step));
    this.show();
  }

  toSpike() {
    const next = this.spikeSteps.find((step) => step > this.at);
    if (this.spikeSteps.length) this.go(next === undefined ? this.spikeSteps[0] : next);
  }

  show() {
    const { data, el, at } = this;
    const share = (at + 0.5) / data.steps;
    el.slider.value = at;
    for (const id of ["vCursor", "iCursor"]) {
      el[id].setAttribute("d", `M${1000 * share} 0V200`);
    }
    el.dot.style.left = `${100 * share}%`;
    el.dot.style.top = `${this.y(this.v[at]) / 2}%`;
    el.back.disabled = at === 0;
    el.forward.disabled = at === data.steps - 1;
    const [from, to] = [at, at + 1].map((k) => fixed(this.time(k), this.digits));
    el.title.textContent =
      `Step ${(data.first + at + 1).toLocaleString("en")} of ${data.total.toLocaleString("en")}: ` +
      `${from} → ${to} ms, I = ${plain(data.current[at])} nA`;
    el.slider.setAttribute(
      "aria-valuetext", `${to} ms, ${fixed(this.v[at], 2)} ${this.unit}`);
    const said = data.lif ? this.lifStep() : this.otherStep();
    el.equations.replaceChildren(...said.lines);
    el.words.textContent = said.words;
    if (data.lif) this.showBucket();
  }

  showBucket() {
    const { el, at, data } = this;
    const { lif } = data;
    const visible = (id, yes) => el[id].setAttribute("visibility", yes ? "visible" : "hidden");
    const top = this.bucketY(this.v[at]);
    const fires = this.spikesOf.has(at);
    const current = data.current[at];
    const covered = lif.reset !== "none" && this.silent[at] >= data.dt - 1e-9;
    el.water.setAttribute("y", top);
    el.water.setAttribute("height", FLOOR - top);
    const width = (16 * Math.abs(current)) / this.mostCurrent;
    el.inflow.setAttribute("x", 110 - width / 2);
    el.inflow.setAttribute("width", width);
    el.inflow.setAttribute("height", Math.max(0, (covered ? 50 : top) - 26));
    visible("inflow", current > 0);
    visible("pump", current < 0);
    const pressure = (this.v[at] - lif.v_rest) / Math.max(1e-9, lif.v_th - lif.v_rest);
    el.leak.style.strokeWidth = Math.max(0, Math.min(6, 6 * pressure));
    visible("leak", pressure > 0.01 && !covered);
    visible("lid", covered);
    visible("ghost", fires && lif.reset !== "none");
    el.ghost.setAttribute("y", RIM);
    el.ghost.setAttribute("height", Math.max(0, top - RIM));
    const spark = fires || (this.playing && performance.now() - this.sparkAt < SPARK_MS);
    visible("overflow", spark && !(this.calm && this.playing));
    this.root.classList.toggle("fires", spark);
    el.current.textContent = `${plain(current, 2)} nA`;
    el.level.textContent = `V = ${fixed(this.v[at], 2)} mV`;
    let state = "charging";
    if (spark) state = "spike!";
    else if (covered) state = "refractory: lid on";
    else if (Math.abs(this.v[at] - this.before()) < this.still()) state = "at rest";
    else if (this.v[at] < this.before()) state = "leaking";
    el.state.textContent = state;
    this.el.level.ownerSVGElement.setAttribute(
      "aria-label", `Leaky bucket: ${state}, ${el.level.textContent}`);
  }
}
