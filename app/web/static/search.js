// The search box in the head of the page: answers while one types, picked with the arrow keys or the mouse. Enter by
// itself leads to the page of answers, however quick the answers are: who is looked at is kept.
'use strict';

function finder(form) {
  const input = form.querySelector('input');
  const list = form.querySelector('[role=listbox]');
  const status = form.querySelector('[role=status]');
  const words = form.dataset;
  const PAUSE = 120;
  let rows = [];
  let active = -1;
  let timer = 0;
  let asking = null;

  const isOpen = () => !list.hidden;

  function close() {
    clearTimeout(timer);
    if (asking) asking.abort();
    asking = null;
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  function open() {
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  }

  function mark(index) {
    active = marked(input, rows, active, index);  // portal.js
  }

  function piece(tag, text, className) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function option(address, className) {
    const row = document.createElement('li');
    row.id = `${list.id}-${rows.length}`;
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', 'false');
    row.dataset.address = address;
    row.className = className;
    rows.push(row);
    return row;
  }

  function section(group, index) {
    const made = document.createElement('ul');
    const heading = piece('li', group.label, 'heading');
    heading.id = `${list.id}-group-${index}`;
    heading.setAttribute('role', 'presentation');
    made.setAttribute('role', 'group');
    made.setAttribute('aria-labelledby', heading.id);
    made.append(heading);
    for (const answer of group.answers) {
      const row = option(answer.address, 'answer');
      row.append(piece('b', answer.label || words.nameless));
      for (const hat of answer.hats) row.append(' ', piece('span', hat, 'hat'));
      if (answer.hint) row.append(' ', piece('small', answer.hint));
      made.append(row);
    }
    if (group.more) {
      const row = option(group.address, 'all');
      row.textContent = `${words.all} ${group.label}`;
      made.append(row);
    }
    return made;
  }

  function said(text) {
    const line = piece('li', text, 'said');
    line.setAttribute('role', 'presentation');
    return line;
  }

  function draw(found) {
    rows = [];
    active = -1;
    list.replaceChildren();
    if (found.by_ear) list.append(said(words.ear));
    found.groups.forEach((group, index) => list.append(section(group, index)));
    if (!rows.length) list.append(said(words.none));
    status.textContent = rows.length ? `${words.found} ${rows.length}` : words.none;
    input.removeAttribute('aria-activedescendant');
    open();
  }

  async function ask() {
    const text = input.value.trim();
    if (asking) asking.abort();
    if (!text) return close();
    const own = asking = new AbortController();
    try {
      const address = `${words.answers}?q=${encodeURIComponent(text.slice(0, 60))}`;
      const answer = await fetch(address, { signal: own.signal, headers: { Accept: 'application/json' } });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const found = await answer.json();
      if (own !== asking) return;
      draw(found);
    } catch (error) {
      if (own !== asking || error.name === 'AbortError') return;
      rows = [];
      list.replaceChildren(said(words.failed));
      status.textContent = words.failed;
      open();
    }
  }

  function later() {
    mark(-1);
    clearTimeout(timer);
    if (asking) asking.abort();
    asking = null;
    timer = setTimeout(ask, PAUSE);
  }

  // What an input method is still composing is not asked for: its letters are no words yet.
  input.addEventListener('input', (event) => { if (!event.isComposing) later(); });
  input.addEventListener('compositionstart', () => clearTimeout(timer));
  input.addEventListener('compositionend', later);
  input.addEventListener('focus', () => { if (input.value.trim()) { input.select(); ask(); } });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen()) return ask();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (rows.length) mark((Math.max(active, step < 0 ? 0 : -1) + step + rows.length) % rows.length);
    } else if (event.key === 'Enter') {
      if (isOpen() && rows[active]) {
        event.preventDefault();
        location.assign(rows[active].dataset.address);
      } else if (!input.value.trim()) event.preventDefault();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (isOpen()) close();
      else { input.value = ''; input.blur(); }
    }
  });
  list.addEventListener('mousedown', (event) => event.preventDefault());
  list.addEventListener('click', (event) => {
    const row = event.target.closest('[data-address]');
    if (row) location.assign(row.dataset.address);
  });

  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, textarea, select, [contenteditable]');
    const slash = event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const k = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (event.isComposing || (!slash && !k)) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

document.querySelectorAll('form.finder').forEach(finder);
