// Symbols of a picture are moved by pointer or by arrow keys; where they were put is kept by the
// server, which draws the lines anew. Without this file: 数字で動かす on the same page.
(() => {
  "use strict";
  const STEP = 10;
  const WAIT = 700;
  let timer = 0;
  let queue = Promise.resolve();

  const root = () => document.getElementById("pictures");
  const form = () => document.getElementById("move-form");

  // Where each symbol stands now, from where it would be drawn.
  const offsets = new Map();
  const read = () => {
    offsets.clear();
    document.querySelectorAll("#pictures [data-symbol]").forEach((node) => {
      offsets.set(node.dataset.symbol, [Number(node.dataset.dx), Number(node.dataset.dy)]);
    });
  };

  const shift = (node, x, y) => node.setAttribute("transform", `translate(${x} ${y})`);

  const say = (words) => {
    document.getElementById("kin-status").textContent = words;
  };

  const save = async (symbol, svg) => {
    const [dx, dy] = offsets.get(symbol);
    const body = new FormData(form());
    body.set("symbol", symbol);
    body.set("dx", Math.round(dx));
    body.set("dy", Math.round(dy));
    let answer;
    try {
      answer = await fetch(root().dataset.moveUrl, { method: "POST", body });
    } catch {
      answer = { ok: false };
    }
    if (!answer.ok) {
      say(root().dataset.failed);
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("pictures");
    if (!fresh) {
      say(root().dataset.failed);
      return;
    }
    // Where one was: the same picture, the same symbol, the same place of its frame.
    const frames = [...root().querySelectorAll(".kin-scroll")].map((f) => [f.scrollLeft, f.scrollTop]);
    const drawing = [...root().querySelectorAll("svg")].indexOf(svg);
    const saved = root().dataset.saved;
    root().replaceWith(document.importNode(fresh, true));
    prepare();
    root().querySelectorAll(".kin-scroll").forEach((frame, n) => {
      [frame.scrollLeft, frame.scrollTop] = frames[n] || [0, 0];
    });
    const again = root().querySelectorAll("svg")[drawing];
    const node = again && [...again.querySelectorAll("[data-symbol]")].find((n) => n.dataset.symbol === symbol);
    if (node) node.focus({ preventScroll: true });
    say(saved);
  };

  const later = (symbol, svg, wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      queue = queue.then(() => save(symbol, svg));
    }, wait);
  };

  const move = (node, x, y) => {
    const start = offsets.get(node.dataset.symbol);
    start[0] += x;
    start[1] += y;
    const [dx, dy] = [start[0] - Number(node.dataset.dx), start[1] - Number(node.dataset.dy)];
    shift(node, dx, dy);
  };

  const KEYS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

  const onKey = (event) => {
    const by = KEYS[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const node = event.currentTarget;
    move(node, by[0], by[1]);
    later(node.dataset.symbol, node.ownerSVGElement, WAIT);
  };

  const onPointer = (event) => {
    if (event.button) return;
    const node = event.currentTarget;
    const svg = node.ownerSVGElement;
    const scale = svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
    let [x, y, moved] = [event.clientX, event.clientY, 0];
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    const onMove = (step) => {
      move(node, (step.clientX - x) * scale, (step.clientY - y) * scale);
      moved += Math.abs(step.clientX - x) + Math.abs(step.clientY - y);
      [x, y] = [step.clientX, step.clientY];
    };
    const onEnd = () => {
      node.removeEventListener("pointermove", onMove);
      node.removeEventListener("pointerup", onEnd);
      node.removeEventListener("pointercancel", onEnd);
      if (moved > 2) later(node.dataset.symbol, svg, 0);
    };
    node.addEventListener("pointermove", onMove);
    node.addEventListener("pointerup", onEnd);
    node.addEventListener("pointercancel", onEnd);
  };

  const prepare = () => {
    if (!root() || !form()) return;
    read();
    root().querySelectorAll("[data-symbol]").forEach((node) => {
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", `${node.querySelector("title").textContent}　${root().dataset.hint}`);
      node.classList.add("kin-movable");
      node.addEventListener("keydown", onKey);
      node.addEventListener("pointerdown", onPointer);
    });
  };

  prepare();
})();
