// Elements without innerHTML: whatever was stored can only ever become text.

const SVG = "http://www.w3.org/2000/svg";

/** An element; `props` may hold class, style (object), on (object of handlers), any attribute. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (name === "style") {
      // Through the object model: the content security policy forbids style attributes.
      for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    } else if (name === "value") {
      element.value = value;
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  put(element, children);
  return element;
}

function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(visible(String(child))));
  }
}

/** Replace all children. */
export function show(element, ...children) {
  element.replaceChildren();
  put(element, children);
}

/** Text with characters that act rather than show made visible: controls, bidirectional marks. */
export function visible(text) {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (char) => {
      const code = char.charCodeAt(0);
      if (code === 13) return "";
      if (code < 32) return String.fromCharCode(0x2400 + code);
      return code === 127 ? "\u2421" : `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
    },
  );
}
