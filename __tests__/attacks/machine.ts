import { createSocket } from 'node:dgram';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { lay } from '../stand-ins/laptop.ts';
import type { Lab, RunMore, Scene } from './lab.ts';
import { changed, type Snapshot, snapshot } from './traces.ts';

/** A runner's machine as an attacker would like to find it: secrets where real ones have them, and services that listen. */
export interface Machine {
  root: string;
  home: string;
  temp: string;
  workspace: string;
  tools: string;
  actions: string;
  /** Services of the host, which write down all that they are sent. */
  services: {
    tcp: number;
    tcp6: number | undefined;
    udp: number;
    socket: string;
    abstract: string;
    otherGateway: string;
  };
  heard: () => string;
  /** What the action has to be run with to be on this machine. */
  more: RunMore;
  /** Planted paths that are not as they were at the start. */
  changed: () => string[];
}

/** Plants the machine for one run. */
export async function plant(lab: Lab, scene: Scene): Promise<Machine> {
  const { canaries } = scene;
  const root = lab.directory('machine');
  const [home, temp, workspace, tools, actions] = ['home', '_temp', 'workspace', '_tool', '_actions'].map(
    (name) => join(root, name),
  ) as [string, string, string, string, string];
  const secret = (name: string): string => canaries.make(name);
  lay(home, {
    '.npmrc': `//registry.npmjs.org/:_authToken=${secret('.npmrc')}\n`,
    '.ssh/id_ed25519': `-----BEGIN OPENSSH PRIVATE KEY-----\n${secret('ssh key')}\n`,
    '.aws/credentials': `[default]\naws_secret_access_key = ${secret('aws credentials')}\n`,
    '.docker/config.json': `{"auths":{"ghcr.io":{"auth":"${secret('docker login')}"}}}\n`,
    '.config/gh/hosts.yml': `github.com:\n  oauth_token: ${secret('gh token')}\n`,
    '.netrc': `machine github.com password ${secret('.netrc')}\n`,
    '.git-credentials': `https://x:${secret('git credentials')}@github.com\n`,
    '.kube/config': `token: ${secret('kube token')}\n`,
    '.pypirc': `password = ${secret('.pypirc')}\n`,
    '.cargo/credentials.toml': `token = "${secret('cargo token')}"\n`,
    '.bash_history': `export TOKEN=${secret('shell history')}\n`,
    '.bashrc': '# planted\n',
    '.gitconfig': '# planted\n',
    'go/bin/helper': '#!/bin/sh\n',
  });
  const basic = Buffer.from(`x-access-token:${secret('the checkout’s token')}`).toString('base64');
  lay(workspace, {
    'gha-creds-0123456789abcdef.json': `{"private_key":"${secret('gha-creds')}"}\n`,
    '.env': `DATABASE_URL=${secret('.env')}\n`,
    '.git/config': `[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic ${basic}\n`,
    '.git/hooks/planted': '# planted\n',
    'node_modules/dep/index.js': 'module.exports = 42;\n',
  });
  lay(temp, {
    'a1b2c3.sh': `echo ${secret('a sibling step’s script')}\n`,
    'git-credentials-77.config': `extraheader = AUTHORIZATION: basic ${basic}\n`,
    '_runner_file_commands/set_env_planted': '',
    'countersign/run-1/rooms/other/home/.claude/CLAUDE.md': `${secret('another session’s room')}\n`,
    'countersign/run-1/rooms/other/work/message.txt': '',
  });
  lay(tools, { 'node/24/x64/bin/planted': '#!/bin/sh\n', 'node/24/x64/lib/planted.js': '' });
  lay(actions, { 'acme/other/v1/dist/index.js': '// planted\n' });
  const services = await startServices(lab, root, temp, canaries.make('the metadata service'));
  const leave = (path: string): boolean =>
    path === join(temp, '_github_workflow') ||
    (path.startsWith(join(temp, 'countersign/')) && !path.startsWith(join(temp, 'countersign/run-1'))) ||
    /_runner_file_commands\/(?!.*planted)/.test(path) ||
    path.endsWith('.sock');
  const look = (): Snapshot => snapshot([home, temp, workspace, tools, actions], leave);
  const before = look();
  const open = openSync(home, 'r');
  lab.atEnd(() => closeSync(open));
  return {
    root,
    home,
    temp,
    workspace,
    tools,
    actions,
    ...services,
    more: {
      inherited: open,
      temp,
      workspace,
      env: {
        HOME: home,
        RUNNER_TOOL_CACHE: tools,
        NPM_TOKEN: secret('a variable of the job'),
        AWS_SECRET_ACCESS_KEY: secret('an AWS variable'),
        PLANTED_ROOT: root,
      },
      github: {
        runtimeToken: secret('the runtime token'),
        resultsUrl: `http://127.0.0.1:${services.services.tcp}/results/`,
        oidc: {
          url: `http://127.0.0.1:${services.services.tcp}/oidc?${secret('the OIDC URL')}`,
          token: secret('the OIDC token'),
        },
      },
    },
    changed: () => changed(before, look()),
  };
}

async function startServices(
  lab: Lab,
  root: string,
  temp: string,
  metadata: string,
): Promise<Pick<Machine, 'services' | 'heard'>> {
  const heard: string[] = [];
  const listen = (server: Server, at: object): Promise<Server | undefined> =>
    new Promise((resolve) => {
      server.once('error', () => resolve(undefined));
      server.listen(at, () => {
        lab.atEnd(() => server.close());
        resolve(server);
      });
    });
  const make = (): Server =>
    createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        heard.push(bytes.toString('latin1'));
        socket.end(
          `HTTP/1.1 200 OK\r\ncontent-length: ${metadata.length}\r\nconnection: close\r\n\r\n${metadata}`,
        );
      });
    });
  const portOf = (server: Server | undefined): number | undefined => {
    const address = server?.address();
    return typeof address === 'object' ? address?.port : undefined;
  };
  const socket = join(root, 'docker.sock');
  const otherGateway = join(temp, 'countersign/run-1/01234567.sock');
  const abstract = `attack${Math.random().toString(36).slice(2)}`;
  mkdirSync(join(temp, 'countersign/run-1'), { recursive: true });
  const tcp = portOf(await listen(make(), { port: 0, host: '127.0.0.1' }))!;
  const tcp6 = portOf(await listen(make(), { port: 0, host: '::1' }));
  await listen(make(), { path: socket });
  await listen(make(), { path: otherGateway });
  await listen(make(), { path: `\0${abstract}` });
  const datagrams = createSocket('udp4');
  datagrams.on('message', (bytes) => heard.push(bytes.toString('latin1')));
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve));
  lab.atEnd(() => datagrams.close());
  return {
    services: { tcp, tcp6, udp: datagrams.address().port, socket, abstract, otherGateway },
    heard: () => heard.join('\n'),
  };
}
