#!/usr/bin/env node
// What prebuildify calls in place of node-gyp: the same build by cmake-js, for the architecture asked for.
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const root = join(__dirname, '..');
const argument = process.argv.find((a) => a.startsWith('--arch='));
const arch = argument ? argument.slice('--arch='.length) : process.arch;
const args = ['rebuild', '--arch', arch, '--CDHAIO_WERROR=ON'];
if (arch === 'arm64' && process.arch !== 'arm64')
  args.push(`--CDCMAKE_TOOLCHAIN_FILE=${join(root, 'cmake', 'aarch64-linux-gnu.cmake')}`);
const cmakeJs = require.resolve('cmake-js/bin/cmake-js', { paths: [root] });
const { status } = spawnSync(process.execPath, [cmakeJs, ...args], { cwd: root, stdio: 'inherit' });
process.exit(status === null ? 1 : status);
