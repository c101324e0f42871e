// Thumbnails to pick from. The numbers of all picked pictures are sent after each click.

const galleries = new WeakMap();

export default function (component) {
  const root = component.parentElement.querySelector(".pick");
  if (!root || !component.data) return;
  if (!galleries.has(root)) galleries.set(root, new Gallery(root));
  galleries.get(root).load(component.data, component.setStateValue);
}

class Gallery {
  constructor(root) {
    this.root = root;
    this.picked = [];
  }

  load(data, setStateValue) {
    this.tell = setStateValue;
    this.data = data;
    if (this.version !== data.version) this.picked = [...data.picked]; // else the browser is ahead
    this.version = data.version;
    const shown = `${data.first} ${data.sprite}`;
    if (shown !== this.shown) this.build();
    this.shown = shown;
    this.show();
  }

  build() {
    const { first, names, sprite, width, height } = this.data;
    this.buttons = names.map((name, k) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `${name}, number ${first + k}`);
      button.title = `${name}, number ${first + k}`;
      const picture = document.createElement("i");
      picture.style.width = `${width}px`;
      picture.style.height = `${height}px`;
      picture.style.backgroundImage = `url(${sprite})`;
      picture.style.backgroundPosition = `${-k * width}px 0`;
      button.append(picture, String(first + k));
      button.addEventListener("click", () => this.toggle(first + k));
      return button;
    });
    this.root.replaceChildren(...this.buttons);
  }

  toggle(number) {
    const at = this.picked.indexOf(number);
    if (at >= 0) this.picked.splice(at, 1);
    else this.picked.push(number);
    this.show();
    this.tell("picked", { version: this.version, numbers: [...this.picked] });
  }

  show() {
    const full = this.picked.length >= this.data.most;
    this.buttons.forEach((button, k) => {
      const on = this.picked.includes(this.data.first + k);
      button.setAttribute("aria-pressed", String(on));
      button.disabled = full && !on;
    });
  }
}
