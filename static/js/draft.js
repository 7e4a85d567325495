// 下書き: a form with <div data-draft="address"> is kept there every three seconds while it is typed.
// Nothing is kept in the browser. While nothing can be sent, the text stays in the page and is sent
// again as soon as it can: after a restart of the server, or a new sign-in in another tab. Before the
// form itself is sent, what it holds is kept once: a session that is over, or a server that cannot be
// reached, holds it back, in a page of its own as in a part that htmx sends.
(() => {
  "use strict";
  const EVERY = 3000;
  const PAUSE = 700;
  const PATIENCE = 10000; // for an answer; without one, nothing is held back

  const cookie = (name) => {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  };

  // A new sign-in has a new token; the forms of an open page follow.
  const freshToken = () => {
    const token = cookie("csrftoken");
    if (token) {
      document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => {
        field.value = token;
      });
      document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    }
    return token;
  };

  // What whoever writes has changed, and nothing a page came filled in with: another agency's
  // words, which may close to them tomorrow, stay where they are.
  const OWN = ["draft_token", "draft_names", "form_key", "version"];
  const typed = (form, names) => {
    const whole = new FormData(form);
    const body = new FormData();
    for (const [name, value] of whole) {
      if (!(value instanceof File) && (names.has(name) || OWN.includes(name))) body.append(name, value);
    }
    for (const name of names) if (!body.has(name)) body.append(name, "");
    return body;
  };

  const putBack = (form, pairs) => {
    const values = new Map();
    for (const [name, value] of pairs) values.set(name, [...(values.get(name) || []), value]);
    for (const field of form.elements) {
      if (!field.name || field.type === "file" || field.type === "submit") continue;
      const known = values.get(field.name);
      if (!known) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = known.includes(field.value);
      else if (field.type === "select-multiple") {
        for (const option of field.options) option.selected = known.includes(option.value);
      } else field.value = known.length > 1 ? known.shift() : known[0];
      const folded = field.closest("details");
      if (folded && known.some((value) => value)) folded.open = true;
    }
  };

  const keep = (place) => {
    const form = place.closest("form");
    const said = place.querySelector("[data-draft-said]");
    const changedNames = place.querySelector("[name=draft_names]");
    const names = new Set(changedNames.value.split(" ").filter(Boolean));
    const isAgain = "draftAgain" in place.dataset;
    const fresh = isAgain ? null : new FormData(form); // shown again, it holds what was typed
    const values = (data, name) => JSON.stringify(data.getAll(name));
    const note = (name) => {
      if (!name || OWN.includes(name) || name === "csrfmiddlewaretoken") return;
      // Typed and taken back: as the page came, and nothing to keep.
      if (fresh && values(fresh, name) === values(new FormData(form), name)) names.delete(name);
      else names.add(name);
      changedNames.value = [...names].join(" ");
    };
    let isDirty = false;
    let isSending = false;
    let isOver = false;
    let isSignedOut = false;
    let isCutOff = false;
    let isFilled = !place.dataset.draftFrom;
    let isAsking = false;
    let isSure = false;
    let sending = Promise.resolve();
    let timer = 0;

    const say = (words, tone = "") => {
      if (said.textContent !== words) said.textContent = words;
      said.className = tone === "bad" ? "saved-failed" : "saved";
    };
    const sayInWords = (name, at = "") => say(place.dataset[name].replace("%s", at), at ? "" : "bad");

    const signedOut = () => {
      sayInWords("signedOut");
      const link = document.createElement("a");
      link.href = place.dataset.signInUrl;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = place.dataset.signIn;
      said.append(" ", link);
    };

    const keepOnce = async () => {
      isSending = true;
      isDirty = false;
      let isKept = false;
      try {
        const answer = await fetch(place.dataset.draft, {
          method: "POST",
          body: typed(form, names),
          headers: { "X-CSRFToken": freshToken() },
          redirect: "manual",
          keepalive: document.visibilityState === "hidden",
          signal: AbortSignal.timeout(PATIENCE),
        });
        isCutOff = false;
        isSignedOut = answer.type === "opaqueredirect" || answer.status === 403;
        const words = isSignedOut || answer.status >= 500 ? {} : await answer.json().catch(() => ({}));
        if (answer.ok && "saved" in words) {
          isKept = true;
          if (words.saved) sayInWords("saved", words.saved);
          else say(""); // nothing is left of what was typed, or there was nothing
          form.dispatchEvent(new CustomEvent("draft:kept", { bubbles: true }));
        } else if (isSignedOut) signedOut();
        else if (words.said) {
          say(words.said, "bad");
          isKept = true; // typing on tries again; sending the same once more would not help
        } else sayInWords("offline");
      } catch (error) {
        isCutOff = error instanceof TypeError; // not: without an answer for too long
        sayInWords("offline");
      }
      isSending = false;
      isDirty = isDirty || !isKept;
      if (isDirty) later();
    };
    const send = () => {
      timer = 0;
      if (!form.isConnected) return;
      if (!isOver && !isSending && isDirty) sending = keepOnce();
    };
    // Whether anybody is still signed in: the last one under way first, then once more.
    const ask = async () => {
      await sending;
      if (!names.size && !isFilled) return; // the draft has not come yet: nothing takes its place
      sending = keepOnce();
      await sending;
    };
    const later = () => {
      if (!timer) timer = setTimeout(send, EVERY);
    };

    const changed = (event) => {
      if (event) note(event.target.name);
      isDirty = true;
      later();
    };
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    const hold = async (event) => {
      freshToken();
      if (event.defaultPrevented || isOver) return;
      if (isSure) {
        isOver = true;
        return;
      }
      // With the session over it would end on the page for signing in, and what was typed with it.
      event.preventDefault();
      event.stopImmediatePropagation();
      if (isAsking) return;
      isAsking = true;
      const pressed = event.submitter;
      await ask();
      if (isCutOff) {
        // One answer lost on the way is no cut cable.
        await new Promise((go) => setTimeout(go, PAUSE));
        await ask();
      }
      isAsking = false;
      if (isSignedOut || isCutOff) {
        place.scrollIntoView({ block: "nearest" });
        return;
      }
      isSure = true;
      form.requestSubmit(pressed && pressed.isConnected ? pressed : null);
      isSure = false;
    };
    form.addEventListener("submit", hold, true); // before htmx hears of it
    ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => {
      form.addEventListener(name, () => {
        isOver = false;
        changed();
      });
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) isOver = false;
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") send();
    });

    const goOn = async () => {
      const answer = await fetch(place.dataset.draftFrom, { redirect: "manual" }).catch(() => null);
      if (!answer || !answer.ok) {
        sayInWords("gone");
        return;
      }
      const draft = await answer.json();
      putBack(form, draft.typed);
      isFilled = true;
      draft.typed.forEach(([name]) => note(name));
      sayInWords("filled", draft.saved);
    };
    if (place.dataset.draftFrom) goOn();
    if (isAgain && names.size) changed();
  };

  // Typed on while the answer to a sent part was under way: it goes on in the part that takes its place.
  const sent = new WeakMap();
  let typedOn = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const area = event.detail.elt.querySelector("textarea");
    if (area) sent.set(area, area.value);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const area = event.detail.target.querySelector("textarea");
    const was = sent.get(area);
    const isMore = was !== undefined && event.detail.xhr.status === 200 && area.value.startsWith(was);
    typedOn = isMore ? { area, more: area.value.slice(was.length) } : null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    const area = typedOn && !typedOn.area.isConnected && document.getElementById(typedOn.area.id);
    if (area && typedOn.more) {
      area.value += typedOn.more;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
    typedOn = null;
  });

  const attach = (root) => {
    root.querySelectorAll("[data-draft]:not([data-draft-on])").forEach((place) => {
      place.dataset.draftOn = "";
      keep(place);
    });
  };
  attach(document);
  document.addEventListener("htmx:load", () => attach(document)); // a form that htmx brings
})();
