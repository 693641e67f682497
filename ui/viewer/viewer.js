/* The radiograph viewer in the browser: a canvas with window and level, zoom, pan and a heat map; see component.py.
 *
 * Streamlit calls the default export on every rerun, with the same element while the viewer stays on the page. Nothing
 * is ever sent back. The user's settings (`view`) survive reruns and the end of the element; a new image resets them. */

// x, y: the image point at the centre of the canvas, 0-1 of width and height; window 256 at level 128 changes no grey.
const FRESH = { zoom: 1, x: 0.5, y: 0.5, window: 256, level: 128, opacity: 100, map: true, boxes: true };
const LIMITS = { zoom: [1, 10], window: [2, 256], level: [0, 255], opacity: [0, 100] };
const KEYS = {
  "+": (v) => v.zoomBy(1.25), "=": (v) => v.zoomBy(1.25), // "=" is "+" without Shift on many keyboards
  "-": (v) => v.zoomBy(0.8), "_": (v) => v.zoomBy(0.8),
  "[": (v) => v.change("opacity", -10), "]": (v) => v.change("opacity", 10),
  w: (v) => v.change("window", 8), s: (v) => v.change("window", -8),
  d: (v) => v.change("level", 4), a: (v) => v.change("level", -4),
  m: (v) => v.overlay && v.set({ map: !v.view.map }),
  b: (v) => v.shown.boxes.length && v.set({ boxes: !v.view.boxes }), 0: (v) => v.set(FRESH), escape: (v) => v.canvas.blur(),
  arrowleft: (v) => v.panBy(60, 0), arrowright: (v) => v.panBy(-60, 0),
  arrowup: (v) => v.panBy(0, 60), arrowdown: (v) => v.panBy(0, -60),
};
const BOX_COLOUR = "#4dd2ff"; // in no colour of the map; see .outline in viewer.css
const LENGTHS = [200, 100, 50, 20, 10, 5, 2, 1]; // of a scale bar, in millimetres

const viewers = new WeakMap(); // root element -> Viewer
const views = new Map(); // key -> { image, view }; a few numbers per viewer of the app

/** Replace {name} in a text; component.py sends the texts. */
const format = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

/** Split the message into its parts; component.py describes its layout. */
export function unpack(bytes) {
  const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  const [rows, columns] = header.map ?? [0, 0];
  const mapStart = start + header.png;
  const mapEnd = mapStart + 4 * rows * columns;
  return { ...header, rows, columns, png: bytes.slice(start, mapStart), colours: bytes.slice(mapEnd),
    values: new Float32Array(bytes.slice(mapStart, mapEnd).buffer) }; // a copy: float32 must start at a multiple of 4
}

/** For each of `size` pixels: the sample to its left among `count`, and its relative distance to the next one. */
function samples(size, count) {
  const at = Float32Array.from({ length: size }, (_, i) => clamp(((i + 0.5) * count) / size - 0.5, [0, count - 1]));
  return { left: Uint16Array.from(at), share: at.map((position) => position % 1) };
}

/** Heat map as RGBA: values are interpolated before they are coloured, because blended colours represent no value. */
export function colourMap({ values, rows, columns, colours }, width, height) {
  const rgba = new Uint32Array(width * height);
  const table = new Uint32Array(colours.buffer);
  const down = samples(height, rows);
  const { left, share: across } = samples(width, columns);
  const line = new Float32Array(columns + 1); // the map at this height; its last value twice, as its own neighbour
  for (let y = 0, i = 0; y < height; y++) {
    const above = down.left[y];
    const below = Math.min(above + 1, rows - 1);
    for (let c = 0; c < columns; c++) {
      line[c] = values[above * columns + c] * (1 - down.share[y]) + values[below * columns + c] * down.share[y];
    }
    line[columns] = line[columns - 1];
    for (let x = 0; x < width; x++) {
      const value = line[left[x]] * (1 - across[x]) + line[left[x] + 1] * across[x];
      rgba[i++] = table[(value * 255 + 0.5) | 0];
    }
  }
  return new ImageData(new Uint8ClampedArray(rgba.buffer), width, height);
}

/** Grey shown for each of 256 values: DICOM's linear window, PS3.3 C.11.2.1.2.1. */
export function windowTable(window, level) {
  return Uint8ClampedArray.from({ length: 256 }, (_, i) => ((i - (level - 0.5)) / (window - 1) + 0.5) * 255);
}

/** Width and height of the part of the preview that the map covers, at least a pixel. */
function sizeOf({ box: [left, top, right, bottom], width, height }) {
  return [(right - left) * width, (bottom - top) * height].map((side) => Math.max(1, Math.round(side)));
}

