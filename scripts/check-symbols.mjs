// Checks a built addon against the oldest system that haio supports (Debian 10, RHEL 8):
// node scripts/check-symbols.mjs [haio.node…]
import { execFileSync } from 'node:child_process';

const NEWEST = { GLIBC: [2, 28], GLIBCXX: [3, 4, 25], CXXABI: [1, 3, 11], GCC: [8, 0, 0] };
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const newer = (a, b) => {
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0);
  return false;
};

const files = process.argv.slice(2);
if (!files.length) files.push('build/Release/haio.node');
let problems = 0;
const complain = (file, text) => {
  console.error(`${file}: ${text}`);
  problems++;
};
for (const file of files) {
  const lines = execFileSync('objdump', ['-T', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  }).split('\n');
  for (const line of lines) {
    const [, family, version, symbol] =
      /\b(GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)\)?\s+(\S+)$/.exec(line) ?? [];
    if (family && newer(version.split('.').map(Number), NEWEST[family]))
      complain(
        file,
        `${symbol} needs ${family}_${version}, newer than ${NEWEST[family].join('.')}`,
      );
    const defined = /^[0-9a-f]+ +[gw].*\s(\.\w+|\*ABS\*)\s+[0-9a-f]+\s+(?:\S+\s+)?(\S+)$/.exec(
      line,
    );
    if (defined && !EXPORTS.includes(defined[2])) complain(file, `exports ${defined[2]}`);
  }
}
console.log(`${files.length} files checked, ${problems} problems`);
process.exit(problems ? 1 : 0);
