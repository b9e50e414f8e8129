import { createServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** For *.example.com and *.packages.example.org, until 2126; it opens nothing, nobody but these tests knows it. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggD9EzJ7MPc+Ss7YK
bGNuvncGwCCnyROxePOeNZ62WgOhRANCAATRTc/JNcTx4zD7AzCxkq2skAry6hJO
R0gflqu3FA5cEiSmrUD+stLz9UI5a6CJsAp/ovJEqXoCQId/1ibkC4PP
-----END PRIVATE KEY-----
`;

/** The certificate to that key, which a client has to be told to trust. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBsTCCAVegAwIBAgIUVtH5buUkqduAHnMmFvxxGq0qqBAwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RhbmQtaW4wIBcNMjYxMTIxMTExNDM4WhgPMjEyNjEwMjgx
MTE0MzhaMBMxETAPBgNVBAMMCHN0YW5kLWluMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE0U3PyTXE8eMw+wMwsZKtrJAK8uoSTkdIH5artxQOXBIkpq1A/rLS8/VC
OWugibAKf6LyRKl6AkCHf9Ym5AuDz6OBhjCBgzAdBgNVHQ4EFgQUINwhVx5z1EYs
Y4hame+wbaKYAJIwHwYDVR0jBBgwFoAUINwhVx5z1EYsY4hame+wbaKYAJIwMAYD
VR0RBCkwJ4INKi5leGFtcGxlLmNvbYIWKi5wYWNrYWdlcy5leGFtcGxlLm9yZzAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCICXbtxZasbxj0tQmJRX2
P9opWC1xwJ4HrzTU/Sgck4f0AiEA9GOeBrvdQtktHYf9hg3Imly2Kyl1FojmbeF9
VNKullA=
-----END CERTIFICATE-----
`;

export interface Registry {
  /** Every request, as `host path`. */
  requests: string[];
  port: number;
  /** A connection to it, for a proxy that believes it dials an address on the internet. */
  dial: () => Socket;
  close(): Promise<void>;
}

/** A server of files by TLS: what package registries and git hosts come down to. */
export async function startRegistry(files: Readonly<Record<string, Buffer | string>>): Promise<Registry> {
  const requests: string[] = [];
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const path = new URL(request.url ?? '/', 'https://registry').pathname;
    requests.push(`${request.headers.host} ${path}`);
    const file = Object.hasOwn(files, path) ? files[path] : undefined;
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    port,
    dial: () => connect(port, '127.0.0.1'),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