function canvasOf(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (image instanceof ImageData) context.putImageData(image, 0, 0);
  else context.drawImage(image, 0, 0);
  return canvas;
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas.radiograph");
    this.pointers = new Map(); // pointers that are down: id -> { x, y }
    this.spoken = [];
    this.unlisten = new AbortController();
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(this.canvas);
    this.listen();
  }

  destroy() {
    this.unlisten.abort();
    this.resized.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.speaking);
  }

  /** Show a message from Python; on most reruns it equals the one before. */
  show(message) {
    const before = this.shown;
    this.shown = message;
    this.canvas.setAttribute("aria-label", message.alt);
    this.showTexts(message.texts);
    this.root.querySelector(".boxes-note").textContent = message.boxes_note;
    this.canvas.style.setProperty("--aspect", `${message.width} / ${message.height}`);
    if (before?.image !== message.image) this.load(message);
    if (before?.image !== message.image || before.overlay !== message.overlay) {
      this.overlay = message.rows ? canvasOf(colourMap(message, ...sizeOf(message))) : null;
      this.drawBar(message.colours);
    }
    this.draw();
  }

  async load(message) {
    const kept = views.get(message.key);
    this.view = kept?.image === message.image ? kept.view : { ...FRESH };
    views.set(message.key, { image: message.image, view: this.view });
    this.grey = null; // black until the new image is decoded: never one patient's image with another's finding
    this.root.dataset.ready = "false";
    try {
      const blob = new Blob([message.png], { type: "image/png" });
      const original = canvasOf(await createImageBitmap(blob, { colorSpaceConversion: "none" }));
      if (this.shown.image !== message.image) return; // replaced by the next image during decoding
      this.grey = { original };
      this.draw();
    } catch (error) {
      console.error("Radiograph viewer:", error.message);
    }
    this.root.querySelector(".failure").hidden = this.grey !== null;
  }

  listen() {
    const on = (target, type, handler, passive) =>
      target.addEventListener(type, handler, { signal: this.unlisten.signal, passive });
    on(this.canvas, "keydown", (event) => this.onKey(event));
    on(this.canvas, "wheel", (event) => this.onWheel(event), false);
    on(this.canvas, "pointerdown", (event) => this.onDown(event));
    on(this.canvas, "pointermove", (event) => this.onMove(event));
    for (const type of ["pointerup", "pointercancel"]) on(this.canvas, type, (event) => this.onUp(event));
    on(this.canvas, "dblclick", () => this.set(FRESH));
    on(this.canvas, "contextmenu", (event) => event.button === 2 && event.preventDefault()); // right-drag sets the window
    // Two fingers zoom the image; one finger scrolls the page unless the image is zoomed (touch-action in CSS).
    for (const type of ["touchstart", "touchmove"]) {
      on(this.canvas, type, (event) => event.touches.length > 1 && event.cancelable && event.preventDefault(), false);
    }
    for (const button of this.root.querySelectorAll("button")) {
      on(button, "click", () => KEYS[button.dataset.key](this));
    }
    for (const input of this.root.querySelectorAll("input")) {
      on(input, "input", () => this.set({ [input.id]: input.valueAsNumber }));
    }
  }

  onKey(event) {
    const command = KEYS[event.key.toLowerCase()];
    const typed = event.getModifierState("AltGraph"); // types [ and ] on German and French keyboards
    if (!command || ((event.ctrlKey || event.altKey) && !typed) || event.metaKey) return;
    event.stopPropagation(); // Streamlit has its own shortcuts
    if (event.key.startsWith("Arrow") && this.view.zoom === 1) return; // nothing to move: let the page scroll
    event.preventDefault();
    command(this);
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => this.speak(), 700); // after the last key, not at each repeat
  }

  /** Write the texts into the elements that name them. */
  showTexts(texts) {
    for (const element of this.root.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
    for (const element of [this.root, ...this.root.querySelectorAll("[data-label]")]) {
      element.setAttribute("aria-label", texts[element.dataset.label]);
    }
  }

  /** A setting as text: "zoom", "window", "level" or "opacity". */
  valueText(name) {
    const number = Math.round(name === "zoom" ? this.view.zoom * 100 : this.view[name]);
    return ["zoom", "opacity"].includes(name) ? format(this.shown.texts.percent, { number }) : String(number);
  }

  /** Announce to a screen reader what the keys have changed; sliders and buttons are announced by the browser. */
  speak() {
    const { texts } = this.shown;
    const all = ["zoom", "window", "level", "opacity"].map((name) =>
      format(texts[`spoken_${name}`], { value: this.valueText(name) }));
    all.push(texts[`spoken_map_${this.mapState()}`]);
    if (this.boxState() !== "none") all.push(texts[`spoken_boxes_${this.boxState()}`]);
    this.root.querySelector(".status").textContent = all.filter((part) => !this.spoken.includes(part)).join(", ");
    this.spoken = all;
  }

  onWheel(event) {
    const isPinch = event.ctrlKey || event.metaKey; // a trackpad's pinch arrives as Ctrl + wheel
    if (!isPinch && (!this.canvas.matches(":focus") || (this.view.zoom === 1 && event.deltaY > 0))) return;
    event.preventDefault();
    const pixels = clamp(event.deltaY * (event.deltaMode ? 16 : 1), [-100, 100]);
    this.zoomBy(Math.exp(-pixels * (isPinch && Math.abs(pixels) < 50 ? 0.01 : 0.002)), event);
  }

  onDown(event) {
    if (event.button === 1) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.canvas.dataset.drag = event.button === 2 || event.shiftKey ? "window" : "pan";
  }

  onMove(event) {
    const from = this.pointers.get(event.pointerId);
    if (!from) return;
    if (!event.buttons) return this.onUp(event); // released without an event, as over a menu
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    const to = { x: event.clientX, y: event.clientY };
    this.pointers.set(event.pointerId, to);
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    if (other) {
      const apart = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      this.zoomBy(apart(to) / apart(from), { clientX: (to.x + other.x) / 2, clientY: (to.y + other.y) / 2 });
      this.panBy(dx / 2, dy / 2);
    } else if (this.canvas.dataset.drag === "window") {
      this.change("window", dx);
      this.change("level", dy);
    } else this.panBy(dx, dy);
  }

  onUp(event) {
    this.pointers.delete(event.pointerId);
    if (!this.pointers.size) delete this.canvas.dataset.drag;
  }

  change(name, by) {
    this.set({ [name]: clamp(this.view[name] + by, LIMITS[name]) });
  }

  set(values) {
    Object.assign(this.view, values);
    this.draw();
  }

  /** Zoom around the pointer, or around the centre. */
  zoomBy(factor, pointer) {
    const before = this.place();
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = pointer ? [pointer.clientX - box.left, pointer.clientY - box.top] : [box.width / 2, box.height / 2];
    const zoom = clamp(this.view.zoom * factor, LIMITS.zoom);
    this.view.zoom = Math.abs(zoom - 1) < 0.01 ? 1 : zoom;
    const after = this.place();
    const [u, v] = [(x - before.x) / before.width, (y - before.y) / before.height]; // the point, 0-1 of the image
    this.panBy(x - (after.x + u * after.width), y - (after.y + v * after.height));
  }

  panBy(dx, dy) {
    const { width, height } = this.place();
    this.view.x -= dx / width;
    this.view.y -= dy / height;
    this.place();
    this.draw();
  }

  /** Position of the image on the canvas in CSS pixels; first moves it back if it was dragged past its edge. */
  place() {
    const { clientWidth, clientHeight } = this.canvas;
    const scale = Math.min(clientWidth / this.shown.width, clientHeight / this.shown.height) * this.view.zoom;
    const [width, height] = [this.shown.width * scale, this.shown.height * scale];
    const within = (centre, share) => clamp(centre, share < 1 ? [share / 2, 1 - share / 2] : [0.5, 0.5]);
    this.view.x = within(this.view.x, clientWidth / width);
    this.view.y = within(this.view.y, clientHeight / height);
    return { x: clientWidth / 2 - this.view.x * width, y: clientHeight / 2 - this.view.y * height, width, height };
  }

  mapState() {
    if (!this.overlay) return "none";
    return this.view.map ? "on" : "off";
  }

  boxState() {
    if (!this.shown.boxes.length) return "none";
    return this.view.boxes ? "on" : "off";
  }

  /** Ask for a redraw: one per screen refresh, however many events there were. */
  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.shown || !this.canvas.clientWidth) return; // in a closed expander or tab
      this.showControls();
      this.paint();
    });
  }

  paint() {
    const { canvas, grey, view } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * ratio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    if (!grey) return;
    const box = this.place();
    const at = [box.x, box.y, box.width, box.height].map((side) => side * ratio);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.windowed(), ...at);
    this.drawSeen(context, at, ratio);
    if (this.boxState() === "on") this.drawBoxes(context, at, ratio);
    if (this.shown.scale) this.drawScale(context, box.width, ratio);
    this.root.dataset.ready = "true";
  }

  /** Draw the map on the part that the network reads, with a border unless it is the whole image; "off" hides both. */
  drawSeen(context, [x, y, width, height], ratio) {
    const [left, top, right, bottom] = this.shown.box;
    const part = [x + left * width, y + top * height, (right - left) * width, (bottom - top) * height];
    context.globalAlpha = this.view.opacity / 100;
    if (this.mapState() === "on") context.drawImage(this.overlay, ...part);
    if (this.mapState() !== "off" && (right - left < 1 || bottom - top < 1)) {
      Object.assign(context, { lineWidth: ratio, globalAlpha: 0.6 });
      for (const [colour, dash] of [["#000", []], ["#fff", [5 * ratio, 5 * ratio]]]) { // visible on bone and on air
        context.strokeStyle = colour;
        context.setLineDash(dash);
        context.strokeRect(...part);
      }
    }
    context.globalAlpha = 1;
  }

  /** Outline the boxes that people drew; they do not fade with the map. */
  drawBoxes(context, [x, y, width, height], ratio) {
    context.setLineDash([]);
    for (const [strokeStyle, pixels] of [["#000", 4], [BOX_COLOUR, 2]]) { // visible on bone and on air
      Object.assign(context, { strokeStyle, lineWidth: pixels * ratio });
      for (const [left, top, right, bottom] of this.shown.boxes) {
        context.strokeRect(x + left * width, y + top * height, (right - left) * width, (bottom - top) * height);
      }
    }
  }

  /** Draw a bar of a round length in the lower left corner, the longest within a third of the canvas. */
  drawScale(context, imageWidth, ratio) {
    const [millimetres, note] = this.shown.scale;
    const { texts } = this.shown;
    const perMillimetre = (imageWidth / millimetres) * ratio;
    const { width, height } = this.canvas;
    const length = LENGTHS.find((candidate) => candidate * perMillimetre <= width / 3);
    if (!length) return;
    const [left, bottom, tick] = [12 * ratio, height - 12 * ratio, 5 * ratio];
    const right = left + length * perMillimetre;
    const size = length < 10 ? format(texts.millimetres, { number: length })
      : format(texts.centimetres, { number: length / 10 });
    const text = note ? `${size} ${note}` : size;
    Object.assign(context, { font: `${13 * ratio}px sans-serif`, lineJoin: "round", fillStyle: "#fff" });
    context.setLineDash([]);
    for (const [colour, lineWidth] of [["#000", 4 * ratio], ["#fff", 1.5 * ratio]]) { // visible on bone and on air
      Object.assign(context, { strokeStyle: colour, lineWidth });
      const bar = [[left, bottom - tick], [left, bottom], [right, bottom], [right, bottom - tick]];
      context.stroke(new Path2D(`M${bar.join("L")}`));
      if (colour === "#000") context.strokeText(text, left, bottom - tick - 6 * ratio);
    }
    context.fillText(text, left, bottom - tick - 6 * ratio);
  }

  /** The image with window and level applied; computed only if one of them has changed. */
  windowed() {
    const { grey, view } = this;
    if (view.window === FRESH.window && view.level === FRESH.level) return grey.original;
    const setting = `${view.window} ${view.level}`;
    if (setting === grey.setting) return grey.windowed;
    const { width, height } = grey.original;
    const image = grey.original.getContext("2d").getImageData(0, 0, width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const table = Uint32Array.from(windowTable(view.window, view.level), (n) => 0xff000000 | (n * 0x10101));
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i] & 255];
    if (grey.windowed) grey.windowed.getContext("2d").putImageData(image, 0, 0);
    else grey.windowed = canvasOf(image);
    grey.setting = setting;
    return grey.windowed;
  }

  showControls() {
    const { root, view } = this;
    const map = this.mapState();
    root.dataset.map = map;
    root.dataset.boxes = this.boxState();
    root.style.setProperty("--map-opacity", view.opacity / 100); // the colour bar matches the map
    this.canvas.toggleAttribute("data-zoomed", view.zoom > 1);
    for (const output of root.querySelectorAll("output")) {
      output.value = this.valueText(output.dataset.shows);
    }
    for (const input of root.querySelectorAll("input")) input.value = view[input.id];
    const [toggle, boxes] = ["m", "b"].map((key) => root.querySelector(`button[data-key="${key}"]`));
    toggle.setAttribute("aria-pressed", map === "on");
    boxes.setAttribute("aria-pressed", this.boxState() === "on");
    const opacity = root.querySelector("#opacity");
    opacity.setAttribute("aria-valuetext", this.valueText("opacity"));
    toggle.disabled = opacity.disabled = map === "none";
  }

  drawBar(colours) {
    const bar = new ImageData(new Uint8ClampedArray(colours), 256, 1);
    this.root.querySelector(".bar").getContext("2d").putImageData(bar, 0, 0);
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".viewer");
  if (!viewers.has(root)) viewers.set(root, new Viewer(root));
  const viewer = viewers.get(root);
  const call = (viewer.call = {});
  viewer.show(unpack(data));
  // Streamlit may run an earlier call's clean-up after a later call: only the latest one may end the viewer.
  return () => {
    if (viewer.call !== call) return;
    viewer.destroy();
    viewers.delete(root);
  };
}
