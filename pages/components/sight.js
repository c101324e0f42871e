// An empty place that tells the server, once, that it has come into sight.

export default function ({ parentElement, setStateValue }) {
  const place = parentElement.querySelector(".place");
  if (place.dataset.watched) return; // drawn again
  place.dataset.watched = "yes";
  const look = new IntersectionObserver((entries) => {
    if (!entries.at(-1).isIntersecting) return;
    look.disconnect();
    setStateValue("seen", true);
  });
  look.observe(place);
  return () => look.disconnect();
}
