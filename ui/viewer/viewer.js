/* The radiograph viewer in the browser: a canvas with window and level, zoom, pan and maps; see component.py.
 *
 * Streamlit calls the default export on every rerun, with the same element while the viewer stays on the page. Only the
 * choice between two maps is sent back, for the downloads. The user's settings (`view`) survive reruns and the end of
 * the element; a new image resets them, but not the choice of the map (`choices`). */

// x, y: the image point at the centre of the canvas, 0-1 of width and height; window 256 at level 128 changes no grey.
const FRESH = { zoom: 1, x: 0.5, y: 0.5, window: 256, level: 128, opacity: 100, map: true, boxes: true };
const LIMITS = { zoom: [1, 10], window: [2, 256], level: [0, 255], opacity: [0, 100] };
const KEYS = {
  "+": (v) => v.zoomBy(1.25), "=": (v) => v.zoomBy(1.25), // "=" is "+" without Shift on many keyboards
  "-": (v) => v.zoomBy(0.8), "_": (v) => v.zoomBy(0.8),
  "[": (v) => v.change("opacity", -10), "]": (v) => v.change("opacity", 10),
  w: (v) => v.change("window", 8), s: (v) => v.change("window", -8),
  d: (v) => v.change("level", 4), a: (v) => v.change("level", -4),
  m: (v) => v.map && v.set({ map: !v.view.map }), g: (v) => v.chooseNext(),
  b: (v) => v.shown.boxes.length && v.set({ boxes: !v.view.boxes }),
  0: (v) => v.set(FRESH), escape: (v) => v.canvas.blur(),
  arrowleft: (v) => v.panBy(60, 0), arrowright: (v) => v.panBy(-60, 0),
  arrowup: (v) => v.panBy(0, 60), arrowdown: (v) => v.panBy(0, -60),
};
// Texts of the legend by kind of map, by the names of component.py; opacity_map also has a contour.
const EVIDENCE = { low: "evidence_none", high: "evidence_strong", note: "evidence_scale", nothing: "no_evidence" };
const LEGENDS = {
  heat_map: { ...EVIDENCE, title: "evidence" },
  grad_cam: { ...EVIDENCE, title: "grad_cam", about: "about_grad_cam" },
  opacity_map: { title: "opacity_map", about: "about_opacity_map", note: "opacity_scale", nothing: "no_opacity" },
};
const CONTOUR_COLOUR = "#00e5ff"; // as in model/explanation/heatmap.py
const CONTOUR_STEPS = 8; // samples of the contour per cell of a map
const BOX_COLOUR = "#5dff7a"; // in no colour of the map; see .outline in viewer.css
const LENGTHS = [200, 100, 50, 20, 10, 5, 2, 1]; // of a scale bar, in millimetres

const viewers = new WeakMap(); // root element -> Viewer
const views = new Map(); // key -> { image, view }; a few numbers per viewer of the app
const choices = new Map(); // key -> kind of the map that the user chose, as last sent to Python

/** Replace {name} in a text; component.py sends the texts. */
const format = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

