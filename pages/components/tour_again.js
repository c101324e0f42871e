// Closes the help, which would stand before the things that the tour shows, and starts the tour.
export default function (component) {
  const button = component.parentElement.querySelector("[data-id=again]");
  if (!button) return;
  button.onclick = () => {
    const help = document.querySelector(".st-key-frame_help button");
    help?.click();
    help?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("spiking-lab-tour"));
  };
}
