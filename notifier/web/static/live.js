// Keeps what is on the screen up to date while somebody looks at it: one stream of
// changes a tab, none while it is hidden. Without this file the page is whole.
"use strict";

(() => {
  const EVERY_MS = 2500; // between two looks, however much changes
  const IDLE_MS = 20000; // times grow older, even where nothing changes
  let stream = null;
  let timer = null;
  let lastMs = Date.now();
  let isLooking = false;

  const parts = () => [...document.querySelectorAll("[data-live][id]")];

  // Whoever writes, chooses or marks something must not have it pulled away.
  const isBusy = (part) => {
    const held = document.activeElement;
    const isField = held && held.matches("input, select, textarea");
    const marked = document.getSelection();
    const isMarked = marked && !marked.isCollapsed && marked.containsNode(part, true);
    return (isField && part.contains(held)) || isMarked || part.querySelector("dialog[open]");
  };

  const path = (element, root) => {
    const steps = [];
    for (let at = element; at && at !== root; at = at.parentElement) {
      steps.unshift([...at.parentElement.children].indexOf(at));
    }
    return steps;
  };

  const replace = (part, fresh) => {
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const held = part.contains(document.activeElement) ? path(document.activeElement, part) : null;
    const rolled = [...part.querySelectorAll(".wide-scroll")].map((one) => one.scrollLeft);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".wide-scroll").forEach((one, at) => { one.scrollLeft = rolled[at] || 0; });
    part.querySelectorAll("details").forEach((one, at) => { one.open = Boolean(open[at]); });
    if (held) {
      const again = held.reduce((at, step) => at && at.children[step], part);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const look = async () => {
    timer = null;
    if (isLooking) timer = setTimeout(look, EVERY_MS); // what comes meanwhile is looked at, too
    if (document.hidden || isLooking || !parts().length) return;
    isLooking = true;
    lastMs = Date.now();
    try {
      const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
      if (!answer.ok) return;
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts()) {
        const fresh = found.getElementById(part.id);
        if (fresh && !isBusy(part) && fresh.innerHTML !== part.dataset.seen) {
          part.dataset.seen = fresh.innerHTML;
          if (fresh.innerHTML !== part.innerHTML) replace(part, fresh);
        }
      }
    } catch {
      // The service restarts, or the network is away: the stream tells when it is back.
    } finally {
      isLooking = false;
    }
  };

  const soon = () => {
    if (timer === null) timer = setTimeout(look, Math.max(0, lastMs + EVERY_MS - Date.now()));
  };

  const listen = () => {
    if (document.hidden) {
      if (stream) stream.close();
      stream = null;
    } else if (!stream) {
      stream = new EventSource("/changes");
      stream.addEventListener("changed", soon);
      soon();
    }
  };

  if (parts().length) {
    document.addEventListener("visibilitychange", listen);
    window.addEventListener("pagehide", () => { if (stream) { stream.close(); stream = null; } });
    window.addEventListener("pageshow", listen);
    setInterval(() => { if (!document.hidden && Date.now() - lastMs >= IDLE_MS) soon(); }, 1000);
    listen();
  }
})();
