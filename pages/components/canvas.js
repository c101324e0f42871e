// Draws on a grid of pixels. A drawing leaves the browser as one short text when a stroke ends.

const MOST_UNDO = 60;
const QUIET_MS = 500; // after the last key: what was drawn by keys is sent together

const sketches = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".drawing");
  if (!root || !component.data) return;
  if (!sketches.has(root)) sketches.set(root, new Sketch(root));
  sketches.get(root).load(component.data, component.setStateValue);
}

// The form of these texts is that of snncore/datasets/drawing.py.
function write(pixels, height, width) {
  const bits = pixels.every((p) => p === 0 || p === 255);
  let bytes = pixels;
  if (bits) {
    bytes = new Uint8Array(Math.ceil(pixels.length / 8));
    pixels.forEach((p, k) => {
      if (p) bytes[k >> 3] |= 128 >> (k & 7);
    });
  }
  const letters = btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
  const safe = letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `${bits ? "b" : "g"}${height}x${width}.${safe}`;
}

function read(text) {
  const [head, letters] = text.split(".");
  const size = head.slice(1).split("x").map(Number);
  const raw = atob(letters.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(raw, (c) => c.charCodeAt(0));
  const pixels = new Uint8Array(size[0] * size[1]);
  for (let k = 0; k < pixels.length; k++) {
    pixels[k] = head[0] === "g" ? bytes[k] : bytes[k >> 3] & (128 >> (k & 7)) ? 255 : 0;
  }
  return { height: size[0], width: size[1], pixels };
}

class Sketch {
  constructor(root) {
    this.root = root;
    this.tool = "pencil";
    this.thick = 3;
    this.past = [];
    this.future = [];
    this.at = [0, 0]; // row and column of the keyboard's pixel
    this.last = null; // where the stroke that is under way was last; null between strokes
    this.el = {};
    for (const element of root.querySelectorAll("[data-id]")) {
      this.el[element.dataset.id] = element;
    }
    for (const button of root.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.take(button.dataset.tool));
    }
    for (const button of root.querySelectorAll("[data-width]")) {
      button.addEventListener("click", () => this.broad(Number(button.dataset.width)));
    }
    const on = (id, type, act) => this.el[id].addEventListener(type, act);
    on("undo", "click", () => this.swap(this.past, this.future, "Undone"));
    on("redo", "click", () => this.swap(this.future, this.past, "Done again"));
    on("clear", "click", () => this.change(() => this.pixels.fill(0), "Cleared"));
    on("invert", "click", () =>
      this.change(() => this.pixels.forEach((p, k) => (this.pixels[k] = 255 - p)), "Swapped"));
    on("paper", "pointerdown", (event) => this.down(event));
    on("paper", "pointermove", (event) => this.move(event));
    on("paper", "pointerup", () => this.up());
    on("paper", "pointercancel", () => this.up());
    on("paper", "blur", () => this.send());
    root.addEventListener("keydown", (event) => this.key(event));
  }

  load(data, setStateValue) {
    this.tell = setStateValue;
    if (this.version === data.version) return; // the browser is ahead of the page: it draws
    this.version = data.version;
    const { height, width, pixels } = read(data.start);
    clearTimeout(this.waiting);
    if (this.pixels && height === this.height && width === this.width) {
      this.remember();
    } else {
      this.past = [];
      this.future = [];
      this.at = [height >> 1, width >> 1];
    }
    Object.assign(this, { height, width, pixels, sent: data.start, last: null });
    const { canvas, paper, grid } = this.el;
    Object.assign(canvas, { height, width });
    canvas.style.aspectRatio = `${width} / ${height}`;
    grid.style.backgroundSize = `${100 / width}% ${100 / height}%`;
    paper.setAttribute(
      "aria-label",
      `Drawing surface, ${height} rows and ${width} columns. Arrow keys move, the space bar ` +
        "draws, Shift with an arrow key draws a line.");
    this.context = canvas.getContext("2d");
    this.image = this.context.createImageData(width, height);
    this.show();
  }

  take(tool) {
    this.tool = tool;
    for (const button of this.root.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
  }

  broad(width) {
    this.thick = width;
    for (const button of this.root.querySelectorAll("[data-width]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.width) === width));
    }
  }

  ink() {
    return this.tool === "eraser" ? 0 : Number(this.el.shade.value);
  }

  place(event) {
    const box = this.el.canvas.getBoundingClientRect();
    const share = [
      (event.clientY - box.top) / box.height,
      (event.clientX - box.left) / box.width,
    ];
    return [Math.floor(share[0] * this.height), Math.floor(share[1] * this.width)];
  }

  down(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    this.el.paper.setPointerCapture(event.pointerId);
    this.el.paper.focus({ preventScroll: true, focusVisible: false });
    this.remember();
    this.last = this.at = this.place(event);
    if (this.tool === "fill") this.fill(this.at);
    else this.line(this.at, this.at);
    this.show();
  }

  move(event) {
    if (!this.last || !event.isPrimary || this.tool === "fill") return;
    const each = event.getCoalescedEvents?.() ?? [];
    for (const one of each.length ? each : [event]) {
      const to = this.place(one);
      this.line(this.last, to);
      this.last = to;
    }
    this.show();
  }

  up() {
    if (!this.last) return;
    this.last = null;
    this.at = [this.inside(this.at[0], this.height), this.inside(this.at[1], this.width)];
    this.show();
    this.send();
  }

  inside(k, size) {
    return Math.max(0, Math.min(size - 1, k));
  }

  // A straight line of the brush from pixel to pixel.
  line(from, to) {
    const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
    const half = (this.thick - 1) / 2;
    const ink = this.ink();
    for (let k = 0; k <= steps; k++) {
      const row = Math.round(from[0] + ((to[0] - from[0]) * k) / steps);
      const column = Math.round(from[1] + ((to[1] - from[1]) * k) / steps);
      for (let r = Math.max(0, row - half); r <= Math.min(this.height - 1, row + half); r++) {
        for (let c = Math.max(0, column - half); c <= Math.min(this.width - 1, column + half); c++) {
          this.pixels[r * this.width + c] = ink;
        }
      }
    }
  }

  // All pixels of one brightness that hang together with this one.
  fill([row, column]) {
    if (row < 0 || column < 0 || row >= this.height || column >= this.width) return;
    const ink = this.ink();
    const old = this.pixels[row * this.width + column];
    if (old === ink) return;
    const open = [[row, column]];
    while (open.length) {
      const [r, c] = open.pop();
      if (r < 0 || c < 0 || r >= this.height || c >= this.width) continue;
      if (this.pixels[r * this.width + c] !== old) continue;
      this.pixels[r * this.width + c] = ink;
      open.push([r + 1, c], [r - 1, c], [r, c + 1], [r, c - 1]);
    }
  }

  remember() {
    this.past.push(this.pixels.slice());
    if (this.past.length > MOST_UNDO) this.past.shift();
    this.future = [];
  }

  swap(from, to, words) {
    if (!from.length) return;
    to.push(this.pixels);
    this.pixels = from.pop();
    this.show(words);
    this.send();
  }

  change(act, words) {
    this.remember();
    act();
    this.show(words);
    this.send();
  }

  key(event) {
    const onPaper = event.target === this.el.paper;
    const letter = event.key.toLowerCase();
    if (event.target.tagName === "SELECT" || event.altKey) return;
    let act = null;
    if (event.ctrlKey || event.metaKey) {
      if (letter === "z" && !event.shiftKey) act = () => this.swap(this.past, this.future, "Undone");
      if (letter === "y" || (letter === "z" && event.shiftKey)) {
        act = () => this.swap(this.future, this.past, "Done again");
      }
    } else if (onPaper) {
      const way = {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
      }[event.key];
      const tool = { p: "pencil", e: "eraser", f: "fill" }[letter];
      if (way) act = () => this.step(way, event.shiftKey);
      else if (event.key === " " || event.key === "Enter") act = () => this.dot();
      else if (tool) act = () => this.take(tool);
      else if (letter === "1" || letter === "3") act = () => this.broad(Number(letter));
    }
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  step(way, draws) {
    const from = this.at;
    this.at = [
      this.inside(from[0] + way[0], this.height),
      this.inside(from[1] + way[1], this.width),
    ];
    if (draws && this.tool !== "fill") {
      this.remember();
      this.line(from, this.at);
      this.later();
    }
    this.show(this.where());
  }

  dot() {
    this.remember();
    if (this.tool === "fill") this.fill(this.at);
    else this.line(this.at, this.at);
    this.show(this.where());
    this.later();
  }

  where() {
    const [row, column] = this.at;
    const value = this.pixels[row * this.width + column];
    const names = { 0: "black", 255: "white" };
    return `Row ${row + 1}, column ${column + 1}: ${names[value] ?? `grey ${value}`}`;
  }

  later() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.send(), QUIET_MS);
  }

  send() {
    clearTimeout(this.waiting);
    const text = write(this.pixels, this.height, this.width);
    if (text === this.sent) return;
    this.sent = text;
    this.tell("drawing", { version: this.version, text });
  }

  show(words) {
    const { data } = this.image;
    let bright = 0;
    this.pixels.forEach((p, k) => {
      data.fill(p, 4 * k, 4 * k + 3);
      data[4 * k + 3] = 255;
      if (p) bright += 1;
    });
    this.context.putImageData(this.image, 0, 0);
    const { cell, undo, redo } = this.el;
    cell.style.left = `${(100 * this.at[1]) / this.width}%`;
    cell.style.top = `${(100 * this.at[0]) / this.height}%`;
    cell.style.width = `${100 / this.width}%`;
    cell.style.height = `${100 / this.height}%`;
    undo.disabled = !this.past.length;
    redo.disabled = !this.future.length;
    const share = Math.round((100 * bright) / this.pixels.length);
    this.el.words.textContent = words ?? `${bright.toLocaleString("en")} pixels drawn (${share} %)`;
  }
}