/** Split the message into its parts; component.py describes its layout. */
export function unpack(bytes) {
  const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  let end = start + header.png;
  const take = (size) => bytes.slice(end, (end += size)); // a copy: float32 must start at a multiple of 4
  const maps = header.maps.map((map) => {
    const values = new Float32Array(take(4 * map.rows * map.columns).buffer);
    return { ...map, values, colours: take(1024), isEmpty: Math.max(...values) < (map.contour ?? Number.MIN_VALUE) };
  });
  return { ...header, maps, png: bytes.slice(start, start + header.png) };
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

/** Contour of a map, interpolated as in `colourMap` and closed at its edges: [x, y, x, y] of each piece, 0-1. */
export function contourLines({ values, rows, columns, contour }) {
  const [height, width] = [rows * CONTOUR_STEPS, columns * CONTOUR_STEPS];
  const [down, across] = [samples(height, rows), samples(width, columns)];
  const value = (y, x) => { // of the sample in this row and column; outside the map there is no opacity
    if (y < 0 || x < 0 || y >= height || x >= width) return -1;
    const [top, left] = [down.left[y], across.left[x]];
    const [bottom, right] = [Math.min(top + 1, rows - 1), Math.min(left + 1, columns - 1)];
    const along = (row) =>
      values[row * columns + left] * (1 - across.share[x]) + values[row * columns + right] * across.share[x];
    return along(top) * (1 - down.share[y]) + along(bottom) * down.share[y];
  };
  const lines = [];
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const corners = [[y, x], [y, x + 1], [y + 1, x + 1], [y + 1, x]].map(([r, c]) => [r, c, value(r, c)]);
      const crossings = corners.flatMap(([r, c, before], i) => {
        const [nextR, nextC, after] = corners[(i + 1) % 4];
        if (before >= contour === after >= contour) return [];
        const share = (contour - before) / (after - before);
        const [row, column] = [r + share * (nextR - r), c + share * (nextC - c)];
        return [[clamp((column + 0.5) / width, [0, 1]), clamp((row + 0.5) / height, [0, 1])]];
      });
      for (let i = 0; i + 1 < crossings.length; i += 2) lines.push([...crossings[i], ...crossings[i + 1]]);
    }
  }
  return lines;
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
    if (before?.image !== message.image || before.overlay !== message.overlay) this.drawn = new Map();
    this.draw();
  }

  /** The map on screen: the one that the user chose, or the first; undefined if there is none. */
  get map() {
    const { maps, key } = this.shown;
    return maps.find((map) => map.kind === choices.get(key)) ?? maps[0];
  }

  /** Canvas and contour of the map on screen, computed when it is first shown. */
  drawnMap() {
    const { map } = this;
    if (!this.drawn.has(map.kind)) {
      const lines = map.contour === null ? [] : contourLines(map);
      const contour = new Path2D(lines.map(([x, y, toX, toY]) => `M${x} ${y}L${toX} ${toY}`).join(""));
      this.drawn.set(map.kind, { colours: canvasOf(colourMap(map, ...sizeOf(this.shown))), contour });
    }
    return this.drawn.get(map.kind);
  }

  /** Show another map and send the choice to Python, which then offers that map for download. */
  choose(kind) {
    choices.set(this.shown.key, kind);
    this.view.map = true;
    this.setStateValue("kind", kind);
    this.draw();
  }

  chooseNext() {
    const { maps } = this.shown;
    if (maps.length > 1) this.choose(maps[(maps.indexOf(this.map) + 1) % maps.length].kind);
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
    for (const button of this.root.querySelectorAll("button[data-key]")) {
      on(button, "click", () => KEYS[button.dataset.key](this));
    }
    for (const button of this.root.querySelectorAll("button[data-kind]")) {
      on(button, "click", () => this.choose(button.dataset.kind));
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
    if (this.shown.maps.length > 1) all.push(format(texts.spoken_kind, { value: texts[this.map.kind] }));
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
    if (!this.map) return "none";
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
    if (this.mapState() === "on") {
      const { colours, contour } = this.drawnMap();
      context.drawImage(colours, ...part);
      this.drawContour(context, contour, part, ratio);
    }
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

  drawContour(context, contour, [x, y, width, height], ratio) {
    const placed = new Path2D();
    placed.addPath(contour, new DOMMatrix([width, 0, 0, height, x, y]));
    context.setLineDash([]);
    for (const [strokeStyle, lineWidth] of [["#000", 4 * ratio], [CONTOUR_COLOUR, 2 * ratio]]) { // visible on bone
      Object.assign(context, { strokeStyle, lineWidth, lineCap: "round" });
      context.stroke(placed);
    }
    context.lineCap = "butt";
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
    this.showLegend();
  }

  showLegend() {
    const { root, map } = this;
    const { texts, maps } = this.shown;
    const several = maps.length > 1;
    root.toggleAttribute("data-several", several);
    root.toggleAttribute("data-empty", !map || map.isEmpty);
    root.querySelector(".kinds").hidden = !several;
    for (const button of root.querySelectorAll("button[data-kind]")) {
      button.setAttribute("aria-pressed", button.dataset.kind === map?.kind);
    }
    const names = LEGENDS[map?.kind ?? "heat_map"];
    const percent = (share) => format(texts.percent, { number: Math.round(100 * share) });
    const values = { low: percent(0), high: percent(1) };
    if (map?.contour) values.line = format(texts.contour, { percent: percent(map.contour) });
    for (const element of root.querySelectorAll("[data-legend]")) {
      const part = element.dataset.legend;
      element.textContent = texts[names[part]] ?? (names === LEGENDS.opacity_map ? values[part] : "") ?? "";
    }
    if (!map) return;
    const bar = new ImageData(new Uint8ClampedArray(map.colours), 256, 1);
    root.querySelector(".bar").getContext("2d").putImageData(bar, 0, 0);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!viewers.has(root)) viewers.set(root, new Viewer(root));
  const viewer = viewers.get(root);
  const call = (viewer.call = {});
  viewer.setStateValue = setStateValue;
  viewer.show(unpack(data));
  // Streamlit may run an earlier call's clean-up after a later call: only the latest one may end the viewer.
  return () => {
    if (viewer.call !== call) return;
    viewer.destroy();
    viewers.delete(root);
  };
}
