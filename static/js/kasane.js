// Small comforts. Every page works without this file.
(() => {
  "use strict";

  // A half-filled form (<form data-guard>) is not left by accident.
  const touched = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form && form.hasAttribute("data-guard")) touched.add(form);
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) touched.delete(event.target);
  });
  document.addEventListener("draft:kept", (event) => touched.delete(event.target));
  window.addEventListener("beforeunload", (event) => {
    const open = [...touched].some((form) => form.isConnected);
    if (open) event.preventDefault();
  });

  // What its reader may no longer see does not stay on an open page (V5, V6).
  const still = document.querySelector("template[data-still]");
  if (still) {
    const ask = async () => {
      if (document.hidden) return;
      const answer = await fetch(still.dataset.still, { redirect: "manual" }).catch(() => null);
      if (!answer || answer.status !== 404) return;
      clearInterval(asking);
      touched.clear();
      document.querySelector("main").replaceChildren(still.content.cloneNode(true));
    };
    const asking = setInterval(ask, 20000);
    document.addEventListener("visibilitychange", ask);
  }

  // A second press on a submit button does nothing for three seconds.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  // Files that would be refused unread are not sent at all: what was typed stays (413.html).
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.dataset.mostBytes) return;
    const told = field.parentElement.querySelector(".field-error");
    if (told) told.remove();
    const total = [...field.files].reduce((sum, file) => sum + file.size, 0);
    if (total <= Number(field.dataset.mostBytes)) return;
    field.value = "";
    const sentence = document.createElement("p");
    sentence.className = "field-error";
    sentence.setAttribute("role", "alert");
    sentence.textContent = field.dataset.tooLarge;
    field.after(sentence);
  });

  // Alt and a letter: what says so of itself (aria-keyshortcuts="Alt+N") is pressed, or written into.
  document.addEventListener("keydown", (event) => {
    if (event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.code.startsWith("Key")) {
      const target = document.querySelector(`[aria-keyshortcuts="Alt+${event.code.slice(3)}"]`);
      if (target) {
        event.preventDefault();
        if (target.matches("input")) target.focus();
        else target.click();
      }
    }
    if (event.key === "Escape") {
      document.getElementById("find-typed")?.replaceChildren();
      const open = event.target.closest("details.drop[open]");
      if (open) {
        open.open = false;
        open.querySelector("summary").focus();
      }
    }
  });

  // An open menu closes when the work goes on elsewhere.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.drop[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    if (!event.target.closest(".find")) document.getElementById("find-typed")?.replaceChildren();
  });

  // <button data-print hidden> appears where printing by script is possible.
  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  // <button data-copy="id" data-copied="…" hidden> copies what stands in that field, where it may.
  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = button.dataset.copied;
    });
  });

  // <time datetime="…" data-since="%s分たちました">: how long ago, counted on.
  const since = () => {
    document.querySelectorAll("time[data-since]").forEach((place) => {
      const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(place.dateTime)) / 60000));
      place.textContent = place.dataset.since.replace("%s", minutes);
    });
  };
  since();
  setInterval(since, 15000);
  document.addEventListener("htmx:load", since);

  // htmx: what a form has saved in the background no longer needs guarding; a failure is said in words.
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest ? event.target.closest("form[data-guard]") : null;
    if (form && event.detail.successful && event.target.hasAttribute("data-saves")) touched.delete(form);
  });
  // A part that asks again by itself (hx-trigger="every …") says once that it is cut off, and when it
  // is there again: <p data-cut-off hidden>.
  const asksByItself = (part) => (part.getAttribute && part.getAttribute("hx-trigger") || "").startsWith("every");
  const cutOff = (is) => document.querySelectorAll("[data-cut-off]").forEach((said) => (said.hidden = !is));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!asksByItself(event.detail.elt)) return;
    const gone = document.querySelector("template[data-live-gone]");
    if (gone && [401, 404].includes(event.detail.xhr.status)) {
      document.querySelector("main").replaceChildren(gone.content.cloneNode(true));
    } else cutOff(!event.detail.successful);
  });
  const tellFailure = (event) => {
    if (asksByItself(event.detail.elt || event.target)) return;
    const form = event.target.closest ? event.target.closest("form[data-guard]") : null;
    if (form) touched.add(form);
    const region = document.getElementById("messages");
    if (!region) return;
    const notice = document.createElement("div");
    notice.className = "notice notice-error";
    notice.setAttribute("role", "alert");
    notice.textContent = document.body.dataset.failed;
    region.replaceChildren(notice);
    region.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:sendError", tellFailure);
  document.addEventListener("htmx:timeout", tellFailure);
  document.addEventListener("htmx:responseError", tellFailure);
})();
