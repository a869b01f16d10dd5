/* One number over the last minutes, one at first and five in the end, as a line. In: values with their times; out: two paths of an SVG. Next: the
   reader, who may point at it to read off a moment. A gap in time, or in what is known, is a gap in the line. */

const LEAST_MS = 60 * 1000, MOST_MS = 5 * 60 * 1000;
const WIDTH = 300, HEIGHT = 50, ROOM = 4;

/* The least round number that is not below. */
function roundAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value * 0.999);
}

export class Chart {
  #points = []; /* {atMs, value}; value null: a gap */
  #spanMs = LEAST_MS; #figure; #number; #svg; #format; #least; #pointedMs = null;

  /* format: number -> text. least: the smallest height of the scale, so that noise near 0 looks like 0. */
  constructor(figure, format, least) {
    this.#figure = figure;
    this.#number = figure.querySelector('b');
    this.#svg = document.getElementById('chart-template').content.firstElementChild.cloneNode(true);
    this.#format = format;
    this.#least = least;
    figure.append(this.#svg);
    figure.addEventListener('pointermove', event => this.#point(event));
    figure.addEventListener('pointerleave', () => this.#point(null));
  }

  add(atMs, value) {
    this.#points.push({atMs, value});
    const first = this.#points.findIndex(one => one.atMs >= atMs - MOST_MS);
    this.#points.splice(0, first);
    this.#spanMs = Math.max(LEAST_MS, atMs - this.#points[0].atMs);
    if (value !== null)
      this.#figure.hidden = false;
    this.#draw();
  }

  /* Nothing was asked for a while. */
  gap(atMs) {
    this.#points.push({atMs, value: null});
  }

  #draw() {
    if (this.#figure.hidden)
      return;
    const last = this.#points.at(-1), known = this.#points.filter(one => one.value !== null);
    const top = roundAbove(Math.max(this.#least, ...known.map(one => one.value)));
    const x = one => WIDTH + (one.atMs - last.atMs) * WIDTH / this.#spanMs;
    const y = one => HEIGHT - 1 - one.value * (HEIGHT - 1 - ROOM) / top;
    let stroke = '', area = '', run = [];
    for (const one of [...this.#points, {value: null}]) {
      if (one.value !== null) {
        run.push(`${x(one).toFixed(1)} ${y(one).toFixed(1)}`);
      } else if (run.length > 0) {
        stroke += `M${run.join('L')}${run.length === 1 ? 'h.1' : ''}`;
        area += `M${run[0].split(' ')[0]} ${HEIGHT}L${run.join('L')}V${HEIGHT}Z`;
        run = [];
      }
    }
    this.#svg.querySelector('.stroke').setAttribute('d', stroke);
    this.#svg.querySelector('.area').setAttribute('d', area);
    this.#svg.dataset.points = known.length;
    this.#tell(last, x);
  }

  /* The number beside the name: the newest, or the one that is pointed at. */
  #tell(last, x) {
    const known = this.#points.filter(one => one.value !== null);
    const away = one => Math.abs(one.atMs - this.#pointedMs);
    const pointed = this.#pointedMs === null || known.length === 0 ? null
      : known.reduce((best, one) => (away(one) < away(best) ? one : best));
    const shown = pointed || last, text = shown.value === null ? '–' : this.#format(shown.value);
    const ago = pointed ? ` · ${Math.round((last.atMs - pointed.atMs) / 1000)} s ago` : '';
    this.#number.textContent = text + ago;
    this.#svg.querySelector('.cursor').setAttribute('d', pointed ? `M${x(pointed).toFixed(1)} 0V${HEIGHT}` : '');
    const name = this.#figure.querySelector('figcaption').firstChild.textContent;
    this.#svg.setAttribute('aria-label', `${name}: ${text}`);
  }

  #point(event) {
    const box = this.#svg.getBoundingClientRect(), last = this.#points.at(-1);
    this.#pointedMs = event && last ? last.atMs - (1 - (event.clientX - box.left) / box.width) * this.#spanMs : null;
    this.#draw();
  }
}
