/**
 * Regular expressions in RE2's syntax that match whole strings, by simulation of all states at once
 * (Thompson, 1968): the time is bounded by the length of the text times the size of the pattern,
 * whatever the pattern is.
 */

/** Does the character (a code point) belong to the class? */
type Class = (c: number) => boolean;

type Tree =
  | { readonly kind: 'class'; readonly has: Class }
  | { readonly kind: 'assert'; readonly holds: (before: number, after: number) => boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly least: number; readonly most: number };

/** Largest count in braces (RE2's own), and most states of a program. */
const REPEAT_LIMIT = 1000;
const STATE_LIMIT = 100_000;
const DEPTH_LIMIT = 200;
/** Stands for the place before the first and after the last character. */
const NONE = -1;
const NEWLINE = 10;

const within =
  (ranges: readonly (readonly [number, number])[]): Class =>
  (c) =>
    ranges.some(([a, b]) => c >= a && c <= b);
const not =
  (f: Class): Class =>
  (c) =>
    !f(c);
const ofText = (text: string): (readonly [number, number])[] =>
  text.match(/.-.|./gs)?.map((s) => [s.codePointAt(0)!, s.codePointAt(s.length - 1)!]) ?? [];

const WORD = within(ofText('0-9A-Za-z_'));
const LETTERS: Readonly<Record<string, Class>> = {
  d: within(ofText('0-9')),
  w: WORD,
  s: within(ofText('\t\n\f\r ')),
};
const POSIX: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\0-\x7f',
  blank: '\t ',
  cntrl: '\0-\x1f\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-/:-@[-`{-~',
  space: '\t-\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

class Parser {
  readonly #text: readonly string[];
  #at = 0;
  #depth = 0;
  #fold = false;
  #dotAll = false;
  #lines = false;

  constructor(pattern: string) {
    this.#text = Array.from(pattern);
  }

