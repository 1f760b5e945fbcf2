// What makes the pages handier: choosing by search, a warning before typed text is lost, showing a password, copying,
// following a long print. Without it every page still works, but for choosing by search.
'use strict';

// The arrow keys come to another of the rows offered below an input; gives the new index, -1 for none.
function marked(input, rows, from, to) {
  if (rows[from]) rows[from].setAttribute('aria-selected', 'false');
  const row = rows[to];
  if (row) {
    row.setAttribute('aria-selected', 'true');
    row.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', row.id);
  } else input.removeAttribute('aria-activedescendant');
  return to;
}

function combo(box) {
  const input = box.querySelector('[role=combobox]');
  const hidden = box.querySelector('input[type=hidden]');
  const list = box.querySelector('[role=listbox]');
  const clear = box.querySelector('.combo-clear');
  const status = box.querySelector('[role=status]');
  const words = box.dataset;
  let options = [];
  let active = -1;
  let asked = 0;
  let timer = 0;
  let chosen = { id: hidden.value, label: input.defaultValue };
  if (!/^\d+$/.test(chosen.id)) chosen = { id: '', label: '' };

  const isOpen = () => !list.hidden;

  function showClear() {
    clear.hidden = !input.value;
    box.classList.toggle('full', !clear.hidden);
  }

  function close() {
    list.hidden = true;
    active = -1;
    asked += 1;
    clearTimeout(timer);
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function open() {
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  }

  function set(id, label) {
    hidden.value = id;
    input.value = label;
    chosen = { id, label };
    showClear();
    close();
    hidden.dispatchEvent(new Event('change', { bubbles: true }));
  }

  // Text that names no row is sent marked, so that the server can say so and give it back.
  function noteTyped() {
    const text = input.value.trim();
    if (text === chosen.label && chosen.id) hidden.value = chosen.id;
    else hidden.value = text && words.typed + text;
    showClear();
  }

  function say(text, link) {
    const line = document.createElement('li');
    line.className = 'said';
    line.setAttribute('role', 'option');
    if (!link) line.setAttribute('aria-disabled', 'true');
    line.textContent = text;
    list.append(line);
    if (link) {
      const add = document.createElement('a');
      const typed = input.value.trim();
      add.href = typed ? `${words.add}?called=${encodeURIComponent(typed.slice(0, 60))}` : words.add;
      add.target = '_blank';
      add.rel = 'noopener';
      add.textContent = words.addText;
      line.append(' ', add);
    }
    status.textContent = text;
  }

  function mark(index) {
    active = marked(input, list.querySelectorAll('[data-index]'), active, index);
  }

  function draw() {
    list.replaceChildren();
    active = -1;
    options.forEach((option, index) => {
      const row = document.createElement('li');
      row.id = `${list.id}-${index}`;
      row.dataset.index = index;
      row.setAttribute('role', 'option');
      row.setAttribute('aria-selected', 'false');
      row.textContent = option.label;
      if (option.hint) {
        const hint = document.createElement('small');
        hint.textContent = option.hint;
        row.append(' ', hint);
      }
      list.append(row);
    });
    if (options.length) status.textContent = words.found + options.length;
    else say(words.none, words.add);
    open();
  }

  async function ask(text) {
    const question = ++asked;
    try {
      const answer = await fetch(`${words.source}${words.source.includes('?') ? '&' : '?'}q=${encodeURIComponent(text.slice(0, 60))}`, { headers: { Accept: 'application/json' } });
      if (!answer.ok) throw new Error(answer.status);
      const found = await answer.json();
      if (question !== asked) return;
      options = found;
      draw();
      if (text && options.length) mark(0);
    } catch (error) {
      if (question !== asked) return;
      options = [];
      list.replaceChildren();
      say(words.failed);
      open();
    }
  }

  function search() {
    const text = input.value.trim();
    ask(text === chosen.label ? '' : text);
  }

  input.addEventListener('focus', () => { input.select(); search(); });
  input.addEventListener('click', () => { if (!isOpen()) search(); });
  input.addEventListener('input', () => {
    noteTyped();
    mark(-1);  // what is offered still answers what was typed before
    clearTimeout(timer);
    asked += 1;
    timer = setTimeout(search, 150);
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen()) return search();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (options.length) mark((active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length);
    } else if (event.key === 'Enter' && isOpen()) {
      if (options[active] || !('filter' in words)) event.preventDefault();
      const link = list.querySelector('a');
      if (options[active]) set(String(options[active].id), options[active].label);
      else if (link) link.click();
    } else if (event.key === 'Escape' && isOpen()) {
      event.preventDefault();
      close();
    } else if (event.key === 'Tab' && isOpen() && input.value.trim() && input.value.trim() !== chosen.label && options.length === 1) {
      set(String(options[0].id), options[0].label);
    }
  });
  input.addEventListener('blur', () => {
    const same = options.filter((option) => option.label === input.value.trim());
    if (isOpen() && same.length === 1 && hidden.value.startsWith('?')) set(String(same[0].id), same[0].label);
    close();
  });
  list.addEventListener('mousedown', (event) => event.preventDefault());
  list.addEventListener('click', (event) => {
    const row = event.target.closest('[data-index]');
    if (row) set(String(options[row.dataset.index].id), options[row.dataset.index].label);
  });
  clear.addEventListener('click', () => { set('', ''); input.focus(); });
  input.removeAttribute('name');
  noteTyped();  // what was typed before the script had arrived
}

