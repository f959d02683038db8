/** Silero on spoken sentences, silence and noise: are its decisions those of fp32? */
import { spawnSync } from 'node:child_process';
import { type Sample, type Session, Tensor, load } from '../../lib/index.js';
import { random } from '../../test/models/random.js';

const RATE = 16000;
const STEP = 512;
/** samples of the step before that each input starts with */
const CONTEXT = 64;
const SENTENCES = [
  'The order of copper pipes will arrive tomorrow morning.',
  'Please check the pressure gauge before you open the valve.',
  'Seven boats went up the river in the winter of that year.',
];

/** Spoken by espeak-ng, at 16 kHz; null where that is not installed. */
function speak(text: string): Float32Array | null {
  const { status, stdout } = spawnSync('espeak-ng', ['--stdout', text], { maxBuffer: 1 << 26 });
  if (status !== 0 || stdout.length < 100) return null;
  const rate = stdout.readUInt32LE(24);
  const pcm = Int16Array.from({ length: (stdout.length - 44) >> 1 }, (_, i) =>
    stdout.readInt16LE(44 + 2 * i),
  );
  return Float32Array.from({ length: Math.floor((pcm.length * RATE) / rate) }, (_, i) => {
    const at = (i * rate) / RATE;
    const [low, part] = [Math.floor(at), at % 1];
    return ((pcm[low] ?? 0) * (1 - part) + (pcm[low + 1] ?? 0) * part) / 32768;
  });
}

/** Speech in quiet and in noise, with pauses of noise alone. */
function recording(): Float32Array | null {
  const dice = random(99);
  const parts: number[] = [];
  const noise = (samples: number, level: number): number[] =>
    Array.from({ length: samples }, () => (dice.int(-10000, 10000) / 10000) * level);
  for (const text of SENTENCES)
    for (const level of [0.001, 0.02, 0.1]) {
      const speech = speak(text);
      if (!speech) return null;
      const behind = noise(speech.length, level);
      parts.push(...noise(RATE, level), ...Array.from(speech, (x, i) => x + behind[i]!));
    }
  return Float32Array.from(parts);
}

/** Probability of speech for each step. */
async function decide(session: Session, sound: Float32Array): Promise<number[]> {
  const out: number[] = [];
  let state = new Tensor('float32', new Float32Array(2 * 128), [2, 1, 128]);
  for (let at = CONTEXT; at + STEP <= sound.length; at += STEP) {
    const feeds: Sample = {
      input: new Tensor('float32', sound.slice(at - CONTEXT, at + STEP), [1, CONTEXT + STEP]),
      state,
      sr: new Tensor('int64', BigInt64Array.of(BigInt(RATE)), []),
    };
    const { output, stateN } = await session.run(feeds);
    out.push((output!.data as Float32Array)[0]!);
    state = stateN!;
  }
  return out;
}

export async function voice(model: string, say: (line: string) => void): Promise<void> {
  const sound = recording();
  if (!sound) return say('  espeak-ng is not installed: nothing to listen to');
  let reference: number[] = [];
  for (const precision of ['fp32', 'bf16'] as const) {
    const session = await load(model, { precision });
    const found = await decide(session, sound);
    if (precision === 'fp32') reference = found;
    const same = found.filter((p, i) => p > 0.5 === reference[i]! > 0.5).length;
    const largest = Math.max(...found.map((p, i) => Math.abs(p - reference[i]!)));
    const speech = found.filter((p) => p > 0.5).length;
    say(
      `  ${precision}: ${((100 * same) / found.length).toFixed(2)} % of ${found.length} decisions as in fp32, ` +
        `${speech} of speech, largest difference ${largest.toFixed(4)}`,
    );
    await session.release();
  }
}
