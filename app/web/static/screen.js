// Turns the pages of what hangs on a board, on a screen that nobody attends to for months.
// What was heard last goes on for a day while the server is away; what was taken down goes with the next answer.
'use strict';

const SECOND = 1000;
const ASK = 60 * SECOND;
const PATIENCE = 20 * SECOND;
const RENEW = 10 * 60 * SECOND;
const HOLD = 2 * 60 * SECOND;
const DAY = 24 * 60 * 60 * SECOND;
const OFFICE_TIME = 8 * 60 * 60 * SECOND;
const SHORT = 5; // characters of a heading that stay on one line
const STORED = `screen ${location.pathname}`;

const words = document.body.dataset;
const find = (id) => document.getElementById(id);
const since = (moment) => Math.abs(Date.now() - moment); // a clock that was set back must not stop the pages

let known = remembered(); // the last answer: community, board, slides, and the moment it came
let tag = ''; // of that answer, to ask whether it still holds
let revoked = false;
let asked = 0;
let asking = false;
let tried = Boolean(known);
let renewed = Date.now();
let drift = 0; // how far the server's clock is ahead of this machine's, which may not know the time

let playing = [];
let position = 0;
let shownAt = 0;
let heldAt = 0;
let sizes = new WeakMap();

// --- what is known ---

function checked(told) {
  const whole = (slide) => slide.seconds > 0 && (Array.isArray(slide.text) || Array.isArray(slide.table.rows));
  if (typeof told.community !== 'string' || !told.slides.every(whole)) throw new TypeError('not an answer');
  return { community: told.community, board: told.board, slides: told.slides, at: 0 };
}

function remembered() {
  try {
    const told = checked(JSON.parse(localStorage.getItem(STORED)));
    told.at = Number(localStorage.getItem(`${STORED} at`));
    return told;
  } catch (error) {
    return null;
  }
}

function forget() {
  try {
    localStorage.removeItem(STORED);
    localStorage.removeItem(`${STORED} at`);
  } catch (error) { /* nothing is stored where nothing can be */ }
}

function remember(told) {
  try {
    if (told) localStorage.setItem(STORED, JSON.stringify(told));
    localStorage.setItem(`${STORED} at`, known.at);
  } catch (error) {
    forget(); // full: better nothing than an old answer under a new date
  }
}

// --- asking ---

async function get(address, options) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    // Without cookies: a colleague who has left this page open does not stay logged in by it.
    const answer = await fetch(address, { credentials: 'omit', signal: stop.signal, ...options });
    return { answer, text: await answer.text() };
  } finally {
    clearTimeout(timer);
  }
}

async function ask() {
  if (asking) return;
  asking = true;
  asked = Date.now();
  play(); // what has grown too old goes before the answer comes
  try {
    const { answer, text } = await get('slides', { cache: 'no-store', headers: tag ? { 'If-None-Match': tag } : {} });
    const told = (answer.headers.get('Date') || '').slice(-29); // it may stand there twice
    drift = (Date.parse(told) || Date.now()) - Date.now();
    if (answer.status === 404) {
      revoked = true;
      known = null;
      tag = '';
      forget();
    } else if (answer.status === 304) {
      known.at = Date.now();
      remember();
    } else if (answer.ok) {
      known = checked(JSON.parse(text));
      known.at = Date.now();
      tag = answer.headers.get('ETag') || '';
      revoked = false;
      remember(known);
    }
  } catch (error) { /* away, or not our server: what is known goes on */ }
  asking = false;
  tried = true;
  play();
}

// The browser keeps this page for a day. Fetching it now and then keeps it for the next; a new version is taken up.
async function renew() {
  renewed = Date.now();
  try {
    const { text } = await get(location.href, { cache: 'reload' });
    const parts = Array.from(document.querySelectorAll('script[src], link[rel=stylesheet]'));
    const isOurs = text.includes('screen.js?v=');
    if (isOurs && !parts.every((part) => text.includes(part.getAttribute('src') || part.getAttribute('href')))) {
      location.reload();
    }
  } catch (error) { /* another time */ }
}

// --- turning the pages ---

function programme() {
  if (revoked) return [{ message: words.revoked }];
  if (!known || since(known.at) >= DAY) return [{ message: tried ? words.away : '' }];
  return known.slides.length ? known.slides : [{ message: words.nothing, title: known.community }];
}

// Go on with the page that is shown, if it is still among those to show.
function play() {
  const next = programme();
  const shown = JSON.stringify(playing[position]);
  const found = next.findIndex((slide) => JSON.stringify(slide) === shown);
  playing = next;
  position = Math.max(found, 0);
  const named = known || { community: '', board: '' };
  find('community').textContent = named.community;
  find('board').textContent = named.board;
  if (found < 0) show(0);
}