// A form whose text has changed asks before it is left; it is sent only once.
function guard(form) {
  const state = () => new URLSearchParams(new FormData(form)).toString();
  const before = 'dirty' in form.dataset ? null : state();
  let sending = false;
  form.addEventListener('submit', (event) => {
    if (sending) return event.preventDefault();
    sending = true;
    form.setAttribute('aria-busy', 'true');
  });
  window.addEventListener('pageshow', () => { sending = false; form.removeAttribute('aria-busy'); });
  window.addEventListener('beforeunload', (event) => {
    if (!sending && state() !== before) {
      event.preventDefault();
      event.returnValue = '';
    }
  });
}

function reveal(label) {
  label.hidden = false;
  const inputs = label.closest('form').querySelectorAll('input[type=password]');
  label.querySelector('input').addEventListener('change', (event) => {
    for (const input of inputs) input.type = event.target.checked ? 'text' : 'password';
  });
}

// What cannot be undone asks first.
function confirmed(event) {
  const asking = (event.submitter && event.submitter.dataset.confirm) || event.target.dataset.confirm;
  if (asking && !window.confirm(asking)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
document.addEventListener('submit', confirmed, true);

// Empty questions stay out of the address of a list.
function brief(form) {
  form.addEventListener('submit', () => {
    for (const input of form.elements) if (input.name && !input.value) input.disabled = true;
  });
  window.addEventListener('pageshow', () => { for (const input of form.elements) input.disabled = false; });
}

// A button that copies what stands in a field. Without https the browser lends no clipboard; then the field does it.
function copier(button) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    field.focus();
    field.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand('copy');
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 3000);
  });
}

// How far the drawing of a long sheet is; leads to the sheet when it is done.
function follow(box) {
  const bar = box.querySelector('progress');
  const count = box.querySelector('.count');
  const problem = box.querySelector('.error');
  const again = (pause) => setTimeout(ask, pause);

  function stop(message) {
    problem.querySelector('span').textContent = message;
    problem.hidden = false;
  }

  async function ask() {
    let told;
    try {
      told = await (await fetch(box.dataset.progress, { headers: { Accept: 'application/json' } })).json();
    } catch (error) {
      return again(3000);
    }
    bar.max = told.total || 1;
    if (told.done) {
      bar.value = told.done;
      count.textContent = `${told.done} / ${told.total}`;
    }
    if (told.state === 'done') location.replace(box.dataset.done);
    else if (told.state === 'refused') stop(told.message);
    else if (told.state === 'unknown') stop(box.dataset.broken);
    else if (told.state !== 'cancelled') again(500);
  }
  ask();
}

