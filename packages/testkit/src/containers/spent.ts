import { dockerSays } from './engine.ts';
import { NODE } from './posture.ts';

/** What a container has taken of the machine since its start. */
export interface Spent {
  /** The most that each of its processes that still live ever held, together, in MiB. */
  readonly residentMib: number;
  /** The most that was counted against its limit, in MiB: also files that the kernel had read for it, and lets go of. */
  readonly chargedMib: number;
  /** The most processes and threads at a time; undefined where the kernel does not keep it. */
  readonly pids: number | undefined;
  /** How many processes the kernel has ended for want of memory. */
  readonly killed: number;
}

/** Control groups of the second version, and of the first (cgroups(7)). */
const LOOK = `
  const first = (...names) => {
    const file = names.map((name) => '/sys/fs/cgroup/' + name).find((name) => fs.existsSync(name));
    return file === undefined ? '' : fs.readFileSync(file, 'utf8');
  };
  const others = fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name) && name !== String(process.pid));
  const statuses = others.map((name) => fs.readFileSync('/proc/' + name + '/status', 'utf8'));
  const resident = statuses.map((status) => Number(/VmHWM:\\s+(\\d+)/.exec(status)?.[1] ?? 0));
  const pids = first('pids.peak', 'pids/pids.peak');
  console.log(JSON.stringify({
    residentMib: resident.reduce((sum, each) => sum + each, 0) / 1024,
    chargedMib: Number(first('memory.peak', 'memory/memory.max_usage_in_bytes')) / 1024 ** 2,
    ...(pids !== '' && { pids: Number(pids) }),
    killed: Number(/^oom_kill (\\d+)/m.exec(first('memory.events', 'memory/memory.oom_control'))?.[1] ?? NaN),
  }));
`;

/** Looks from within the container, where its limits are. */
export async function spentIn(container: string): Promise<Spent> {
  return JSON.parse(await dockerSays('exec', container, NODE, '--eval', LOOK));
}