function show(at) {
  position = (at + playing.length) % playing.length;
  shownAt = Date.now();
  draw(playing[position]);
}

function hold(moment) {
  heldAt = moment;
  find('paused').textContent = heldAt ? words.paused : '';
}

function tick() {
  const now = new Date(Date.now() + drift + OFFICE_TIME);
  const [year, month, day, week] = [now.getUTCFullYear(), now.getUTCMonth() + 1, now.getUTCDate(), now.getUTCDay()];
  find('day').textContent = `${year}年${month}月${day}日 星期${'日一二三四五六'[week]}`;
  find('clock').textContent = now.toISOString().slice(11, 16);
  if (since(asked) >= ASK) ask();
  if (since(renewed) >= RENEW) renew();
  if (heldAt && since(heldAt) >= HOLD) hold(0);
  if (!heldAt && playing.length > 1 && since(shownAt) >= playing[position].seconds * SECOND) show(position + 1);
}

// --- drawing ---

function made(name, text, className) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function put(place, element) {
  place.textContent = '';
  place.append(element);
}

function headOf(slide) {
  const head = made('div', '', 'fade');
  const about = made('p');
  const told = slide.message === undefined ? [slide.number, slide.issuer, slide.date] : [slide.title && slide.message];
  about.append(...told.filter(Boolean).map((text) => made('span', text)));
  head.append(made('h1', slide.title || slide.message), about);
  return head;
}

function bodyOf(slide) {
  const body = made('div', '', 'body');
  body.append(...(slide.text || []).map((paragraph) => made('p', paragraph.text, paragraph.style)));
  if (slide.table) body.append(tableOf(slide.table));
  return body;
}

function tableOf({ caption, columns, rows }) {
  const table = made('table');
  const line = (cells, name) => {
    const row = made('tr');
    cells.forEach((text, index) => {
      const isWhole = name === 'td' ? columns[index].whole : text.length <= SHORT;
      row.append(made(name, text, isWhole ? `${columns[index].align} whole` : columns[index].align));
    });
    return row;
  };
  if (caption) table.append(made('caption', caption));
  const widths = made('colgroup');
  columns.forEach(({ width }) => {
    const column = made('col');
    column.style.width = `${width}em`;
    widths.append(column);
  });
  const head = made('thead');
  head.append(line(columns.map(({ label }) => label), 'th'));
  const rest = made('tbody');
  rest.append(...rows.map((row) => line(row, 'td')));
  table.append(widths, head, rest);
  return table;
}

// The largest type in which all pages of a text, or all of a table, fit: it does not change from page to page.
function sizeOf(slide) {
  if (sizes.has(slide)) return sizes.get(slide);
  const isLike = (other) => other.title === slide.title && other.number === slide.number && !other.table === !slide.table;
  const alike = playing.filter(isLike);
  const place = find('body');
  let size = parseFloat(getComputedStyle(place).fontSize);
  for (const other of alike) {
    const body = bodyOf(other);
    put(place, body);
    const fits = () => {
      body.style.fontSize = `${size}px`;
      return body.scrollHeight <= place.clientHeight && body.scrollWidth <= place.clientWidth;
    };
    while (!fits() && size > 8) size *= 0.97;
  }
  alike.forEach((other) => sizes.set(other, size));
  return size;
}

function draw(slide) {
  const isMessage = slide.message !== undefined;
  find('stage').className = isMessage ? 'message' : '';
  find('page').textContent = slide.pages > 1 ? `第${slide.page}页/共${slide.pages}页` : '';
  const about = JSON.stringify([slide.title, slide.number, slide.message]);
  if (find('head').dataset.about !== about) put(find('head'), headOf(slide));
  find('head').dataset.about = about;
  if (isMessage) return put(find('body'), '');
  const size = sizeOf(slide);
  const body = bodyOf(slide);
  body.style.fontSize = `${size}px`;
  body.classList.add('fade');
  put(find('body'), body);
}

// --- people, sleep and power cuts ---

document.addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }[event.key];
  if (event.key === ' ') {
    hold(heldAt ? 0 : Date.now());
  } else if (step) {
    hold(Date.now());
    show(position + step);
  } else {
    return;
  }
  event.preventDefault();
});
window.addEventListener('online', ask);
window.addEventListener('resize', () => { sizes = new WeakMap(); draw(playing[position]); });

play();
tick();
setInterval(tick, SECOND);
