// Makes the archive that an operator uploads: node build.mjs [--out FOLDER] [PLATFORM ...]
// A platform is what Go calls it: linux/amd64. Without any, all that are delivered.

import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const delivered = ['linux/amd64', 'linux/arm64', 'darwin/arm64', 'windows/amd64'];
const { values, positionals } = parseArgs({ options: { out: { type: 'string', default: here } }, allowPositionals: true });
const { name } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

/** What NocoBase provides. It wants to know with which version of it a plugin was built. */
const provided = {
  server: ['@nocobase/server', '@nocobase/utils', '@nocobase/plugin-user-data-sync'],
  client: ['@nocobase/client', '@formily/react', 'react', 'antd'],
  'client-v2': ['@nocobase/client-v2', 'react', 'antd'],
};
const version = '2.2.15';

async function bundleServer() {
  await build({ ...common('server'), platform: 'node', target: 'node18', format: 'cjs', entryPoints: [join(here, 'server/index.ts')] });
}

/** A client is an AMD module. */
async function bundleClient(folder, id) {
  const wanted = ['require', 'exports', 'module', ...provided[folder]];
  await build({
    ...common(folder),
    platform: 'browser',
    target: 'es2020',
    format: 'cjs',
    minify: true,
    entryPoints: [join(here, folder, 'index.tsx')],
    banner: { js: `define(${JSON.stringify(id)}, ${JSON.stringify(wanted)}, function (require, exports, module) {` },
    footer: { js: 'return module.exports; });' },
  });
}

function common(folder) {
  return { bundle: true, external: provided[folder], outfile: join(here, 'dist', folder, 'index.js'), logLevel: 'warning', absWorkingDir: here };
}

function buildBinary(platform) {
  const [os, arch] = platform.split('/');
  const file = join(here, 'dist/server/bin', `roster-${os}-${arch}${os === 'windows' ? '.exe' : ''}`);
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', file, '.'], {
    cwd: join(here, '../..'),
    env: { ...process.env, CGO_ENABLED: '0', GOOS: os, GOARCH: arch },
    stdio: 'inherit',
  });
  chmodSync(file, 0o755);
}

function pack(out) {
  mkdirSync(out, { recursive: true });
  const said = execFileSync('npm', ['pack', '--json', '--pack-destination', out], { cwd: here, stdio: ['ignore', 'pipe', 'ignore'], shell: process.platform === 'win32' });
  const file = join(out, JSON.parse(said)[0].filename);
  console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
}

rmSync(join(here, 'dist'), { recursive: true, force: true });
await bundleServer();
await bundleClient('client', name);
await bundleClient('client-v2', `${name}/client-v2`);
cpSync(join(here, 'locale'), join(here, 'dist/locale'), { recursive: true });
const packages = Object.fromEntries([...new Set(Object.values(provided).flat())].filter((p) => p.startsWith('@nocobase/')).map((p) => [p, version]));
writeFileSync(join(here, 'dist/externalVersion.js'), `module.exports = ${JSON.stringify(packages, null, 2)};\n`);
(positionals.length > 0 ? positionals : delivered).forEach(buildBinary);
pack(values.out);
