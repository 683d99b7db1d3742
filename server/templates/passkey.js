// Asks the authenticator of this browser what the page holds, and sends the answer with the page's form.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  const options = JSON.parse(form.dataset.options).publicKey;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const isNew = "user" in options;
  options.challenge = bytes(options.challenge);
  if (isNew) options.user.id = bytes(options.user.id);
  for (const known of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) {
    known.id = bytes(known.id);
  }
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const asked = { publicKey: options };
      const shown = await (isNew ? navigator.credentials.create(asked) : navigator.credentials.get(asked));
      const response = {};
      for (const part of parts) {
        if (shown.response[part]) response[part] = text(shown.response[part]);
      }
      const { id, type } = shown;
      form.elements.credential.value = JSON.stringify({ id, type, rawId: text(shown.rawId), response });
      form.submit();
    } catch {
      document.getElementById("failed").hidden = false;
    }
  });
})();
