/** How many cores serve so many runs a second within a time. */

export interface Demand {
  /** runs per second */
  readonly rps: number;
  /** ms within which 99 of 100 runs must be answered, waiting included */
  readonly p99: number;
}

/** One way to serve: so many instances at once, each with its own threads. */
export interface Capacity {
  readonly threads: number;
  readonly instances: number;
  readonly cores: number;
  /** ms: of a run, and of 99 of 100 with their wait */
  readonly latency: number;
  readonly p99: number;
  /** share of the time in which an instance works */
  readonly load: number;
}

/** Probability that an arrival waits for one of c servers: Erlang's C formula (1917), by its recursion. */
export function erlangC(servers: number, offered: number): number {
  let blocked = 1;
  for (let k = 1; k <= servers; k++) blocked = (offered * blocked) / (k + offered * blocked);
  const load = offered / servers;
  return load >= 1 ? 1 : blocked / (1 - load + load * blocked);
}

/**
 * ms that 99 of 100 arrivals stay: Poisson arrivals, equal service times, c servers. The wait is half of
 * that of exponential service times, which is exact for heavy load (Kingman).
 */
export function quantile99(servers: number, service: number, rps: number): number {
  const offered = (rps * service) / 1000;
  if (offered >= servers) return Infinity;
  const waits = erlangC(servers, offered);
  const tail = Math.log(Math.max(1, waits / 0.01));
  return service + (tail * service) / (2 * (servers - offered));
}

/** Instances beyond which nobody looks. */
const MOST = 100_000;

/**
 * The way with the fewest cores, of those with one of `threads` for each instance; null where even an idle
 * machine is too slow. `latency(threads)` in ms, while all cores of a machine are busy.
 */
export function capacityOf(
  { rps, p99 }: Demand,
  threads: readonly number[],
  latency: (threads: number) => number,
): Capacity | null {
  let best: Capacity | null = null;
  for (const t of threads) {
    const service = latency(t);
    if (service > p99) continue;
    let instances = Math.max(1, Math.floor((rps * service) / 1000));
    while (quantile99(instances, service, rps) > p99 && instances < MOST) instances++;
    const cores = instances * t;
    const reached = quantile99(instances, service, rps);
    if (reached <= p99 && (!best || cores < best.cores))
      best = {
        ...{ threads: t, instances, cores, latency: service, p99: reached },
        load: (rps * service) / 1000 / instances,
      };
  }
  return best;
}
