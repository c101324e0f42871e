// A few sentences beside the things that they speak of; all of it happens in this browser.

const AGAIN = "spiking-lab-tour"; // the event by which the help asks for it (tour_again.js)
const GAP = 12; // px between the box and what it explains
const SEEN = 48; // px of a tall thing that must be in sight
const PATIENCE = 40; // fifths of a second for what is still to come
const OVER = "[data-testid=stPopoverBody], [data-testid=stDialog]"; // what the visitor opened
const tours = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector("[data-id=tour]");
  if (!root || !component.data) return;
  if (!tours.has(root)) tours.set(root, new Tour(root));
  tours.get(root).load(component.data);
  return () => tours.get(root)?.end();
}

class Tour {
  constructor(root) {
    this.root = root;
    this.el = {};
    for (const element of root.querySelectorAll("[data-id]")) {
      this.el[element.dataset.id] = element;
    }
    this.el.skip.addEventListener("click", () => this.close());
    this.el.back.addEventListener("click", () => this.go(-1));
    this.el.next.addEventListener("click", () => this.go(1));
    this.onKey = (event) => this.key(event);
    this.onAgain = () => this.start(true);
  }

  // Each run of the page calls this again: only another page, or one after an end, begins anew.
  load({ page, steps }) {
    document.addEventListener("keydown", this.onKey); // the same one twice is one
    document.addEventListener(AGAIN, this.onAgain);
    if (this.page === page) return;
    this.close();
    Object.assign(this, { page, steps });
    if (!this.seen()) this.wait();
  }

  end() {
    this.close();
    this.page = null; // Streamlit also ends what a newer run has taken the place of
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener(AGAIN, this.onAgain);
  }

  // Private windows may refuse to store anything: then it was seen in this tab at least.
  seen() {
    try {
      return localStorage.getItem(`spiking-lab-tour-${this.page}`) !== null;
    } catch {
      return Boolean(window[`spiking-lab-tour-${this.page}`]);
    }
  }

  remember() {
    try {
      localStorage.setItem(`spiking-lab-tour-${this.page}`, "seen");
    } catch {
      window[`spiking-lab-tour-${this.page}`] = true;
    }
  }

  // The page is still being drawn: begin once the things are there and the first stands still; one
  // that has not come some seconds after the others is left out.
  wait() {
    let before = "";
    let quiet = 0;
    let late = 0;
    this.waiting = setInterval(() => {
      const there = this.steps.map((_, number) => this.find(number)).filter(Boolean);
      const at = there[0]?.getBoundingClientRect();
      const now = at ? [at.x, at.y, at.width, at.height].join() : "";
      const app = document.querySelector("[data-testid=stApp]");
      const running = app?.getAttribute("data-test-script-state") === "running";
      quiet = now && now === before && !running ? quiet + 1 : 0;
      late += now && !running ? 1 : 0;
      before = now;
      if (quiet >= 4 && (there.length === this.steps.length || late >= PATIENCE)) this.start();
    }, 200);
  }

  find(number) {
    const there = [...document.querySelectorAll(this.steps[number].at)];
    return there.find((element) => // a grey bar stands for what is still to come
      element.getClientRects().length > 0 && !element.querySelector("[data-testid=stSkeleton]"));
  }

  start(asked = false) {
    this.close();
    this.asked = asked; // from within an open popover
    this.shown = this.steps.map((_, number) => number).filter((number) => this.find(number));
    if (!this.shown.length) return;
    this.remember();
    const active = document.activeElement;
    const free = !active || active === document.body || active.closest(".st-key-frame_help");
    this.before = active;
    this.root.showPopover();
    this.step = 0;
    this.show();
    if (free || this.el.box.contains(active)) this.el.next.focus({ preventScroll: true });
    const follow = () => {
      this.place();
      this.frame = requestAnimationFrame(follow);
    };
    follow();
  }

