// The first script of the page: what must happen before anything is drawn, then the dashboard itself.
import start from "glue";

const theme = localStorage.getItem("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

// Which parts of the program the views at an address need (site/src/split.rs). They are asked for now, and not when the first one
// asks for them.
const views = {
  overview: /^\/(w\/[^/]+)?$/,
  workloads: /^\/w\/[^/]+\/(deployments|(new\/)?runners)/,
  changes: /^\/w\/[^/]+\/(new\/deployments|deployments\/[^/]+\/(releases|environment|settings))/,
  insight: /^\/w\/[^/]+\/deployments\/[^/]+\/(logs|requests|terminal|metrics)/,
  resources: /^\/w\/[^/]+\/(new\/)?(sites|urls|volumes|secrets)/,
  people: /^\/(workspaces|tokens|w\/[^/]+\/(members|roles|audit))/,
};
const needed = Object.keys(views).filter((part) => views[part].test(location.pathname));
for (const file of new Set(needed.flatMap((part) => PARTS[part]))) {
  const link = { rel: "preload", as: "fetch", type: "application/wasm", crossOrigin: "", href: `/${file}` };
  document.head.append(Object.assign(document.createElement("link"), link));
}

start({ module_or_path: WASM }).catch((error) => {
  const problem = document.createElement("p");
  problem.setAttribute("role", "alert");
  problem.textContent = `The dashboard does not start in this browser: ${error}`;
  document.body.replaceChildren(problem);
});
