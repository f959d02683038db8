import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { HaioError } from '../errors.js';
import { failure, loadAddon } from './binding.js';

const thrown = (run: () => unknown): unknown => {
  try {
    run();
  } catch (e) {
    return failure(e);
  }
  return assert.fail('nothing was thrown');
};

describe('binding', () => {
  it('loads once', () => {
    assert.equal(loadAddon(), loadAddon());
  });

  it('turns failures of the addon into HaioErrors', () => {
    const addon = loadAddon();
    const cases: [() => unknown, string, RegExp][] = [
      [() => addon.mapFile('/absent'), 'HAIO_E_FILE', /^cannot read \/absent: No such file/],
      [
        () => addon.modelBytes(99999),
        'HAIO_E_ARGUMENT',
        /^argument model: expected the id of a model, got 99999$/,
      ],
      [
        () => addon.sessionCreate(0, { threads: 0, isa: 'z80', lanes: 1 }),
        'HAIO_E_ISA',
        /^ISA 'z80' is not usable here; usable: .*portable \(no such ISA\)$/,
      ],
      [
        () => addon.execute(new Float64Array(3), [], [], [], { model: 0, isa: '', threads: 1 }),
        'HAIO_E_PLAN',
        /^invalid plan: magic is 0/,
      ],
      [() => addon.modelCreate(2 ** 52), 'HAIO_E_MEMORY', /^not enough memory: cannot allocate/],
    ];
    for (const [run, code, message] of cases) {
      const error = thrown(run);
      assert.ok(error instanceof HaioError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.cause instanceof Error);
    }
  });

  it('leaves other values alone', () => {
    for (const value of [new Error('x'), 'text', undefined, new HaioError('HAIO_E_RELEASED', {})])
      assert.equal(failure(value), value);
    assert.equal(
      failure(Object.assign(new Error('x'), { code: 'ENOENT' })) instanceof HaioError,
      false,
    );
  });

  it('says what it tried when there is no addon', function () {
    if (process.env['HAIO_EMULATED']) this.skip();
    const url = JSON.stringify(new URL('./binding.js', import.meta.url).href);
    const code = `import(${url}).then((m) => m.loadAddon()).catch((e) => console.log(e.code, e.message))`;
    const env = { ...process.env, HAIO_ADDON: '/absent/haio.node' };
    const { stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env });
    assert.match(stdout, /^HAIO_E_NATIVE cannot load the native addon for linux-/);
    assert.match(stdout, /Node \d+/);
    assert.match(stdout, /tried \/absent\/haio\.node/);
    assert.match(stdout, /npm rebuild haio/);
  });
});
