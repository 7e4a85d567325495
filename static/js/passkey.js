// Passkeys: <button type="button" data-passkey="create|get" data-question data-field data-failed hidden>.
// The question comes with the page; the answer goes into the form's hidden field, and the form is sent.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  };
  const words = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (question) => {
    const publicKey = {
      ...question,
      challenge: bytes(question.challenge),
      user: { ...question.user, id: bytes(question.user.id) },
      excludeCredentials: known(question.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    return {
      id: made.id,
      rawId: words(made.rawId),
      type: made.type,
      response: {
        clientDataJSON: words(made.response.clientDataJSON),
        attestationObject: words(made.response.attestationObject),
      },
    };
  };
  const get = async (question) => {
    const publicKey = {
      ...question,
      challenge: bytes(question.challenge),
      allowCredentials: known(question.allowCredentials),
    };
    const given = await navigator.credentials.get({ publicKey });
    return {
      id: given.id,
      rawId: words(given.rawId),
      type: given.type,
      response: {
        clientDataJSON: words(given.response.clientDataJSON),
        authenticatorData: words(given.response.authenticatorData),
        signature: words(given.response.signature),
      },
    };
  };

  document.querySelectorAll("[data-passkey]").forEach((button) => {
    document.querySelectorAll("[data-no-passkey]").forEach((part) => part.remove());
    button.hidden = false;
    button.addEventListener("click", async () => {
      const ask = button.dataset.passkey === "create" ? create : get;
      const told = button.parentElement.querySelector(".field-error");
      if (told) told.remove();
      try {
        const answer = await ask(JSON.parse(button.dataset.question));
        document.getElementById(button.dataset.field).value = JSON.stringify(answer);
        button.form.submit();
      } catch {
        // Refused, timed out, or not the device: the person sees why in the browser's own window.
        const sentence = document.createElement("p");
        sentence.className = "field-error";
        sentence.setAttribute("role", "alert");
        sentence.textContent = button.dataset.failed;
        button.after(sentence);
      }
    });
  });
})();
