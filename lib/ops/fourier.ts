/** The discrete Fourier transform of one row, shared by DFT and STFT. */

export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

const complex = (n: number): Complex => ({ re: new Float64Array(n), im: new Float64Array(n) });

/** Σ x[k] · exp(sign·2πi·j·k/n) for n elements of x from `start` on, `stride` apart. */
function sums(x: Complex, start: number, stride: number, n: number, sign: number): Complex {
  const out = complex(n);
  for (let j = 0; j < n; j++)
    for (let k = 0; k < n; k++) {
      const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const [re, im] = [x.re[start + k * stride]!, x.im[start + k * stride]!];
      out.re[j]! += re * cos - im * sin;
      out.im[j]! += re * sin + im * cos;
    }
  return out;
}

/** Even sizes by halves (Cooley & Tukey, 1965), what is left by its definition. */
function transformed(x: Complex, start: number, stride: number, n: number, sign: number): Complex {
  if (n % 2 !== 0 || n < 4) return sums(x, start, stride, n, sign);
  const half = n / 2;
  const even = transformed(x, start, stride * 2, half, sign);
  const odd = transformed(x, start + stride, stride * 2, half, sign);
  const out = complex(n);
  for (let k = 0; k < half; k++) {
    const angle = (sign * 2 * Math.PI * k) / n;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const re = odd.re[k]! * cos - odd.im[k]! * sin;
    const im = odd.re[k]! * sin + odd.im[k]! * cos;
    out.re[k] = even.re[k]! + re;
    out.im[k] = even.im[k]! + im;
    out.re[k + half] = even.re[k]! - re;
    out.im[k + half] = even.im[k]! - im;
  }
  return out;
}

/** All n frequencies of x; the inverse is divided by n. */
export function fourier(x: Complex, inverse: boolean): Complex {
  const n = x.re.length;
  const out = transformed(x, 0, 1, n, inverse ? 1 : -1);
  if (inverse) for (const list of [out.re, out.im]) list.forEach((v, i) => (list[i] = v / n));
  return out;
}
