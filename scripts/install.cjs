// Runs when haio is installed and no usable binary came with it: builds the addon with plain cmake.
'use strict';
const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

const root = join(__dirname, '..');
const give = (reason) => {
  console.error(
    `haio: no prebuilt binary fits ${process.platform}-${process.arch}, and ${reason}.`,
  );
  process.exit(1);
};
const cmake = (...args) => spawnSync('cmake', args, { cwd: root, stdio: 'inherit' });

if (process.platform !== 'linux') give('haio runs on Linux only');
if (cmake('--version').error)
  give("it cannot be built here without 'cmake' (3.20 or newer) and a C++20 compiler");
if (cmake('-S', '.', '-B', 'build', '-DCMAKE_BUILD_TYPE=Release').status !== 0)
  give('configuring its build failed: a C++20 compiler is needed (gcc 11 or clang 14)');
if (cmake('--build', 'build', '--parallel').status !== 0) give('building it failed (see above)');
