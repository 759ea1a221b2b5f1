"use strict";
// Sorting of tables, the slider with its error maps, and the theme. No network, no library.

// A head cell's button sorts by its column: numbers as numbers, empty cells last.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const first = column === 0 || head.classList.contains("words") ? "ascending" : "descending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach((cell) => cell.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...table.tBodies[0].rows];
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      rows.sort((a, b) => compare(value(a), value(b), sign));
      table.tBodies[0].append(...rows);
    });
  });
}

function compare(a, b, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const [x, y] = [Number(a), Number(b)];
  if (Number.isFinite(x) && Number.isFinite(y)) return sign * (x - y);
  return sign * a.localeCompare(b, undefined, { numeric: true });
}

for (const viewer of document.querySelectorAll(".pictures")) start(viewer);

function start(viewer) {
  const data = JSON.parse(viewer.querySelector("script").textContent);
  const find = (name) => viewer.querySelector(name);
  const [image, left, right] = [".image", ".left-label", ".right-label"].map(find);
  const [stage, gallery] = [".stage", ".gallery"].map(find);
  data.images.forEach((each, number) => image.add(new Option(each.name, number)));
  for (const select of [left, right]) {
    data.labels.forEach((label) => select.add(new Option(label, label)));
  }
  // All pictures of an image side by side; each is a button that shows it on the right.
  const thumbnails = data.labels.map((label) => {
    const [button, picture, text] = ["button", "img", "span"].map((tag) => document.createElement(tag));
    button.type = "button";
    button.append(picture, text);
    button.addEventListener("click", () => {
      right.value = label;
      show();
      stage.scrollIntoView({ block: "nearest" });
    });
    return { label, button, picture, text };
  });
  gallery.append(...thumbnails.map(({ button }) => button));
  left.value = data.labels[0];
  right.value = data.right;

  function show() {
    const chosen = data.images[Number(image.value)];
    viewer.style.setProperty("--ratio", chosen.width / chosen.height);
    for (const [side, select] of [["left", left], ["right", right]]) {
      const label = select.value;
      const picture = find(`.stage .${side}`);
      const text = chosen.texts[label];
      picture.src = chosen.sources[label] ?? "";
      picture.alt = label in chosen.sources ? `${chosen.name}: ${text}` : `${label}: no picture`;
      picture.width = chosen.width;
      picture.height = chosen.height;
      find(`.of-${side}`).textContent = label in chosen.sources ? text : `${label}: no picture`;
      drawMap(find(`.map-${side}`), find(`.map-${side}-text`), chosen, label);
    }
    for (const { label, button, picture, text } of thumbnails) {
      button.hidden = !(label in chosen.sources);
      button.setAttribute("aria-pressed", label === right.value);
      picture.src = chosen.sources[label] ?? "";
      picture.alt = chosen.name;
      picture.width = chosen.width;
      picture.height = chosen.height;
      text.textContent = chosen.texts[label];
    }
    find(".part").textContent = chosen.part;
    const links = Object.entries(chosen.links).map(([label, address]) => {
      const link = document.createElement("a");
      link.href = address;
      link.textContent = label;
      return link;
    });
    find(".whole").replaceChildren(...links.flatMap((link, place) => (place ? [", ", link] : [link])));
    find(".whole-title").hidden = links.length === 0;
  }

  const step = (by) => {
    image.selectedIndex = (image.selectedIndex + by + data.images.length) % data.images.length;
    show();
  };
  find(".previous").addEventListener("click", () => step(-1));
  find(".next").addEventListener("click", () => step(1));
  for (const select of [image, left, right]) select.addEventListener("change", show);
  const range = find("input");
  range.addEventListener("input", () => stage.style.setProperty("--cut", `${range.value}%`));
  for (const button of viewer.querySelectorAll("button[data-image]")) {
    button.addEventListener("click", () => {
      image.value = button.dataset.image;
      show();
      stage.scrollIntoView({ block: "center" });
      range.focus({ preventScroll: true });
    });
  }
  show();
}

// The absolute error of each pixel, the mean of its three channels, from the lossless pictures.
const BRIGHTEST = 64; // of 255
const STOPS = [[0, 0, 4], [86, 16, 110], [187, 55, 84], [249, 140, 10], [252, 255, 164]];

async function drawMap(canvas, text, chosen, label) {
  canvas.width = chosen.width;
  canvas.height = chosen.height;
  if (!(label in chosen.sources) || !("Target" in chosen.sources)) {
    text.textContent = `${label}: no error map, a picture is gone`;
    return;
  }
  const wanted = `${chosen.name}/${label}`;
  canvas.dataset.wanted = wanted;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const [output, target] = [await pixels(chosen, label), await pixels(chosen, "Target")];
  if (canvas.dataset.wanted !== wanted) return; // another was chosen meanwhile
  const map = context.createImageData(chosen.width, chosen.height);
  let sum = 0;
  for (let at = 0; at < map.data.length; at += 4) {
    let error = 0;
    for (let channel = 0; channel < 3; channel++) {
      error += Math.abs(output[at + channel] - target[at + channel]) / 3;
    }
    sum += error;
    map.data.set(colour(error / BRIGHTEST), at);
  }
  context.putImageData(map, 0, 0);
  const mean = ((sum / map.data.length) * 4).toFixed(2);
  text.textContent = `${label}: mean ${mean} of 255 in this part`;
  canvas.setAttribute("aria-label", `Absolute error of ${label} on ${chosen.name}: ${mean} of 255`);
}

async function pixels(chosen, label) {
  const picture = new Image();
  picture.src = chosen.sources[label];
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = chosen.width;
  canvas.height = chosen.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  return context.getImageData(0, 0, chosen.width, chosen.height).data;
}

function colour(strength) {
  const place = Math.min(Math.max(strength, 0), 1) * (STOPS.length - 1);
  const stop = Math.min(Math.floor(place), STOPS.length - 2);
  const part = place - stop;
  const mixed = STOPS[stop].map((from, i) => from + part * (STOPS[stop + 1][i] - from));
  return [...mixed, 255];
}

const theme = document.querySelector("#theme");
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const now = root.dataset.theme ?? (prefersDark.matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});
