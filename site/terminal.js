// The screen of a terminal, which `site/src/browser/screen.rs` loads. It only joins xterm to the page: what decides is in
// `site/src/pages/deployments/terminal.rs`.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import rules from "@xterm/xterm/css/xterm.css";
import { paper, sheet } from "./paper.js";

// What xterm draws upon covers this, but for a moment while its size changes.
sheet(`${rules} .xterm .xterm-viewport { background: none; overflow: hidden; }`);

// The colours of the frame. Those of programs are made to stand out from them.
const colours = (frame) => {
  const { color, backgroundColor } = getComputedStyle(frame);
  return { foreground: color, background: backgroundColor, cursor: color, cursorAccent: backgroundColor, selectionBackground: "#8888ff60" };
};

export const open = (frame, typed, sized, drawn, left) => {
  const { fontFamily, fontSize } = getComputedStyle(frame);
  const terminal = new Terminal({
    documentOverride: paper,
    screenReaderMode: true,
    disableStdin: true,
    scrollback: 2000,
    minimumContrastRatio: 4.5,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    // A link that a program writes leads nowhere.
    linkHandler: { activate: () => {} },
    fontFamily,
    fontSize: Number.parseFloat(fontSize),
    theme: colours(frame),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(frame);
  fit.fit();

  const encoder = new TextEncoder();
  terminal.onData((text) => typed(encoder.encode(text)));
  terminal.onBinary((text) => typed(Uint8Array.from(text, (byte) => byte.charCodeAt(0))));
  terminal.onResize(({ cols, rows }) => sized(cols, rows));
  terminal.attachCustomKeyEventHandler((event) => {
    // Nothing is typed into it: the keys are the page's.
    if (terminal.options.disableStdin) return false;
    const leaves = event.ctrlKey && event.shiftKey && event.key === "Enter";
    if (leaves) event.preventDefault();
    if (leaves && event.type === "keydown") left();
    return !leaves;
  });

  const resized = new ResizeObserver(() => requestAnimationFrame(() => fit.fit()));
  resized.observe(frame);
  const recolour = () => (terminal.options.theme = colours(frame));
  const chosen = new MutationObserver(recolour);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", recolour);

  return {
    terminal,
    columns: () => terminal.cols,
    rows: () => terminal.rows,
    write: (bytes) => terminal.write(bytes, () => drawn(bytes.length)),
    say: (text) => terminal.write(text),
    take: (is_open) => (terminal.options.disableStdin = !is_open),
    focus: () => terminal.focus(),
    close: () => {
      resized.disconnect();
      chosen.disconnect();
      system.removeEventListener("change", recolour);
      terminal.dispose();
    },
  };
};
