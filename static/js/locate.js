// Record where the inspection takes place: [data-locate] with hidden longitude, latitude and accuracy_m fields.
// Without a position (no sensor, refused, no JavaScript) photos are the evidence.
import { eachNow, on } from "./dom.js";

eachNow("[data-locate-now]", (button) => {
  button.hidden = !("geolocation" in navigator);
});
on("click", "[data-locate-now]", (_event, button) => {
  const place = button.closest("[data-locate]");
  button.setAttribute("aria-busy", "true");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      place.querySelector("[name=longitude]").value = coords.longitude.toFixed(6);
      place.querySelector("[name=latitude]").value = coords.latitude.toFixed(6);
      place.querySelector("[name=accuracy_m]").value = Math.round(coords.accuracy);
      place.querySelector("[data-locate-said]").textContent = `${coords.latitude.toFixed(5)}, ${coords.longitude.toFixed(5)} ±${Math.round(coords.accuracy)} m`;
      button.removeAttribute("aria-busy");
    },
    (refused) => {
      place.querySelector("[data-locate-said]").textContent = refused.message;
      button.removeAttribute("aria-busy");
    },
    { enableHighAccuracy: true, timeout: 15000 },
  );
});