  #fail(reason: string): never {
    throw new SyntaxError(`${reason} in the pattern at character ${this.#at}`);
  }
  #peek(): string | undefined {
    return this.#text[this.#at];
  }
  #take(expected: string): boolean {
    const wanted = Array.from(expected);
    const matches = wanted.every((c, i) => this.#text[this.#at + i] === c);
    if (matches) this.#at += wanted.length;
    return matches;
  }
  #until(end: string): string {
    const from = this.#at;
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) this.#at++;
    if (this.#peek() === undefined) this.#fail(`no '${end}'`);
    return this.#text.slice(from, this.#at++).join('');
  }

  parse(): Tree {
    const tree = this.#choice();
    if (this.#at < this.#text.length) this.#fail("a ')' too many");
    return tree;
  }

  #choice(): Tree {
    if (++this.#depth > DEPTH_LIMIT) this.#fail('groups nested too deeply');
    const flags = [this.#fold, this.#dotAll, this.#lines] as const;
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    [this.#fold, this.#dotAll, this.#lines] = flags;
    this.#depth--;
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  #sequence(): Tree {
    const parts: Tree[] = [];
    for (let c = this.#peek(); c !== undefined && c !== '|' && c !== ')'; c = this.#peek()) {
      if (this.#take('\\Q')) {
        const first = parts.length;
        while (!this.#take('\\E') && this.#peek() !== undefined)
          parts.push(this.#one(this.#text[this.#at++]!.codePointAt(0)!));
        if (parts.length > first) parts.push(this.#repeated(parts.pop()!));
        continue;
      }
      const atom = this.#atom();
      if (atom) parts.push(this.#repeated(atom));
    }
    return { kind: 'sequence', parts };
  }

  #repeated(part: Tree): Tree {
    const range = this.#count();
    if (!range) return part;
    // which of several matches is preferred does not matter
    this.#take('?');
    const [least, most] = range;
    if (this.#count()) this.#fail('a repetition of a repetition');
    return { kind: 'repeat', part, least, most };
  }

  #count(): readonly [number, number] | null {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    const found = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at, this.#at + 16).join(''));
    if (!found) return null;
    this.#at += found[0].length;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === '' ? Infinity : Number(found[3]);
    if (least > most || least > REPEAT_LIMIT || (most !== Infinity && most > REPEAT_LIMIT))
      this.#fail('a count out of range');
    return [least, most];
  }

  #atom(): Tree | null {
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return this.#set();
    if (this.#take('.')) {
      const all = this.#dotAll;
      return { kind: 'class', has: (c) => all || c !== NEWLINE };
    }
    const lines = this.#lines;
    if (this.#take('^'))
      return { kind: 'assert', holds: (b) => b === NONE || (lines && b === NEWLINE) };
    if (this.#take('$'))
      return { kind: 'assert', holds: (_, a) => a === NONE || (lines && a === NEWLINE) };
    if (this.#take('\\')) return this.#escape();
    if ('*+?'.includes(this.#peek()!)) this.#fail('nothing to repeat');
    return this.#one(this.#text[this.#at++]!.codePointAt(0)!);
  }

  #one(c: number): Tree {
    return { kind: 'class', has: this.#folded((x) => x === c) };
  }

  #folded(has: Class): Class {
    if (!this.#fold) return has;
    const other = (c: number, s: string): boolean => {
      const x = s.codePointAt(0)!;
      return x !== c && s.length === String.fromCodePoint(x).length && has(x);
    };
    return (c) => {
      const s = String.fromCodePoint(c);
      return has(c) || other(c, s.toLowerCase()) || other(c, s.toUpperCase());
    };
  }

  #group(): Tree | null {
    if (this.#take('?')) {
      if (this.#take('P<') || this.#take('<')) this.#until('>');
      else if (!this.#take(':')) {
        const flags = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(
          this.#text.slice(this.#at, this.#at + 16).join(''),
        );
        if (!flags) return this.#fail('an unknown kind of group');
        this.#at += flags[0].length;
        const inside = flags[3] === ':';
        const before = [this.#fold, this.#dotAll, this.#lines] as const;
        for (const [list, on] of [
          [flags[1] ?? '', true],
          [flags[2] ?? '', false],
        ] as const) {
          if (list.includes('i')) this.#fold = on;
          if (list.includes('s')) this.#dotAll = on;
          if (list.includes('m')) this.#lines = on;
        }
        if (!inside) return null;
        const tree = this.#closed();
        [this.#fold, this.#dotAll, this.#lines] = before;
        return tree;
      }
    }
    return this.#closed();
  }
  #closed(): Tree {
    const tree = this.#choice();
    if (!this.#take(')')) this.#fail("no ')'");
    return tree;
  }

  #escape(): Tree {
    const assertions: Readonly<Record<string, (b: number, a: number) => boolean>> = {
      A: (b) => b === NONE,
      z: (_, a) => a === NONE,
      b: (b, a) => WORD(b) !== WORD(a),
      B: (b, a) => WORD(b) === WORD(a),
    };
    const c = this.#peek() ?? '';
    if (Object.hasOwn(assertions, c)) {
      this.#at++;
      return { kind: 'assert', holds: assertions[c]! };
    }
    const found = this.#escaped();
    return typeof found === 'number'
      ? this.#one(found)
      : { kind: 'class', has: this.#folded(found) };
  }

  /** What follows a backslash: a character or a class. */
  #escaped(): number | Class {
    const c = this.#text[this.#at++] ?? this.#fail('a backslash at the end');
    if (Object.hasOwn(CONTROLS, c)) return CONTROLS[c]!;
    const lower = c.toLowerCase();
    if (Object.hasOwn(LETTERS, lower)) return c === lower ? LETTERS[c]! : not(LETTERS[lower]!);
    if (lower === 'p') {
      const name = this.#take('{') ? this.#until('}') : this.#text[this.#at++];
      return this.#property(name ?? '', c === 'P');
    }
    if (c === 'x') {
      const digits = this.#take('{')
        ? this.#until('}')
        : this.#text.slice(this.#at, (this.#at += 2)).join('');
      const code = /^[0-9a-f]+$/i.test(digits) ? parseInt(digits, 16) : Infinity;
      return code <= 0x10ffff ? code : this.#fail('a character code');
    }
    if (/[0-7]/.test(c)) {
      const more = /^[0-7]{0,2}/.exec(this.#text.slice(this.#at, this.#at + 2).join(''))![0];
      if (c !== '0' && more.length < 2) this.#fail('a reference to a group');
      this.#at += more.length;
      return parseInt(c + more, 8);
    }
    if (/[a-z0-9]/i.test(c)) this.#fail(`\\${c}`);
    return c.codePointAt(0)!;
  }

  #property(given: string, negated: boolean): Class {
    const inverse = negated !== given.startsWith('^');
    const name = given.replace(/^\^/, '');
    const forms = name.length <= 2 ? [name] : [`Script=${name}`, name];
    if (name === 'Any') return () => !inverse;
    for (const form of /^\w+$/.test(name) ? forms : [])
      try {
        const one = new RegExp(`^\\p{${form}}$`, 'u');
        return (c) => one.test(String.fromCodePoint(c)) !== inverse;
      } catch {
        // not of this form
      }
    return this.#fail(`an unknown property '${name}'`);
  }

  #set(): Tree {
    const negated = this.#take('^');
    const classes: Class[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#peek() === undefined) this.#fail("no ']'");
      if (this.#take('[:')) {
        const [inverse, name] = [this.#take('^'), this.#until(':')];
        if (!this.#take(']') || !Object.hasOwn(POSIX, name)) this.#fail(`[:${name}:]`);
        const named = within(ofText(POSIX[name]!));
        classes.push(inverse ? not(named) : named);
        continue;
      }
      const low = this.#member();
      if (typeof low !== 'number') {
        classes.push(low);
        continue;
      }
      const isRange = this.#peek() === '-' && this.#text[this.#at + 1] !== ']';
      if (isRange) this.#at++;
      const high = isRange ? this.#member() : low;
      if (typeof high !== 'number' || high < low) return this.#fail('a range');
      classes.push(within([[low, high]]));
    }
    this.#at++;
    const has = this.#folded((c) => classes.some((f) => f(c)));
    return { kind: 'class', has: negated ? not(has) : has };
  }
  #member(): number | Class {
    if (this.#take('\\')) return this.#escaped();
    return (this.#text[this.#at++] ?? this.#fail("no ']'")).codePointAt(0)!;
  }
}

type State =
  | { kind: 'class'; has: Class; next: number }
  | { kind: 'assert'; holds: (b: number, a: number) => boolean; next: number }
  | { kind: 'fork'; to: number[] };

/** States of a tree that go on to `next`; returns the first. The last state, 0, accepts. */
function compile(tree: Tree, next: number, states: State[]): number {
  const add = (state: State): number => {
    if (states.length >= STATE_LIMIT) throw new RangeError('the pattern is too large');
    return states.push(state) - 1;
  };
  switch (tree.kind) {
    case 'class':
      return add({ kind: 'class', has: tree.has, next });
    case 'assert':
      return add({ kind: 'assert', holds: tree.holds, next });
    case 'sequence':
      return tree.parts.reduceRight((to, part) => compile(part, to, states), next);
    case 'choice':
      return add({ kind: 'fork', to: tree.parts.map((part) => compile(part, next, states)) });
    case 'repeat': {
      const { part, least, most } = tree;
      let to = next;
      if (most === Infinity) {
        const loop = { kind: 'fork' as const, to: [next] };
        to = add(loop);
        loop.to.push(compile(part, to, states));
      } else
        for (let i = least; i < most; i++)
          to = add({ kind: 'fork', to: [next, compile(part, to, states)] });
      for (let i = 0; i < least; i++) to = compile(part, to, states);
      return to;
    }
  }
}

/** A test whether a string matches the pattern from its first to its last character. */
export function fullMatcher(pattern: string): (text: string) => boolean {
  const states: State[] = [{ kind: 'fork', to: [] }];
  const start = compile(new Parser(pattern).parse(), 0, states);
  return (text) => {
    const codes = Array.from(text, (c) => c.codePointAt(0)!);
    let active = [start];
    for (let i = 0; ; i++) {
      const [before, after] = [codes[i - 1] ?? NONE, codes[i] ?? NONE];
      const seen = new Set<number>();
      const next = new Set<number>();
      for (let s = active.pop(); s !== undefined; s = active.pop()) {
        if (seen.has(s)) continue;
        seen.add(s);
        const state = states[s]!;
        if (state.kind === 'fork') active.push(...state.to);
        else if (state.kind === 'assert') {
          if (state.holds(before, after)) active.push(state.next);
        } else if (after !== NONE && state.has(after)) next.add(state.next);
      }
      if (after === NONE) return seen.has(0);
      if (next.size === 0) return false;
      active = [...next];
    }
  };
}
