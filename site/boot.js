// The first script of the page: what must happen before anything is drawn, then the dashboard itself.
import start from "glue";

const theme = localStorage.getItem("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

start({ module_or_path: WASM }).catch((error) => {
  const problem = document.createElement("p");
  problem.setAttribute("role", "alert");
  problem.textContent = `The dashboard does not start in this browser: ${error}`;
  document.body.replaceChildren(problem);
});
