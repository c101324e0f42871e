// An empty place that tells the server, once, that it has come into sight or was asked for.

export default function ({ parentElement, setStateValue }) {
  const button = parentElement.querySelector("button");
  const tell = () => {
    if (button.dataset.told) return;
    button.dataset.told = "yes";
    setStateValue("seen", true);
  };
  button.onclick = tell;
  // Streamlit may end one call after the next has begun: each has an observer of its own.
  const look = new IntersectionObserver((entries) => {
    if (entries.at(-1).isIntersecting) tell();
  });
  look.observe(button.parentElement);
  return () => look.disconnect();
}
