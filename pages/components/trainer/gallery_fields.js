// Receptive fields to look at. The number of the chosen one is sent after a click or by arrow keys.

const galleries = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".fields");
  if (!root || !component.data) return;
  if (!galleries.has(root)) galleries.set(root, new Gallery(root));
  galleries.get(root).load(component.data, component.setStateValue);
}

class Gallery {
  constructor(root) {
    this.root = root;
    this.buttons = [];
    root.addEventListener("keydown", (event) => this.key(event));
  }

  async load(data, setStateValue) {
    this.tell = setStateValue;
    const changed = this.data?.sprite !== data.sprite;
    this.data = data;
    if (changed) {
      const image = new Image();
      image.src = data.sprite;
      await image.decode();
      if (this.data !== data) return; // others came meanwhile
      this.build(image);
    }
    this.show(data.selected);
  }

  build(image) {
    const { numbers, names, tile, columns } = this.data;
    this.buttons = numbers.map((number, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", names[k]);
      button.title = names[k];
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { height: tile[0], width: tile[1] });
      canvas.getContext("2d").drawImage(
        image, (k % columns) * tile[1], Math.floor(k / columns) * tile[0], tile[1], tile[0],
        0, 0, tile[1], tile[0]);
      button.append(canvas, this.data.labels[k]);
      button.addEventListener("click", () => this.choose(k));
      return button;
    });
    this.root.replaceChildren(...this.buttons);
  }

  choose(k) {
    this.show(this.data.numbers[k]);
    this.tell("picked", this.data.numbers[k]);
  }

  show(number) {
    const at = Math.max(0, this.data.numbers.indexOf(number));
    this.buttons.forEach((button, k) => {
      button.setAttribute("aria-pressed", String(this.data.numbers[k] === number));
      button.tabIndex = k === at ? 0 : -1; // one stop of the Tab key; arrows move inside
    });
  }

  key(event) {
    const at = this.buttons.indexOf(event.target);
    if (at < 0) return;
    const wide = this.buttons.filter((b) => b.offsetTop === this.buttons[0].offsetTop).length;
    const to = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      ArrowDown: at + wide,
      ArrowUp: at - wide,
      Home: 0,
      End: this.buttons.length - 1,
    }[event.key];
    if (to === undefined || !this.buttons[to]) return;
    event.preventDefault();
    this.buttons[to].focus();
    this.choose(to);
  }
}