  close() {
    clearInterval(this.waiting);
    cancelAnimationFrame(this.frame);
    if (!this.open()) return;
    const focused = this.root.contains(this.root.getRootNode().activeElement);
    this.root.hidePopover();
    if (focused && this.before?.isConnected) this.before.focus({ preventScroll: true });
  }

  open() {
    return this.root.matches(":popover-open");
  }

  go(way) {
    const to = this.step + way;
    if (to < 0) return;
    if (to >= this.shown.length) return this.close();
    this.step = to;
    this.show();
  }

  show() {
    const { count, words, skip, back, next } = this.el;
    const last = this.step === this.shown.length - 1;
    count.textContent = `First steps: ${this.step + 1} of ${this.shown.length}`;
    words.textContent = this.steps[this.shown[this.step]].words;
    skip.hidden = last;
    back.hidden = this.step === 0;
    next.textContent = last ? "Done" : "Next";
    this.reveal();
    this.place();
  }

  key(event) {
    if (!this.open() || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const inside = event.composedPath().includes(this.el.box);
    if (!inside && event.target !== document.body) return; // a box of the page has its own keys
    const act = {
      Escape: () => this.close(),
      ArrowRight: () => this.go(1),
      ArrowLeft: () => this.go(-1),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // The part of the window where the page's content is.
  region() {
    const main = document.querySelector("[data-testid=stMain]")?.getBoundingClientRect();
    const head = document.querySelector("[data-testid=stHeader]")?.getBoundingClientRect();
    return {
      left: Math.max(main?.left ?? 0, 0) + 8,
      right: Math.min(main?.right ?? innerWidth, innerWidth) - 8,
      top: Math.max(main?.top ?? 0, head?.bottom ?? 0, 0),
      bottom: innerHeight - 8,
    };
  }

  // Where the box stands beside its thing without covering it; null where there is no room.
  fit(thing, room) {
    const { offsetWidth: width, offsetHeight: height } = this.el.box;
    if (thing.top < room.top - GAP || thing.top > room.bottom - SEEN) return null;
    const clamp = (x, low, high) => Math.max(low, Math.min(x, high));
    const left = clamp(thing.left, room.left, room.right - width);
    const top = clamp(thing.top, room.top, room.bottom - height);
    if (thing.bottom + GAP + height <= room.bottom) return [left, thing.bottom + GAP];
    if (thing.left - GAP - width >= room.left) return [thing.left - GAP - width, top];
    if (thing.right + GAP + width <= room.right) return [thing.right + GAP, top];
    if (thing.top - GAP - height >= room.top) return [left, thing.top - GAP - height];
    return null;
  }

  // Scroll, only if the box finds no room: the thing goes up, or as far down as the box is high.
  reveal() {
    const found = this.find(this.shown[this.step]);
    if (!found) return;
    const thing = found.getBoundingClientRect();
    const room = this.region();
    if (this.fit(thing, room)) return;
    const high = this.el.box.offsetHeight + 2 * GAP;
    const both = thing.height + high + GAP <= room.bottom - room.top;
    const main = document.querySelector("[data-testid=stMain]") ?? document.scrollingElement;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    main.scrollBy({
      top: thing.top - room.top - (both ? GAP : high),
      behavior: calm ? "instant" : "smooth",
    });
  }

  place() {
    const { box, ring } = this.el;
    box.hidden = ring.hidden = !this.asked && Boolean(document.querySelector(OVER));
    if (box.hidden) return;
    const found = this.find(this.shown[this.step]);
    ring.hidden = !found;
    if (!found) return; // a run of the page is about to draw it again
    const thing = found.getBoundingClientRect();
    const room = this.region();
    const [left, top] = this.fit(thing, room) ??
      [room.right - box.offsetWidth, room.bottom - box.offsetHeight];
    Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
    Object.assign(ring.style, {
      left: `${thing.left - 5}px`,
      top: `${thing.top - 5}px`,
      width: `${thing.width + 6}px`,
      height: `${thing.height + 6}px`,
    });
  }
}
