// The document, as xterm sees it: `xtask/src/site.rs` puts it in the place of the page's own. The page's policy lets in no style that
// is written into it, neither as an element nor as an attribute, which is how xterm draws. Scripts may make sheets, and may say what
// the style of an element is.
const { document: page } = globalThis;

export const sheet = (text) => {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  page.adoptedStyleSheets.push(made);
  return made;
};

// Stands where xterm puts a `<style>`.
const styling = () => {
  const own = sheet("");
  const element = page.createElement("template");
  Object.defineProperty(element, "textContent", { set: (text) => own.replaceSync(text) });
  element.remove = () => {
    page.adoptedStyleSheets = page.adoptedStyleSheets.filter((other) => other !== own);
    HTMLElement.prototype.remove.call(element);
  };
  return element;
};

const create = (name) => {
  if (name === "style") return styling();
  const element = page.createElement(name);
  element.setAttribute = (key, value) => {
    if (key === "style") element.style.cssText = value;
    else Element.prototype.setAttribute.call(element, key, value);
  };
  return element;
};

export const paper = new Proxy(page, {
  get: (_, key) => {
    if (key === "createElement") return create;
    const value = Reflect.get(page, key, page);
    return typeof value === "function" ? value.bind(page) : value;
  },
  set: (_, key, value) => Reflect.set(page, key, value, page),
});
