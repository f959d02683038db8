/**
 * A profile in the Trace Event Format (JSON object form, complete events 'X', times in µs), which
 * Perfetto and chrome://tracing read: one row for each thread.
 */
import type { RunProfile } from '../index.js';

interface TraceEvent {
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, unknown>>;
}

const named = (kind: string, tid: number, name: string): TraceEvent => ({
  ph: 'M',
  pid: 1,
  tid,
  name: kind,
  args: { name },
});

export function chromeTrace(profile: RunProfile, title: string): string {
  const threads = [...new Set(profile.timeline.map((t) => t.thread))].sort((a, b) => a - b);
  const traceEvents: TraceEvent[] = [
    named('process_name', 0, `haio ${title}`),
    ...threads.map((t) => named('thread_name', t, t === 0 ? 'driving thread' : `worker ${t}`)),
    ...profile.timeline.map(({ name, node, thread, start, micros }): TraceEvent => ({
      ph: 'X',
      pid: 1,
      tid: thread,
      name,
      ts: start,
      dur: micros,
      args: { node },
    })),
  ];
  const { isa, micros } = profile;
  return JSON.stringify({
    traceEvents,
    displayTimeUnit: 'ns',
    otherData: { isa, threads: profile.threads, micros },
  });
}
