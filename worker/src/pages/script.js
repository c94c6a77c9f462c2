// Forms that are calls of the API, passkeys, and times in the reader's zone. What a page may do is in its attributes:
//   data-method, data-path  the call; its fields are the JSON body
//   data-done, data-next    what is said, or where to go, once it has succeeded
//   data-codes              the answer has recovery codes to show
//   data-fragment           a field that is filled with what stands behind the # of the address
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = response.headers.get("content-type")?.startsWith("application/json") ? await response.json() : null;
  if (response.ok) return answer;
  const error = new Error([answer?.message ?? `error ${response.status}`, answer?.hint].filter(Boolean).join(": "));
  error.code = answer?.code;
  throw error;
}

// The same call again once somebody has shown who they are, if it wants that.
async function proved(make) {
  try {
    return await make();
  } catch (error) {
    if (error.code !== "proof_needed" || !document.getElementById("proof")) throw error;
    await askForProof();
    return make();
  }
}

function askForProof() {
  const dialog = document.getElementById("proof");
  const form = dialog.querySelector("form");
  const wrong = dialog.querySelector(".wrong");
  const prove = (proof) => call("POST", "/api/v1/me/proof", { proof });
  wrong.hidden = true;
  form.reset();
  dialog.showModal();
  return new Promise((resolve, reject) => {
    const attempt = async (make) => {
      try {
        await make();
        dialog.close("proved");
      } catch (error) {
        wrong.textContent = error.message;
        wrong.hidden = false;
      }
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      if (event.submitter?.value === "cancel") return dialog.close("cancel");
      const fields = new FormData(form);
      const code = fields.get("code");
      return attempt(() => prove(code ? { code } : { password: fields.get("password") }));
    };
    const passkey = document.getElementById("prove-passkey");
    if (passkey) {
      passkey.onclick = () =>
        attempt(async () => prove({ passkey: await sign(await call("POST", "/api/v1/log-in/passkey-options")) }));
    }
    dialog.onclose = () =>
      dialog.returnValue === "proved" ? resolve() : reject(new Error("nothing was changed"));
  });
}

async function sign(options) {
  const { id, response } = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge) },
  });
  return {
    id,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle?.byteLength ? text(response.userHandle) : undefined,
    },
  };
}

async function makePasskey(options) {
  const { id, response } = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: options.excludeCredentials.map((known) => ({ ...known, id: bytes(known.id) })),
    },
  });
  return {
    id,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
    },
  };
}

function say(form, kind, words) {
  let line = form.querySelector("p[data-said]");
  if (!line) {
    line = document.createElement("p");
    line.dataset.said = "";
    form.append(line);
  }
  line.className = kind;
  line.setAttribute("role", kind === "wrong" ? "alert" : "status");
  line.textContent = words;
}

function showCodes(codes, next) {
  const section = document.getElementById("codes");
  section.hidden = false;
  const list = codes.map((code) => Object.assign(document.createElement("div"), { textContent: code }));
  const box = Object.assign(document.createElement("div"), { className: "codes", id: "recovery-codes" });
  box.append(...list);
  const words = document.createElement("p");
  words.textContent = "Write these recovery codes down. They are not shown again.";
  const done = Object.assign(document.createElement("button"), { textContent: "I have them", type: "button" });
  done.onclick = () => location.assign(next);
  section.replaceChildren(words, box, done);
  section.scrollIntoView();
  done.focus();
}

function showEnrolment({ secret, qr }) {
  document.getElementById("qr").src = `data:image/svg+xml,${encodeURIComponent(qr)}`;
  document.getElementById("seed").textContent = secret;
  document.getElementById("totp").hidden = true;
  const enrolment = document.getElementById("enrolment");
  enrolment.hidden = false;
  enrolment.querySelector("input").focus();
}

async function perform(form) {
  const { method, path, next, done } = form.dataset;
  const fields = Object.fromEntries(new FormData(form));
  const body = Object.keys(fields).length ? fields : undefined;
  if (form.id === "add-passkey") {
    const options = await proved(() => call("POST", "/api/v1/me/passkeys/options"));
    body.credential = await makePasskey(options);
  }
  const answer = await proved(() => call(method, path, body));
  if (form.id === "totp") return showEnrolment(answer);
  if ("codes" in form.dataset && answer?.recovery_codes?.length) {
    return showCodes(answer.recovery_codes, next ?? location.pathname);
  }
  if (next && !done) return location.assign(next);
  say(form, "done", done ?? "Done.");
  if (next) {
    form.append(Object.assign(document.createElement("a"), { href: next, textContent: "Go on" }));
  }
}

for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) return;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await perform(form);
    } catch (error) {
      say(form, "wrong", error.message);
    } finally {
      button.disabled = false;
    }
  });
}

const passkey = document.getElementById("passkey");
if (passkey && window.PublicKeyCredential) {
  passkey.hidden = false;
  passkey.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = passkey.querySelector(".wrong");
    try {
      passkey.elements.passkey.value = JSON.stringify(await sign(JSON.parse(passkey.dataset.options)));
      passkey.submit();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    }
  });
}

const fragment = location.hash.slice(1);
if (fragment) {
  // It must not stay in the address, nor in the history.
  history.replaceState(null, "", location.pathname);
  for (const field of document.querySelectorAll("[data-fragment]")) field.value = fragment;
  for (const form of document.querySelectorAll("[data-with-fragment]")) form.hidden = false;
  for (const form of document.querySelectorAll("[data-without-fragment]")) form.hidden = true;
}

for (const time of document.querySelectorAll("time")) time.textContent = new Date(time.dateTime).toLocaleString();