// A link to a part of the page that is folded unfolds it.
function unfold() {
  const part = document.getElementById(location.hash.slice(1))?.closest('details');
  if (part) part.open = true;
}
window.addEventListener('hashchange', unfold);
unfold();

// A table that fits scrolls with the page under its heading; a broader one scrolls in its own box, which shows when
// there is more on the right.
function sheet(box) {
  const table = box.firstElementChild;
  const tell = () => box.classList.toggle('more', box.scrollLeft + box.clientWidth < table.offsetWidth - 1);
  const fit = () => {
    box.classList.remove('broad');  // which is broader itself
    const broad = table.offsetWidth > box.clientWidth;
    box.classList.toggle('broad', broad);
    box.classList.toggle('fits', !broad);
    tell();
  };
  fit();
  box.addEventListener('scroll', tell, { passive: true });
  new ResizeObserver(fit).observe(box);
}

document.querySelectorAll('.sheet').forEach(sheet);
document.querySelectorAll('.combo').forEach(combo);
document.querySelectorAll('form[data-guard]').forEach(guard);
document.querySelectorAll('[data-reveal]').forEach(reveal);
document.querySelectorAll('form.search').forEach(brief);
document.querySelectorAll('[data-copy]').forEach(copier);
document.querySelectorAll('[data-progress]').forEach(follow);

// On a low screen the menu opens where one is, with what comes next in view.
const menu = document.querySelector('.menu');
const here = menu && menu.querySelector('[aria-current]');
if (here) menu.scrollTop = here.offsetTop + 4 * here.offsetHeight - menu.clientHeight;

const problems = document.querySelector('#problems');
if (problems) problems.focus();

// --- lists ---

// Columns change places at once; without script the server moves them.
function columns(form) {
  form.addEventListener('click', (event) => {
    const button = event.target.closest('[name=up], [name=down]');
    if (!button) return;
    event.preventDefault();
    const row = button.closest('li');
    if (button.name === 'up') row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    form.elements.order.value = [...form.querySelectorAll('[name=column]')].map((box) => box.value).join(' ');
    button.focus();
  });
}

// Rows are chosen one by one, from one to another with Shift, or all of the page; how many are chosen is said.
function rows(form) {
  const boxes = [...form.querySelectorAll('[name=ids]')];
  const whole = form.elements.all;
  const page = document.createElement('input');
  let last = null;
  page.type = 'checkbox';
  page.setAttribute('aria-label', form.dataset.page);
  page.title = form.dataset.page;
  form.querySelector('th.pick').replaceChildren(page);

  function tell() {
    const chosen = boxes.filter((box) => box.checked).length;
    page.checked = chosen === boxes.length;
    page.indeterminate = chosen > 0 && !page.checked;
    if (whole && !page.checked) whole.checked = false;
    form.querySelector('output').textContent = whole?.checked || !chosen ? '' : form.dataset.rows + chosen;
    for (const box of boxes) box.closest('tr').classList.toggle('is-chosen', box.checked);
  }

  function all(checked) {
    for (const box of boxes) box.checked = checked;
    tell();
  }

  page.addEventListener('change', () => all(page.checked));
  whole?.addEventListener('change', () => all(whole.checked));
  form.addEventListener('click', (event) => {
    const index = boxes.indexOf(event.target);
    if (index < 0) return;
    if (event.shiftKey && last !== null) {
      for (const box of boxes.slice(Math.min(last, index), Math.max(last, index))) box.checked = event.target.checked;
    }
    last = index;
    tell();
  });
  window.addEventListener('pageshow', tell);
}

// A panel closes when one goes on elsewhere, or with Escape.
function panel(tool) {
  document.addEventListener('click', (event) => { if (!tool.contains(event.target)) tool.open = false; });
  tool.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !tool.open) return;
    tool.open = false;
    tool.querySelector('summary').focus();
  });
}

document.querySelectorAll('[data-columns]').forEach(columns);
document.querySelectorAll('[data-rows]').forEach(rows);
document.querySelectorAll('.tool').forEach(panel);
