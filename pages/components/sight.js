// An empty place that tells the server that it has come into sight or was asked for.

const AGAIN_MS = 3000; // a page that runs two fragments at once may forget one of them
const FOCUSABLE = "a[href], button:not([disabled]), input, select, textarea, [tabindex='0']";

// The keyboard's place on the page goes on to what comes instead of the button.
function handOn(host, before) {
  const main = host.closest("[data-testid=stMain]") ?? document;
  setTimeout(() => {
    if (document.activeElement !== document.body) return;
    const next = [...main.querySelectorAll(FOCUSABLE)].find(
      (one) =>
        one.checkVisibility() &&
        (!before || before.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING),
    );
    next?.focus({ preventScroll: true });
  }, 500);
}

export default function ({ data, parentElement, setStateValue }) {
  const button = parentElement.querySelector("button");
  button.textContent = `Show ${data}`;
  const tell = () => {
    if (button.dataset.told) return;
    const times = Number(button.dataset.times ?? 0) + 1;
    Object.assign(button.dataset, { times, told: "yes" });
    button.setAttribute("aria-busy", "true");
    setStateValue("seen", times);
    setTimeout(() => {
      delete button.dataset.told;
      if (button.isConnected) tell();
    }, AGAIN_MS * times);
  };
  button.onclick = tell;
  // Streamlit may end one call after the next has begun: each has an observer of its own.
  const look = new IntersectionObserver((entries) => {
    if (entries.at(-1).isIntersecting) tell();
  });
  look.observe(button.parentElement);
  const host = button.getRootNode().host ?? button;
  const before = host.closest("[data-testid=stElementContainer]")?.previousElementSibling;
  return () => {
    look.disconnect();
    if (document.activeElement === host) handOn(host, before);
  };
}
