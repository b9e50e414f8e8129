import { type AddressInfo, connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

/**
 * Listens on a port of the loopback and hands every connection on to a unix socket: programs know how to ask a
 * proxy at a port, and hardly any how to ask one at a socket.
 * @returns the port
 */
export function relayTo(socket: string): Promise<number> {
  const server = createServer((client) => {
    const proxy = connect(socket);
    pipeline(client, proxy, client, () => {
      client.destroy();
      proxy.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** How programs are told of a proxy; most read the first of these, some only the one that bears their name. */
export function proxyVariables(url: string): Record<string, string> {
  const local = 'localhost,127.0.0.1,::1';
  return {
    HTTPS_PROXY: url,
    https_proxy: url,
    HTTP_PROXY: url,
    http_proxy: url,
    NO_PROXY: local,
    no_proxy: local,
    npm_config_proxy: url,
    npm_config_https_proxy: url,
    YARN_HTTP_PROXY: url,
    YARN_HTTPS_PROXY: url,
    CARGO_HTTP_PROXY: url,
    NODE_USE_ENV_PROXY: '1',
  };
}
