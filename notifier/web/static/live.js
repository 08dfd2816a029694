// Keeps what is on the screen up to date while somebody looks at it: one stream of
// changes a tab, none while it is hidden. What cannot be kept up to date says so. Without
// this file the page is whole.
"use strict";

(() => {
  const EVERY_MS = 2500; // between two looks, however much changes
  const IDLE_MS = 20000; // times grow older, even where nothing changes
  const PATIENCE_MS = 30000; // as the service has with itself
  const stale = document.getElementById("stale");
  let stream = null;
  let misses = 0; // of the stream since it was last open
  let failures = 0; // of looks since one went well
  let timer = null;
  let lastMs = Date.now();
  let isLooking = false;

  const parts = () => [...document.querySelectorAll("[data-live][id]")];

  const isField = (held) => held && held.matches("input, select, textarea");

  // Whoever writes, chooses or marks something must not have it pulled away.
  const isBusy = (part) => {
    const held = document.activeElement;
    const marked = document.getSelection();
    const isMarked = marked && !marked.isCollapsed && marked.containsNode(part, true);
    return (isField(held) && part.contains(held)) || isMarked || part.querySelector("dialog[open]");
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

  // Returns whether this is a page of ours: a proxy may say with 200 that it has none.
  const renew = (text) => {
    const found = new DOMParser().parseFromString(text, "text/html");
    let isOurs = false;
    for (const part of parts()) {
      const fresh = found.getElementById(part.id);
      isOurs = isOurs || Boolean(fresh);
      if (fresh && !isBusy(part) && fresh.innerHTML !== part.dataset.seen) {
        part.dataset.seen = fresh.innerHTML;
        if (fresh.innerHTML !== part.innerHTML) replace(part, fresh);
      }
    }
    return isOurs;
  };

  const read = async () => {
    const patience = new AbortController();
    const timeout = setTimeout(() => patience.abort(), PATIENCE_MS);
    const asked = { redirect: "manual", cache: "no-store", signal: patience.signal };
    try {
      const answer = await fetch(location.href, asked);
      // The session is over: a screen on the wall must not go on saying that all is well.
      const isOver = answer.type === "opaqueredirect" && failures > 0;
      if (isOver && !isField(document.activeElement)) location.reload();
      return answer.ok && renew(await answer.text());
    } catch {
      return false;
    } finally {
      clearTimeout(timeout);
    }
  };

  const look = async () => {
    timer = null;
    if (isLooking) timer = setTimeout(look, EVERY_MS); // what comes meanwhile is looked at, too
    if (document.hidden || isLooking || !parts().length) return;
    isLooking = true;
    lastMs = Date.now();
    failures = (await read()) ? 0 : failures + 1;
    stale.hidden = failures < 2; // one alone may be a page that is being left
    isLooking = false;
    if (failures === 1) soon();
  };

  const soon = () => {
    if (timer === null) timer = setTimeout(look, Math.max(0, lastMs + EVERY_MS - Date.now()));
  };

  const missed = (event) => {
    misses += 1; // each stream ends by itself, and is opened anew
    if (misses > 1 || event.target.readyState === EventSource.CLOSED) soon();
  };

  const listen = () => {
    if (document.hidden) {
      if (stream) stream.close();
      stream = null;
    } else if (!stream || stream.readyState === EventSource.CLOSED) {
      stream = new EventSource("/changes");
      stream.addEventListener("open", () => { misses = 0; });
      stream.addEventListener("changed", soon);
      stream.addEventListener("error", missed);
      soon();
    }
  };

  if (parts().length) {
    document.addEventListener("visibilitychange", listen);
    window.addEventListener("pagehide", () => { if (stream) { stream.close(); stream = null; } });
    window.addEventListener("pageshow", listen);
    setInterval(() => {
      if (document.hidden || Date.now() - lastMs < IDLE_MS) return;
      listen(); // a server on the way may have refused the stream for good
      soon();
    }, 1000);
    listen();
  }
})();
