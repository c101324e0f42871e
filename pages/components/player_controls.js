// What the players of frames share: play, pause, step, scrub, keys, speed and less motion.
// It is put before the script of a player, whose class extends `Transport`.

const PLAY = "M7 4v16l13-8z";
const PAUSE = "M6 4h4v16H6zM14 4h4v16h-4z";

// Numbers that Python has deflated and written as base64.
async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function rgb(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}

// A player has `count` frames once it has `data`, and a `show()` that draws frame number `at`.
class Transport {
  constructor(root) {
    this.root = root;
    this.at = null; // the frame that is shown, from 0; null before there is one
    this.playing = false;
    this.el = {};
    for (const element of root.querySelectorAll("[data-id]")) {
      this.el[element.dataset.id] = element;
    }
    // Who asks for less motion gets a slow start, and a running film stops.
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    if (this.calm.matches) this.slow();
    this.calm.addEventListener("change", () => {
      if (!this.calm.matches) return;
      this.slow();
      this.stop();
    });
    const on = (id, type, act) => this.el[id].addEventListener(type, act);
    on("toStart", "click", () => this.go(0));
    on("back", "click", () => this.go(this.at - 1));
    on("forward", "click", () => this.go(this.at + 1));
    on("play", "click", () => this.toggle());
    on("slider", "input", () => this.go(Number(this.el.slider.value)));
    root.addEventListener("keydown", (event) => this.key(event));
    const look = (entries) => {
      this.seen = entries.at(-1).isIntersecting;
      this.want();
    };
    new IntersectionObserver(look, { rootMargin: "200px" }).observe(root);
  }

  // There is a film, named `data.wait`, to be asked for once the player is in sight; until it
  // comes, the last one stays, paler. `ask` sends its name to the server.
  wait(data, ask) {
    this.root.classList.toggle("dark", data.dark);
    this.ask = ask;
    if (this.waiting === data.wait) return;
    this.waiting = data.wait;
    this.asked = false;
    this.stop();
    this.busy(true);
    this.want();
  }

  want() {
    if (!this.seen || !this.waiting || this.asked) return;
    this.asked = true;
    this.ask(this.waiting);
  }

  // The film is here.
  arrived() {
    this.waiting = null;
    this.busy(false);
  }

  busy(is) {
    this.root.classList.toggle("waiting", is);
    this.root.setAttribute("aria-busy", is);
  }

  slow() {
    this.el.speed.value = "2";
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
      End: () => this.go(this.count - 1),
    };
    const act = this.data && acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  // A drag over `box` seeks; `frameAt` turns a share of its width into a frame.
  scrubbing(box, frameAt = (share) => Math.floor(share * this.count)) {
    const seek = (event) => {
      const place = box.getBoundingClientRect();
      this.go(frameAt((event.clientX - place.left) / place.width));
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

  toggle() {
    if (!this.data) return;
    if (this.playing) {
      this.stop();
      this.show();
      return;
    }
    if (this.at >= this.count - 1) this.at = 0;
    this.playing = true;
    this.el.play.setAttribute("aria-label", "Pause");
    this.el.playIcon.setAttribute("d", PAUSE);
    this.el.words.setAttribute("aria-live", "off"); // nobody can listen to ten per second
    let before = performance.now();
    let due = 0;
    const frame = (now) => {
      if (!this.playing) return;
      if (!this.root.isConnected) return this.stop();
      due += ((now - before) / 1000) * Number(this.el.speed.value);
      before = now;
      const steps = Math.floor(Math.min(due, this.count));
      due -= steps;
      if (steps > 0) {
        this.at = Math.min(this.at + steps, this.count - 1);
        if (this.at === this.count - 1) this.stop();
        this.show();
      }
      if (this.playing) requestAnimationFrame(frame);
    };
    this.show();
    requestAnimationFrame(frame);
  }

  stop() {
    this.playing = false;
    this.el.play.setAttribute("aria-label", "Play");
    this.el.playIcon.setAttribute("d", PLAY);
    this.el.words.setAttribute("aria-live", "polite");
  }

  // To a frame by hand: whatever plays is paused.
  go(frame) {
    if (!this.data) return;
    if (this.playing) this.stop();
    this.at = Math.max(0, Math.min(this.count - 1, frame));
    this.show();
  }

  // The slider and the buttons at frame `at`, which is called `words`.
  showPlace(words) {
    const { el, at, count } = this;
    el.slider.value = at;
    el.slider.setAttribute("aria-valuetext", words);
    el.back.disabled = at === 0;
    el.forward.disabled = at === count - 1;
    el.title.textContent = words;
  }
}
